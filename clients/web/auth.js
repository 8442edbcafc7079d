import { deviceName } from "./device.js";
import { fill, h, icon } from "./dom.js";
import { CODE, formElement, isWholeCode, resendElement } from "./form.js";

const EMAIL = { name: "email", label: "E-mail", type: "email", autocomplete: "email" };
const NEW_PASSWORD = { name: "password", label: "Password", type: "password", autocomplete: "new-password" };

/**
 * Sign in, sign up, a forgotten password, and the six digits in between. `onDone` is called when somebody is signed in;
 * `notice` says why nobody is any more.
 */
export class Auth {
  #chat;
  #site_name;
  #onDone;

  /** The whole of it. */
  element = h("main", { class: "auth" });

  constructor(chat, { site_name, notice, onDone }) {
    this.#chat = chat;
    this.#site_name = site_name;
    this.#onDone = onDone;
    document.title = site_name;
    this.signIn(notice);
  }

  signIn(notice) {
    const fields = [
      { name: "login", label: "E-mail or username", autocomplete: "username", autocapitalize: "none" },
      { ...NEW_PASSWORD, autocomplete: "current-password" },
    ];
    const form = this.#show("Welcome back", "signin-form", fields, "Sign in", async (values) => {
      try {
        await this.#chat.signIn({ ...values, device_name: deviceName(navigator) });
      } catch (error) {
        if (error.code !== "email_not_verified") throw error;
        return this.code(values.login.includes("@") ? values.login : null, { note: error.detail });
      }
      this.#onDone();
    });
    if (notice) form.prepend(h("p", { class: "notice", role: "status", "data-testid": "notice" }, notice));
    const forgot = () => this.forgot();
    form.append(h("p", { class: "offer" }, linkElement("Forgot your password?", forgot, "forgot")));
    this.#offer("New here?", "Create an account", () => this.signUp());
  }

  signUp() {
    const fields = [
      EMAIL,
      { name: "username", label: "Username", autocomplete: "username", autocapitalize: "none", maxlength: 32 },
      {
        name: "full_name",
        label: "Name",
        hint: "Optional. Shown instead of the username.",
        autocomplete: "name",
        required: false,
        maxlength: 100,
      },
      NEW_PASSWORD,
    ];
    this.#show("Create an account", "signup-form", fields, "Sign up", async (values) => {
      const { verification, access } = await this.#chat.signUp({ ...values, device_name: deviceName(navigator) });
      if (access) this.#onDone();
      else this.code(values.email, { ...verification, note: markText(verification) });
    });
    this.#offer("Have an account?", "Sign in", () => this.signIn());
  }

  /**
   * Ask for the code that was sent to an address: with `registration`, the code of that one alone.
   * @param {?string} email null when it is not known here
   * @param {object} [waiting] what `signUp` has answered; `note` says which mail it is
   */
  code(email, { registration, resend_after = 0, note = "" } = {}) {
    const fields = email ? [CODE] : [EMAIL, CODE];
    const form = this.#show("Check your e-mail", "code-form", fields, "Continue", async ({ code, ...values }) => {
      await this.#chat.verify({ email, ...values, code, registration, device_name: deviceName(navigator) });
      this.#onDone();
    });
    form.prepend(h("p", {}, email ? `We sent a code to ${email}.` : "We sent a code to your e-mail address.", ` ${note}`));
    const look = ({ target, isComposing }) => !isComposing && isWholeCode(target.value) && form.requestSubmit();
    for (const name of ["input", "compositionend"]) form.elements.code.addEventListener(name, look);
    const again = () => this.#chat.resendCode({ email: email ?? form.elements.email.value, registration });
    form.append(resendElement(form, again, resend_after));
    this.#offer("Wrong address?", "Start again", () => this.signUp());
  }

  forgot() {
    const form = this.#show("Forgot your password?", "forgot-form", [EMAIL], "Send me a code", async ({ email }) => {
      const { resend_after } = await this.#chat.requestPasswordReset({ email });
      this.newPassword(email, resend_after);
    });
    form.prepend(h("p", {}, "Enter your address. We send you a code with which you can choose a new password."));
    this.#offer("Remembered it?", "Sign in", () => this.signIn());
  }

  /** Ask for the code that was sent to an address, and for a new password. */
  newPassword(email, resend_after) {
    const fields = [CODE, { ...NEW_PASSWORD, name: "new_password", label: "New password" }];
    const form = this.#show("Choose a new password", "reset-form", fields, "Change password", async (values) => {
      await this.#chat.resetPassword({ email, ...values });
      this.signIn("Your password was changed. Sign in with the new one.");
    });
    form.prepend(h("p", {}, `If there is an account for ${email}, a code is on its way.`));
    const again = () => this.#chat.resendCode({ email, purpose: "reset_password" });
    form.append(resendElement(form, again, resend_after));
    this.#offer("Wrong address?", "Start again", () => this.forgot());
  }

  #show(title, testid, fields, verb, run) {
    const form = formElement({ testid, fields, verb, run });
    const mark = h("p", { class: "mark" }, icon("chat"), this.#site_name);
    fill(this.element, h("div", { class: "card" }, mark, h("h1", {}, title), form));
    queueMicrotask(() => form.querySelector("input").focus());
    return form;
  }

  #offer(question, verb, go) {
    this.element.firstElementChild.append(h("p", { class: "offer" }, `${question} `, linkElement(verb, go)));
  }
}

function linkElement(verb, go, testid) {
  return h("button", { type: "button", class: "link", "data-testid": testid, onclick: go }, verb);
}

/** Several may have registered with one address: which mail is the one. */
function markText({ reference }) {
  return reference ? `Use the code from the mail that is marked ${reference}.` : "";
}
