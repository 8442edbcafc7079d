import { openDialog } from "./dialog.js";
import { fill, fillKeyed, h, icon, iconButton, soon } from "./dom.js";
import { summaryOf } from "./files.js";
import { isFolded, nameOf } from "./words.js";

/** What is pinned, in a line above the messages: it leads to the last one, and to a list of all. */
export class Pins {
  #chat;
  #id;
  #on;

  /** The whole of it. */
  element = h("div", { class: "pins", "data-testid": "pins", hidden: true });

  /** @param {object} on `show(message)`, `unpin(message)`, `may()`: whether one may unpin */
  constructor(chat, id, on) {
    this.#chat = chat;
    this.#id = id;
    this.#on = on;
  }

  draw() {
    const shown = this.#shown();
    this.element.hidden = !shown.length;
    const [last] = shown;
    const lines = last ? [{ key: "line", last, count: shown.length, may: this.#on.may() }] : [];
    fillKeyed(this.element, lines, () => this.#line(last, shown.length));
  }

  /** Those of people one blocks are left out, as their messages are folded. */
  #shown() {
    const { store } = this.#chat;
    const { kind } = store.conversations.get(this.#id);
    const pinned = (store.pins.get(this.#id) ?? []).filter((message) => !isFolded(message, kind, store));
    return pinned.map(store.reveal).map(({ id, seq, thread_id, content, attachments, sealing, sender }) => ({
      ...{ key: id, id, seq, thread_id, text: summaryOf({ content, attachments, sealing }) },
      name: nameOf(store.person(sender)),
    }));
  }

  #line(last, count) {
    const all = { type: "button", class: "link", "data-testid": "all-pins", onclick: () => this.#openAll() };
    return h(
      "div",
      {},
      h(
        "button",
        { type: "button", class: "pin-line", "data-testid": "last-pin", onclick: () => this.#on.show(last) },
        icon("pin"),
        h("span", { class: "unseen" }, "Pinned: "),
        h("span", { dir: "auto" }, last.text),
      ),
      (count > 1 || this.#on.may()) && h("button", all, count > 1 ? `All ${count}` : "Show"),
    );
  }

  #openAll() {
    const list = h("ul", { class: "people", "data-testid": "pin-list" });
    const dialog = openDialog("Pinned messages", list);
    const go = (message) => {
      dialog.close();
      this.#on.show(message);
    };
    const draw = () => {
      const shown = this.#chat.store.conversations.has(this.#id) ? this.#shown() : [];
      if (!shown.length) return dialog.close();
      fillKeyed(list, shown, (message) => this.#item(message, go));
    };
    dialog.addEventListener("close", this.#chat.store.listen(soon(draw)));
    draw();
  }

  #item(message, go) {
    const remove = { "data-testid": "unpin", onclick: () => this.#on.unpin(message) };
    const item = h("li", { class: "pin-item" });
    const text = [h("strong", {}, message.name), h("span", { dir: "auto" }, message.text)];
    fill(
      item,
      h("button", { type: "button", class: "pin-jump", onclick: () => go(message) }, text),
      this.#on.may() && iconButton("close", "Unpin", remove),
    );
    return item;
  }
}
