import { signElement, tileElement } from "./attachments.js";
import { fill, h, iconButton } from "./dom.js";
import { isVisual } from "./files.js";

/** The files of a message that is being edited: which of them it keeps. */
export class Keeping {
  #changed;
  #before = [];
  #kept = [];

  /** The whole of it. */
  element = h("ul", { class: "tray", "aria-label": "Files of the message", "data-testid": "kept", hidden: true });

  /** @param {() => void} changed one was left out */
  constructor(changed) {
    this.#changed = changed;
  }

  get has_any() {
    return this.#kept.length > 0;
  }

  /** The ids that are left, where they are others than before. @returns {string[] | undefined} */
  get ids() {
    return this.#kept.length === this.#before.length ? undefined : this.#kept.map(({ id }) => id);
  }

  /** Begin with the files of a message; none, to be done with it. */
  begin(attachments = []) {
    this.#before = this.#kept = attachments;
    this.#draw();
  }

  #draw() {
    this.element.hidden = !this.has_any;
    fill(
      this.element,
      this.#kept.map((file) => this.#itemElement(file)),
    );
  }

  #itemElement(file) {
    const leaveOut = () => {
      this.#kept = this.#kept.filter(({ id }) => id !== file.id);
      this.#draw();
      this.#changed();
    };
    const look = isVisual(file) ? tileElement(file, { open: () => {}, is_large: false }) : signElement(file.kind);
    const button = iconButton("close", `Remove ${file.filename}`, { "data-testid": "leave-out", onclick: leaveOut });
    return h(
      "li",
      {},
      look,
      h(
        "span",
        { class: "way" },
        h("span", { class: "file-name" }, h("strong", { dir: "auto" }, file.filename)),
        button,
      ),
    );
  }
}
