import { fill, fillKeyed, h } from "../dom.js";
import { sentenceOf } from "../words.js";
import { noticeElement, rowOf } from "./notice.js";

/** Notices of some kind, the latest first, page after page; what is told meanwhile appears by itself. */
export class Board {
  #chat;
  #options;
  #on;
  #items = [];
  #next = null;
  #round = null;
  #is_busy = false;
  #note = h("p", { class: "note", role: "status" }, "Looking…");
  #list = h("ul", { class: "notices", onkeydown: move });
  #more = h(
    "button",
    { type: "button", class: "quiet", hidden: true, "data-testid": "more-notices", onclick: () => this.#loadMore() },
    "Show more",
  );

  /** All of it. */
  elements = [this.#note, this.#list, this.#more];

  /**
   * @param {{label: string, nothing: string, mentions?: boolean}} options `nothing`: what is said where there is none
   * @param {object} on `open(notice)`, `accept(notice)`
   */
  constructor(chat, options, on) {
    this.#chat = chat;
    this.#options = options;
    this.#on = on;
    this.#list.setAttribute("aria-label", options.label);
  }

  /** When the newest that is shown was told. @returns {?string} */
  get newest_at() {
    return this.#items[0]?.created_at ?? null;
  }

  draw() {
    const { store } = this.#chat;
    if (!store.me) return;
    if (store.notices.round !== this.#round) this.#refresh();
    const by_id = new Map(this.#items.map((notice) => [notice.id, notice]));
    const rows = this.#items.map((notice) => rowOf(this.#quiet(notice), store));
    fillKeyed(this.#list, rows, (row) => noticeElement(row, this.#deedsOn(by_id.get(row.key))));
  }

  /** What is sealed is read where it stands: nobody else can know what it says. */
  #quiet(notice) {
    return this.#chat.sealing.isSealed(notice.conversation_id) ? { ...notice, preview: null } : notice;
  }

  #deedsOn(notice) {
    return { open: () => this.#on.open(notice), accept: () => this.#attempt(() => this.#on.accept(notice)) };
  }

  /** Read the first page again; those below it stay, as far as they follow on it. */
  #refresh() {
    return this.#once(async () => {
      const { notices } = this.#chat.store;
      this.#round = notices.round;
      const { results, next } = await this.#chat.notifications(this.#options);
      const end = results.at(-1)?.created_at;
      const below = next ? this.#items.filter(({ created_at }) => created_at < end) : [];
      if (!below.length) this.#next = next;
      const are_read = notices.unread === 0;
      this.#items = [...results, ...below.map((notice) => ({ ...notice, is_read: are_read || notice.is_read }))];
      fill(this.#note, this.#items.length ? null : this.#options.nothing);
    });
  }

  #loadMore() {
    return this.#once(async () => {
      const held = new Set(this.#items.map(({ id }) => id));
      const { results, next } = await this.#chat.notifications({ next: this.#next });
      this.#items.push(...results.filter(({ id }) => !held.has(id)));
      this.#next = next;
    });
  }

  async #once(load) {
    if (this.#is_busy) return;
    this.#is_busy = true;
    await this.#attempt(load);
    this.#is_busy = false;
    this.#more.hidden = !this.#next;
    if (this.#list.isConnected) this.draw();
  }

  async #attempt(deed) {
    try {
      await deed();
    } catch (error) {
      fill(this.#note, sentenceOf(error));
    }
  }
}

function move(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const to = buttons[buttons.indexOf(document.activeElement) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
}
