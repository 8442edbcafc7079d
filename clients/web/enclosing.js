import { dropZone } from "./dropping.js";
import { h, iconButton } from "./dom.js";
import { Recording, canRecord } from "./recording.js";
import { Tray } from "./tray.js";

/** What goes with a message besides its text: files that are picked, pasted or dropped, and what somebody says. */
export class Enclosing {
  #tray;
  #recording;
  #file = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    "data-testid": "files",
    onchange: () => this.#picked(),
  });

  /** Opens the picker. */
  clip = iconButton("clip", "Attach files", { "data-testid": "attach", onclick: () => this.#file.click() });

  /** Begins to record; offered while there is nothing to send. */
  mic = iconButton("mic", "Record a voice message", {
    "data-testid": "record",
    hidden: true,
    onclick: () => this.#recording.begin(),
  });

  /** What is chosen, or being recorded. */
  element = h("div", { class: "enclosing" });

  /**
   * @param {string} id of the conversation
   * @param {string} draft what the files are kept by
   * @param {object} on `changed()`, `send()`, and `recording(is_on)`
   */
  constructor(chat, id, draft, on) {
    this.#tray = new Tray(chat, id, draft, on.changed);
    this.#recording = new Recording({
      began: () => on.recording(true),
      ended: () => on.recording(false),
      take: (file, facts) => this.#tray.addKnown(file, facts),
      send: (file, facts) => {
        this.#tray.addKnown(file, facts);
        on.send();
      },
    });
    this.element.append(this.#tray.element, this.#recording.element, this.#file);
  }

  get has_any() {
    return this.#tray.keys.length > 0;
  }

  /** @param {boolean} is_wanted whether somebody could begin to speak now */
  offer(is_wanted) {
    this.mic.hidden = !is_wanted || !canRecord();
    return !this.mic.hidden;
  }

  draw() {
    this.#tray.draw();
  }

  add(files) {
    return this.#tray.add(files);
  }

  /** Take everything out, for a message. @returns {string[]} keys */
  take() {
    return this.#tray.take();
  }

  /** Pictures from the clipboard; what office programs copy is text, and a picture of it. */
  paste(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/rtf")) return;
    event.preventDefault();
    this.add(files);
  }

  /** Let files be dropped on an element. @param {() => boolean} may whether they can be sent now */
  catchAt(element, may) {
    dropZone(element, { may, take: (files) => this.add(files) });
  }

  #picked() {
    this.add([...this.#file.files]); // emptying the field empties its list
    this.#file.value = "";
  }
}
