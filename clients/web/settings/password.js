import { formElement } from "../form.js";
import { sectionElement } from "./section.js";

const FIELDS = [
  { name: "current_password", label: "Present password", type: "password", autocomplete: "current-password" },
  { name: "new_password", label: "New password", type: "password", autocomplete: "new-password" },
];

/** Change the password. `onChanged` is called when the other sign-ins have ended with the old one. */
export function passwordElement(chat, onChanged) {
  const run = async (values) => {
    await chat.changePassword(values);
    form.reset();
    onChanged();
    return "Your password was changed, and you were signed out everywhere else.";
  };
  const form = formElement({ testid: "password-form", fields: FIELDS, verb: "Change password", run });
  return sectionElement("Password", form);
}
