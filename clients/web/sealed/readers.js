import { standing } from "../../js/sealing/keylogs.js";
import { fill, h, icon } from "../dom.js";
import { listText, nameOf, sentenceOf } from "../words.js";
import { openSettings } from "../settings/settings.js";
import { openRestore } from "./restore.js";
import { openVerify } from "./verify.js";
import { warningText } from "./words.js";

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

  /** The first of what there is to say: `{kind, text, is_loud, warning, waiting}`. */
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
    if (warning) return this.#warned(warning);
    return this.#closed() ?? this.#deaf(people);
  }

  #warned(warning) {
    const { me } = this.#chat.store;
    const text = warningText(warning, (id) => (id === me.id ? "You" : this.#name(id)));
    const is_loud = warning.what !== "added" || warning.is_held || warning.user_id === me.id;
    return { kind: "keys", is_loud, text, warning, waiting: this.#waiting().map(({ client_id }) => client_id) };
  }

  /** What is not sent before somebody has decided. */
  #waiting() {
    return this.#chat.store.log(this.#id).pending.filter(({ error }) => error?.code === "keys_unanswered");
  }

  /** Messages from before this device was there. */
  #closed() {
    const { sealing, store } = this.#chat;
    if (this.#isDismissed(this.#id) || !sealing.backups) return null;
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
    if (!deaf.length || this.#isDismissed(`${this.#id} deaf`)) return null;
    const verb = deaf.length === 1 ? "has" : "have";
    return { kind: "deaf", text: `${listText(deaf)} ${verb} no device yet that can read what you write here.` };
  }

  #isDismissed(key) {
    return this.#chat.remembered.has(`dismissed ${key}`);
  }

  #dismiss(key) {
    this.#chat.remembered.set(`dismissed ${key}`, true);
    this.#chat.store.changed();
  }

  #buttons({ kind, warning, waiting }) {
    const { sealing } = this.#chat;
    const button = (testid, text, onclick) =>
      h("button", { type: "button", class: "link", "data-testid": testid, onclick }, text);
    const end = (key) => button("sealed-ok", "OK", () => this.#dismiss(key));
    if (kind === "keys") {
      const accept = () => sealing.accept(this.#id, [warning]);
      const discard = () => waiting.forEach((client_id) => this.#chat.discard(client_id));
      return [
        this.#checkButton(warning, button),
        button("sealed-ok", this.#agreement(warning), accept),
        waiting.length > 0 && button("sealed-discard", "Don't send", discard),
      ];
    }
    if (kind === "restore") {
      return [button("sealed-restore", "Restore from backup", () => openRestore(this.#chat)), end(this.#id)];
    }
    if (kind === "closed") return [end(this.#id)];
    return kind === "deaf" ? [end(`${this.#id} deaf`)] : [];
  }

  /** Where somebody can look whether it is right: at the safety number, or at their own devices. */
  #checkButton({ user_id, by }, button) {
    const { me } = this.#chat.store;
    const other = user_id === me.id ? by : user_id;
    if (!other || other === me.id) {
      return button("sealed-devices", "Your devices", () => openSettings(this.#chat, "security"));
    }
    return button("sealed-verify", "Compare safety number", () => openVerify(this.#chat, this.#user(other)));
  }

  #agreement({ user_id, what, is_held }) {
    if (what === "forked") return "OK";
    if (user_id === this.#chat.store.me.id) return "It was me";
    return is_held ? "Send to the new device" : "OK";
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
