import { confirm } from "../dialog.js";
import { fill, h } from "../dom.js";
import { agoText, sentenceOf } from "../words.js";
import { sectionElement } from "./section.js";

/** Where one is signed in, and the ways to end it. */
export class Sessions {
  #chat;
  #note = h("p", { class: "note", role: "status" }, "Looking…");
  #list = h("ul", { class: "people", "data-testid": "session-list" });
  #others = h(
    "button",
    {
      type: "button",
      class: "quiet danger",
      hidden: true,
      "data-testid": "end-others",
      onclick: () => this.#endOthers(),
    },
    "Sign out everywhere else",
  );

  /** The whole of it. */
  element = sectionElement("Signed-in devices", this.#list, this.#note, this.#others);

  constructor(chat) {
    this.#chat = chat;
    this.load();
  }

  load() {
    return this.#attempt(() => {});
  }

  #endOne({ id, device_name }) {
    return this.#attempt(async () => {
      await this.#chat.endSession(id);
      return `${device_name || "The device"} was signed out.`;
    });
  }

  async #endOthers() {
    const is_sure = await confirm(
      "Sign out everywhere else?",
      "All your other devices have to sign in again.",
      "Sign out",
    );
    if (!is_sure) return;
    await this.#attempt(async () => {
      await this.#chat.endOtherSessions();
      return "You were signed out everywhere else.";
    });
  }

  async #attempt(deed) {
    try {
      const done = await deed();
      this.#draw(await this.#chat.sessions());
      fill(this.#note, done);
    } catch (refusal) {
      fill(this.#note, sentenceOf(refusal));
    }
  }

  #draw(sessions) {
    fill(
      this.#list,
      sessions.map((session) => sessionElement(session, () => this.#endOne(session))),
    );
    this.#others.hidden = sessions.length < 2;
  }
}

function sessionElement({ device_name, address, last_used_at, is_current }, end) {
  const name = device_name || "Unknown device";
  const used = is_current ? "in use now" : `last used ${agoText(last_used_at)}`;
  return h(
    "li",
    { class: "device", "data-testid": "session", "data-current": String(is_current) },
    h("span", {}, h("strong", {}, name), h("small", {}, [address, used].filter(Boolean).join(" · "))),
    is_current
      ? h("span", { class: "role" }, "This device")
      : h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": `Sign out ${name}`,
            "data-testid": "end-session",
            onclick: end,
          },
          "Sign out",
        ),
  );
}
