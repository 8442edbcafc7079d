import { asUpload } from "../js/parcels.js";
import { playerElement } from "./player.js";
import { signElement, tileElement, wayElement } from "./attachments.js";
import { toast } from "./dialog.js";
import { fillKeyed, h } from "./dom.js";
import { admitted, sizeText } from "./files.js";
import { factsOf } from "./measuring.js";

/** What the sender has to know before the others get it. */
const AS_IS = "Sent as it is: it may show where, when and with what device it was made.";

/** The files that are chosen for the next message: what they are, how far they have come, and how to leave one out. */
export class Tray {
  #chat;
  #id;
  #place;
  #changed;

  /** The whole of it. */
  element = h("ul", { class: "tray", "aria-label": "Chosen files", "data-testid": "tray", hidden: true });

  /**
   * @param {string} id of the conversation
   * @param {string} draft what the files are kept by while somebody looks elsewhere
   * @param {() => void} changed there are others now
   */
  constructor(chat, id, draft, changed) {
    this.#chat = chat;
    this.#id = id;
    this.#place = `chosen ${draft}`;
    this.#changed = changed;
  }

  /** The keys of what is chosen. */
  get keys() {
    return (this.#chat.remembered.get(this.#place) ?? []).filter((key) => this.#chat.store.parcels.has(key));
  }

  /** Choose files; what cannot be sent is said. */
  async add(found) {
    const { attachments: most, upload_bytes: largest } = this.#chat.store.limits;
    const { files, refusal } = admitted([...found], { held: this.keys.length, most, largest });
    if (refusal) toast(refusal);
    for (const file of files) this.addKnown(file, await factsOf(file));
  }

  /** Choose one of which is known what it is. */
  addKnown(file, facts) {
    const key = this.#chat.attach(this.#id, file, facts);
    this.#chat.remembered.set(this.#place, [...this.keys, key]);
    this.draw();
    this.#changed();
  }

  /** Take everything out, for a message. @returns {string[]} keys */
  take() {
    const { keys } = this;
    this.#chat.remembered.delete(this.#place);
    this.draw();
    return keys;
  }

  draw() {
    const items = this.keys.map((key) => itemOf(this.#chat.store.parcels.get(key)));
    this.element.hidden = !items.length;
    fillKeyed(this.element, items, (item) => this.#itemElement(item));
  }

  #itemElement(item) {
    const on = { leaveOut: () => this.#leaveOut(item.id), retry: () => this.#chat.retryAttachment(item.id) };
    const label = h(
      "span",
      { class: "file-name" },
      h("strong", { dir: "auto" }, item.filename),
      h("small", {}, sizeText(item.size)),
      item.is_cleaned === false && h("small", { class: "as-is", role: "note", "data-testid": "as-is" }, AS_IS),
    );
    return h(
      "li",
      { "data-testid": "chosen", "data-status": item.status, "data-kind": item.kind },
      lookElement(item),
      (item.kind !== "voice" || item.is_cleaned === false) && label,
      wayElement(item, on),
    );
  }

  #leaveOut(key) {
    this.#chat.detach(key);
    this.draw();
    this.#changed();
  }
}

/** Move the bars of what is on its way; rows are not redrawn for that. */
export function drawProgress(element, store) {
  for (const bar of element.querySelectorAll("progress[data-key]"))
    bar.value = store.parcels.get(bar.dataset.key)?.progress ?? 1;
}

function itemOf(parcel) {
  const { progress, ...item } = asUpload(parcel);
  const is_cleaned = parcel.upload?.is_cleaned;
  return { key: parcel.key, ...item, preview: parcel.preview, is_parcel: true, is_cleaned };
}

function lookElement(item) {
  if (item.kind === "voice") return h("div", { "data-keep": item.id }, playerElement(item));
  if (item.kind === "image" || item.kind === "video") return tileElement(item, { open: () => {} });
  return signElement(item.kind);
}
