import { h } from "../dom.js";
import { formElement } from "../form.js";
import { sectionElement } from "./section.js";

const FIELDS = [{ name: "password", label: "Password", type: "password", autocomplete: "current-password" }];

/** Delete the account; who is signed out by it is told until when it can be kept. */
export function deletionElement(chat) {
  const run = async (values) => {
    await chat.deleteAccount(values);
  };
  const form = formElement({ testid: "delete-form", fields: FIELDS, verb: "Delete my account", is_danger: true, run });
  const consequences = h(
    "p",
    { class: "note" },
    "You are signed out everywhere, and nobody finds you any more. After some days your profile is erased for good; " +
      "what you wrote stays in its conversations, without your name. Until then you can sign in again and keep it all.",
  );
  return sectionElement("Delete my account", consequences, form);
}
