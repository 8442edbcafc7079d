import { formElement } from "../form.js";
import { nameOf } from "../words.js";
import { pictureElement } from "./picture.js";
import { sectionElement } from "./section.js";

/** Picture, name, username and a few words. */
export function profileElements(chat, signal) {
  const { full_name, username, bio } = chat.store.me;
  const fields = [
    {
      name: "full_name",
      label: "Name",
      hint: "Optional. Shown instead of the username.",
      value: full_name,
      autocomplete: "name",
      maxlength: 100,
    },
    {
      name: "username",
      label: "Username",
      hint: "Others find you by it, and you can sign in with it.",
      value: username,
      autocomplete: "username",
      autocapitalize: "none",
      maxlength: 32,
    },
    { name: "bio", label: "About", hint: "Optional.", tag: "textarea", value: bio ?? "", rows: 3, maxlength: 500 },
  ];
  const run = async (values) => {
    await chat.updateProfile(values);
    return "Your profile was saved.";
  };
  const picture = {
    face: () => chat.store.me && { ...chat.store.me, name: nameOf(chat.store.me), kind: "direct" },
    set: (file, options) => chat.setAvatar(file, options),
    remove: () => chat.removeAvatar(),
    name: "Your picture",
  };
  const form = formElement({ testid: "profile-form", fields, verb: "Save", run });
  return [sectionElement("Picture", pictureElement(chat.store, picture, signal)), sectionElement("About you", form)];
}
