import { fillKeyed, h, iconButton } from "./dom.js";
import { rowElement } from "./message.js";
import { rowsOf } from "./rows.js";

const NEAR_BOTTOM_PX = 48;
const NEAR_TOP_PX = 400;
const PAGES_TO_NEW = 3;

/** The scrolling list of one conversation's messages. */
export class Timeline {
  #chat;
  #id;
  #act;
  #list = h("ol", { class: "rows" });
  #news = h("p", { class: "unseen", "aria-live": "polite" });
  #scroller = h("div", {
    class: "scroller",
    role: "log",
    "aria-label": "Messages",
    "aria-live": "off",
    "data-testid": "timeline",
    onscroll: () => this.#scrolled(),
  });
  #jump_count = h("span", { class: "badge", hidden: true });
  #jump = iconButton("down", "Jump to the latest message", {
    class: "icon-button jump",
    hidden: true,
    onclick: () => this.toEnd(),
  });
  #is_at_end = true;
  #has_begun = false;
  #announced = Infinity;
  #tab_stop = null;
  #new_after = null;
  #unfolded = new Set();
  #resized = new ResizeObserver(() => this.#is_at_end && this.toEnd());

  /** The whole of it. */
  element = h("div", { class: "timeline" });

  constructor(chat, id, act) {
    this.#chat = chat;
    this.#id = id;
    this.#act = act;
    const { unread_count, membership } = chat.store.conversations.get(id);
    if (unread_count) this.#new_after = membership.last_read_seq;
    this.#jump.append(this.#jump_count);
    this.#scroller.append(this.#list);
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    this.element.append(this.#scroller, this.#jump, this.#news);
    this.#resized.observe(this.#scroller);
  }

  close() {
    this.#resized.disconnect();
  }

  /** The first drawing: at what is new, else at the end. */
  async begin() {
    await this.#loadToNew().catch(() => {});
    if (!this.element.isConnected) return;
    this.#has_begun = true;
    this.#paint();
    this.#list.querySelector(".row-new")?.scrollIntoView({ block: "center" });
    this.#scrolled();
    this.#chat.loadChanges(this.#id).catch(() => {});
  }

  draw() {
    if (!this.#has_begun) return;
    this.#paint();
    this.#scrolled();
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Bring a message into view, if it is loaded. */
  show(message_id) {
    const element = this.#messages.find(({ dataset }) => dataset.id === message_id);
    element?.scrollIntoView({ block: "center" });
    element?.focus({ preventScroll: true });
  }

  /** Show a message although its sender is blocked. */
  unfold(message_id) {
    this.#unfolded.add(message_id);
    this.draw();
  }

  /** The reader has gone elsewhere: what comes from now on is new to them. */
  lookAway() {
    this.#new_after = this.#chat.store.conversations.get(this.#id)?.membership.last_read_seq ?? null;
  }

  /** Whoever writes has read what is above. */
  forgetNew() {
    this.#new_after = null;
    this.#is_at_end = true;
  }

  /** Mark as read what can be seen now. */
  markSeen() {
    if (!this.#has_begun || document.hidden || !document.hasFocus()) return;
    if (this.#is_at_end) return this.#chat.markRead(this.#id, this.#chat.store.log(this.#id).position);
    const end = this.#scroller.scrollTop + this.#scroller.clientHeight;
    const seen = this.#messages.findLast(({ dataset, offsetTop }) => dataset.seq && offsetTop < end);
    if (seen) this.#chat.markRead(this.#id, Number(seen.dataset.seq));
  }

  get #messages() {
    return [...this.#list.querySelectorAll(".message")];
  }

  #paint() {
    const { store } = this.#chat;
    const conversation = store.conversations.get(this.#id);
    const rows = rowsOf(store, this.#id, this.#new_after, this.#unfolded);
    const anchor = this.#messages.find(({ offsetTop }) => offsetTop >= this.#scroller.scrollTop);
    const before = anchor?.offsetTop;
    fillKeyed(this.#list, rows, (row) => rowElement(row, this.#act));
    if (this.#is_at_end) this.toEnd();
    else if (anchor?.isConnected) this.#scroller.scrollTop += anchor.offsetTop - before;
    this.#moveTabStop();
    this.#announce(rows);
    this.#jump_count.hidden = !conversation.unread_count;
    this.#jump_count.textContent = conversation.unread_count;
  }

  /** One stop for the tab key; from there the arrow keys move. */
  #moveTabStop() {
    this.#tab_stop?.setAttribute("tabindex", "-1");
    this.#tab_stop = this.#messages.at(-1);
    this.#tab_stop?.setAttribute("tabindex", "0");
  }

  /** Rows are redrawn when their status changes; only what is new is to be read out. */
  #announce(rows) {
    const news = rows.filter(({ is_own, is_folded, seq }) => is_own === false && !is_folded && seq > this.#announced);
    this.#announced = this.#chat.store.log(this.#id).position;
    if (news.length)
      this.#news.textContent = news.map(({ sender, content }) => `${sender.name}: ${content}`).join("\n");
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#is_at_end = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    this.#jump.hidden = this.#is_at_end;
    if (scrollTop < NEAR_TOP_PX) this.#loadOlder();
    this.markSeen();
  }

  async #loadToNew() {
    const log = this.#chat.store.log(this.#id);
    const is_above = () => this.#new_after !== null && this.#new_after < log.floor - 1 && log.has_older;
    for (let page = 0; page < PAGES_TO_NEW && is_above(); page++) await this.#chat.loadOlder(this.#id);
  }

  #loadOlder() {
    if (!this.#chat.store.log(this.#id).has_older) return;
    this.element.classList.add("loading");
    const done = () => this.element.classList.remove("loading");
    this.#chat.loadOlder(this.#id).then(done, done);
  }

  #key(event) {
    const row = event.target.closest(".message");
    if (event.target !== row) return;
    const messages = this.#messages;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) messages[messages.indexOf(row) + step]?.focus();
    else if (event.key === "Enter") row.querySelector(".menu-button, [data-testid=unfold]")?.click();
    else return;
    event.preventDefault();
  }
}
