import { standing } from "../../js/sealing/keylogs.js";
import { fill, h, icon } from "../dom.js";
import { listText, nameOf, sentenceOf } from "../words.js";
import { openRestore } from "./restore.js";
import { openVerify } from "./verify.js";
import { warningText } from "./words.js";

const dismissed = new Set();
const asked = new WeakSet();

/** What one should know about who reads in an end-to-end conversation, in a line above where one writes. */
export class Readers {
  #chat;
  #id;
  #shown = null;

  /** The whole of it. */
  element = h("div", { class: "sealed-notice", role: "status", "data-testid": "sealed-notice", hidden: true });

  constructor(chat, id) {
    this.#chat = chat;
    this.#id = id;
  }

  draw() {
    const told = this.#chat.sealing.isSealed(this.#id) ? this.#what() : null;
    const version = JSON.stringify(told);
    if (version === this.#shown) return;
    this.#shown = version;
    this.element.hidden = !told;
    if (!told) return fill(this.element);
    this.element.classList.toggle("loud", told.is_loud ?? false);
    fill(this.element, icon(told.is_loud ? "alert" : "lock"), h("span", {}, told.text), this.#buttons(told));
  }

  /** The first of what there is to say: `{kind, text, is_loud, user_id}`. */
  #what() {
    const { sealing } = this.#chat;
    if (sealing.is_loaded && !sealing.is_able) return null; // said where one would write
    const { alarm, warnings, people } = sealing.readersOf(this.#id) ?? { warnings: [], people: [] };
    if (alarm) {
      const about = alarm.user_id ? `${this.#name(alarm.user_id)}: ` : "";
      return { kind: "alarm", is_loud: true, text: `${about}${sentenceOf(alarm)}` };
    }
    const trouble = sealing.trouble && `This device cannot read here: ${sentenceOf(sealing.trouble)}`;
    if (trouble) return { kind: "trouble", is_loud: true, text: trouble };
    const [warning] = warnings;
    if (warning) {
      const text = warningText(warning, this.#name(warning.user_id));
      return { kind: "keys", is_loud: warning.what === "changed", text, user_id: warning.user_id };
    }
    return this.#closed() ?? this.#deaf(people);
  }

  /** Messages from before this device was there. */
  #closed() {
    const { sealing, store } = this.#chat;
    if (dismissed.has(this.#id) || !sealing.backups) return null;
    const { entries } = store.views.get(this.#id) ?? store.log(this.#id);
    const is_closed = ({ message }) => message && store.reveal(message).sealing === "not_a_recipient";
    if (!entries.some(is_closed)) return null;
    if (sealing.backups.state === "none")
      return { kind: "closed", text: "This device reads from now on. What was written before stays closed to it." };
    if (sealing.backups.state === "unknown") this.#askForBackup();
    const text = "What was written before this device was there is closed to it, unless you have a backup.";
    return { kind: "restore", text };
  }

  /** People who cannot read what is written now. */
  #deaf(people) {
    const deaf = people.filter(({ lines }) => !standing(lines).length).map(({ user_id }) => this.#name(user_id));
    if (!deaf.length || dismissed.has(`${this.#id} deaf`)) return null;
    const verb = deaf.length === 1 ? "has" : "have";
    return { kind: "deaf", text: `${listText(deaf)} ${verb} no device yet that can read what you write here.` };
  }

  #buttons({ kind, user_id }) {
    const { sealing, store } = this.#chat;
    const button = (testid, text, onclick) =>
      h("button", { type: "button", class: "link", "data-testid": testid, onclick }, text);
    const end = (key) => button("sealed-ok", "OK", () => dismissed.add(key) && store.changed());
    if (kind === "keys") {
      const user = this.#user(user_id);
      const verify = button("sealed-verify", "Compare safety number", () => openVerify(this.#chat, user));
      return [verify, button("sealed-ok", "OK", () => sealing.accept(this.#id))];
    }
    if (kind === "restore") {
      return [button("sealed-restore", "Restore from backup", () => openRestore(this.#chat)), end(this.#id)];
    }
    if (kind === "closed") return [end(this.#id)];
    return kind === "deaf" ? [end(`${this.#id} deaf`)] : [];
  }

  /** Once, in silence: where the sign-in is not fresh the server does not say. */
  #askForBackup() {
    const { backups } = this.#chat.sealing;
    if (asked.has(backups)) return;
    asked.add(backups);
    backups.read().then(
      () => this.#chat.store.changed(),
      () => {},
    );
  }

  #user(user_id) {
    const { store } = this.#chat;
    const member = store.members.get(this.#id)?.get(user_id)?.user;
    const { peer } = store.conversations.get(this.#id) ?? {};
    return store.person(member ?? (peer?.id === user_id ? peer : { id: user_id }));
  }

  #name(user_id) {
    return nameOf(this.#user(user_id));
  }
}
