import { begunIn, isFoundBy, nameKey } from "../js/text.js";
import { avatar } from "./avatar.js";
import { fill, h } from "./dom.js";
import { calledIn } from "./words.js";

const SHOWN = 6;
const PAUSE_MS = 200;
const EVERYBODY = { id: "all", username: "all", name: "Everybody here" };

/** Offers names after an `@` in a text field; arrow keys choose, Enter and Tab take, Escape closes. */
export class Completion {
  #chat;
  #id;
  #text;
  #offered = [];
  #at = 0;
  #is_dismissed = false;
  #is_looking = false;
  #timer = null;
  #asked = null;
  /** @type {object[]} members who were asked for */ #found = [];

  /** The list, to be put above the field. */
  element = h("ul", {
    class: "completion",
    role: "listbox",
    "aria-label": "Members",
    "data-testid": "completion",
    hidden: true,
  });

  constructor(chat, id, text) {
    this.#chat = chat;
    this.#id = id;
    this.#text = text;
    this.element.id = `completion-${id}-${text.dataset.testid}`;
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-controls", this.element.id);
    text.addEventListener("blur", () => this.#close());
  }

  /** The text or the caret has changed. */
  look() {
    const begun = this.#begun();
    if (begun === null) this.#is_dismissed = false;
    this.#is_looking = begun !== null && !this.#is_dismissed;
    this.#show(this.#matching(begun));
    this.#askFor(begun);
  }

  /** Members were loaded, came, went or are called something else: who was chosen stays chosen. */
  draw() {
    const offered = this.#matching(this.#begun());
    if (JSON.stringify(offered) === JSON.stringify(this.#offered)) return;
    const chosen_id = this.#offered[this.#at]?.id;
    const at = offered.findIndex(({ id }) => id === chosen_id);
    this.#show(offered, Math.max(at, 0));
  }

  /** @returns {boolean} whether the key was meant for the list */
  key(event) {
    const { length } = this.#offered;
    if (!length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#show(this.#offered, (this.#at + step + length) % length);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#offered[this.#at]);
    else if (event.key === "Escape") this.#dismiss();
    else return false;
    return true;
  }

  /** Of a large conversation only some members are loaded; others are asked for by how their names begin. */
  #askFor(begun) {
    clearTimeout(this.#timer);
    if (!begun || !this.#is_looking || this.#asked === begun || !this.#has_others) return;
    this.#timer = setTimeout(async () => {
      this.#asked = begun;
      const found = await this.#chat.searchMembers(this.#id, begun).catch(() => []);
      if (this.#asked !== begun) return;
      this.#found = found;
      this.draw();
    }, PAUSE_MS);
  }

  get #has_others() {
    const { store } = this.#chat;
    return (store.members.get(this.#id)?.size ?? 0) < (store.conversations.get(this.#id)?.member_count ?? 0);
  }

  #begun() {
    const { selectionStart, selectionEnd, value } = this.#text;
    return selectionStart === selectionEnd ? begunIn(value.slice(0, selectionStart)) : null;
  }

  #matching(begun) {
    if (begun === null || !this.#is_looking) return [];
    const { store } = this.#chat;
    const found = new Map(this.#found.map((member) => [member.user.id, member]));
    const members = new Map([...(store.members.get(this.#id) ?? []), ...found]);
    const known = [...members.values()].map(({ user }) => store.person(user));
    const others = known.filter(({ id }) => id !== store.me.id);
    const people = others.map((user) => ({ ...user, name: calledIn(store, this.#id, user) }));
    const may_all = store.conversations.get(this.#id)?.capabilities?.includes("mention_all");
    const key = nameKey(begun);
    const fits = ({ username, name }) => nameKey(username).startsWith(key) || isFoundBy(begun, username, name);
    const fitting = [...people, ...(may_all ? [EVERYBODY] : [])].filter(fits).slice(0, SHOWN);
    const is_written = fitting.length === 1 && nameKey(fitting[0].username) === key;
    return is_written ? [] : fitting;
  }

  #take({ username }) {
    const { selectionStart } = this.#text;
    this.#text.setRangeText(`${username} `, selectionStart - this.#begun().length, selectionStart, "end");
    this.#close();
    this.#text.dispatchEvent(new Event("input"));
  }

  #dismiss() {
    this.#is_dismissed = true;
    this.#close();
  }

  #close() {
    this.#is_looking = false;
    this.#show([]);
  }

  #show(offered, at = 0) {
    this.#offered = offered;
    this.#at = at;
    this.element.hidden = !this.#offered.length;
    fill(
      this.element,
      this.#offered.map((one, at) => this.#option(one, at)),
    );
    const chosen = this.element.children[this.#at];
    if (chosen) this.#text.setAttribute("aria-activedescendant", chosen.id);
    else this.#text.removeAttribute("aria-activedescendant");
  }

  #option(one, at) {
    const take = (event) => {
      event.preventDefault(); // the field keeps the focus
      this.#take(one);
    };
    return h(
      "li",
      {
        id: `${this.element.id}-${at}`,
        role: "option",
        class: "person",
        "data-testid": "completion-item",
        "aria-selected": String(at === this.#at),
        onpointerdown: take,
      },
      avatar(one, { kind: one === EVERYBODY ? "group" : "direct" }),
      h("span", {}, h("strong", {}, one.name), h("small", {}, `@${one.username}`)),
    );
  }
}
