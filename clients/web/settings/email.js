import { fill, h } from "../dom.js";
import { CODE, formElement, resendElement } from "../form.js";
import { sectionElement } from "./section.js";

const FIELDS = [
  { name: "new_email", label: "New address", type: "email", autocomplete: "email" },
  { name: "password", label: "Password", type: "password", autocomplete: "current-password" },
];

/** Change the address: the password first, then the code that was sent to the new one. */
export function emailElement(chat, onChanged) {
  const present = h("p", { class: "note", "data-testid": "own-email" });
  const place = h("div", {});
  begin();
  return sectionElement("E-mail", present, place);

  function begin(done) {
    fill(present, `Your address is ${chat.store.me.email}.`);
    const run = async ({ new_email, password }) => {
      const { resend_after } = await chat.requestEmailChange({ new_email, password });
      askForCode(new_email, resend_after);
    };
    const form = formElement({ testid: "email-form", fields: FIELDS, verb: "Change e-mail", run });
    if (done) fill(form.querySelector(".done"), done);
    fill(place, form);
  }

  function askForCode(new_email, resend_after) {
    const run = async ({ code }) => {
      await chat.confirmEmailChange({ code });
      begin("Your address was changed, and you were signed out everywhere else.");
      onChanged();
    };
    const form = formElement({ testid: "email-code-form", fields: [CODE], verb: "Confirm", run });
    const again = () => chat.resendCode({ email: new_email, purpose: "change_email" });
    const cancel = h("button", { type: "button", class: "link", onclick: () => begin() }, "Keep the old address");
    form.prepend(h("p", {}, `We sent a code to ${new_email}.`));
    form.append(resendElement(form, again, resend_after), h("p", { class: "offer" }, cancel));
    fill(place, form);
    form.elements.code.focus();
  }
}
