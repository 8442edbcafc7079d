import { fill, h, icon } from "./dom.js";
import { sentenceOf } from "./words.js";

const EMAIL = { name: "email", label: "E-mail", type: "email", autocomplete: "email" };
const NEW_PASSWORD = { name: "password", label: "Password", type: "password", autocomplete: "new-password" };

/** Sign in, sign up and the six digits in between. `onDone` is called when somebody is signed in. */
export class Auth {
  #chat;
  #site_name;
  #onDone;

  /** The whole of it. */
  element = h("main", { class: "auth" });

  constructor(chat, { site_name, onDone }) {
    this.#chat = chat;
    this.#site_name = site_name;
    this.#onDone = onDone;
    document.title = site_name;
    this.signIn();
  }

  signIn() {
    const fields = [
      { name: "login", label: "E-mail or username", autocomplete: "username", autocapitalize: "none" },
      { ...NEW_PASSWORD, autocomplete: "current-password" },
    ];
    this.#show("Welcome back", "signin-form", fields, "Sign in", async (values) => {
      try {
        await this.#chat.signIn(values);
      } catch (error) {
        if (error.code !== "email_not_verified") throw error;
        return this.code(values.login.includes("@") ? values.login : null);
      }
      this.#onDone();
    });
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
      const { verification } = await this.#chat.signUp(values);
      if (verification) this.code(values.email, verification.resend_after);
      else this.#onDone();
    });
    this.#offer("Have an account?", "Sign in", () => this.signIn());
  }

  /** Ask for the code that was sent to an address. */
  code(email, resend_after = 60) {
    const digits = {
      name: "code",
      label: "6-digit code",
      inputmode: "numeric",
      autocomplete: "one-time-code",
      maxlength: 6,
      pattern: "[0-9]{6}",
    };
    const form = this.#show(
      "Check your e-mail",
      "code-form",
      email ? [digits] : [EMAIL, digits],
      "Continue",
      async (values) => {
        await this.#chat.verify({ email: email ?? values.email, code: values.code });
        this.#onDone();
      },
    );
    form.prepend(h("p", {}, email ? `We sent a code to ${email}.` : "We sent a code to your e-mail address."));
    form.elements.code.addEventListener("input", ({ target }) => target.value.length === 6 && form.requestSubmit());
    const resend = h("button", { type: "button", class: "link", "data-testid": "resend" });
    resend.addEventListener("click", () => this.#resend(form, resend, email ?? form.elements.email.value));
    form.append(h("p", { class: "offer" }, resend));
    countDown(resend, resend_after);
    this.#offer("Wrong address?", "Start again", () => this.signUp());
  }

  async #resend(form, button, email) {
    const error = form.querySelector(".error");
    try {
      await this.#chat.resendCode({ email });
      fill(error);
      countDown(button, 60);
    } catch (refusal) {
      fill(error, sentenceOf(refusal));
      countDown(button, refusal.retry_after ?? 0);
    }
  }

  #show(title, testid, fields, verb, run) {
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary" }, verb);
    const form = h("form", { "data-testid": testid, novalidate: true }, fields.map(fieldElement), error, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      await run(Object.fromEntries(new FormData(form))).catch((refusal) => complain(form, error, refusal));
      button.disabled = false;
    });
    const mark = h("p", { class: "mark" }, icon("chat"), this.#site_name);
    fill(this.element, h("div", { class: "card" }, mark, h("h1", {}, title), form));
    queueMicrotask(() => form.querySelector("input").focus());
    return form;
  }

  #offer(question, verb, go) {
    const button = h("button", { type: "button", class: "link", onclick: go }, verb);
    this.element.firstElementChild.append(h("p", { class: "offer" }, `${question} `, button));
  }
}

function fieldElement({ label, hint, ...attributes }) {
  const id = `field-${attributes.name}`;
  const input = h("input", { id, "aria-describedby": `${id}-note`, ...attributes });
  return h(
    "div",
    { class: "field" },
    h("label", { htmlFor: id }, label),
    input,
    h("small", { id: `${id}-note`, class: "note" }, hint ?? ""),
  );
}

/** Show what was refused at the fields it was about, and the rest below. */
function complain(form, error, refusal) {
  let is_said = false;
  for (const input of form.querySelectorAll("input")) {
    const detail = refusal.about?.(input.name) ?? null;
    const note = form.querySelector(`#field-${input.name}-note`);
    input.setAttribute("aria-invalid", String(detail !== null));
    note.classList.toggle("error", detail !== null);
    if (detail !== null) note.textContent = detail;
    if (detail !== null && !is_said) input.focus();
    is_said ||= detail !== null;
  }
  fill(error, is_said ? null : sentenceOf(refusal));
}

function countDown(button, seconds) {
  let left = Math.ceil(seconds);
  const tick = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Send a new code in ${left} s` : "Send a new code";
    if (left-- > 0 && button.isConnected) setTimeout(tick, 1_000);
  };
  tick();
}
