import { fillKeyed, h, iconButton } from "./dom.js";
import { rowElement } from "./message.js";

const NEAR_BOTTOM_PX = 48;
const NEAR_TOP_PX = 400;
const PAGES_TO_NEW = 3;
const FOUND_MS = 2_000;
/** Where it is looked whether something lies over it: a menu covers some of these places, a dialog all. */
const LOOKED_AT = [0.1, 0.5, 0.9];

/** The scrolling list of messages: of a conversation, or of a thread. */
export class Timeline {
  #reading;
  #act;
  #list = h("ol", { class: "rows" });
  #news = h("p", { class: "unseen", "aria-live": "polite" });
  #scroller = h("div", {
    class: "scroller",
    role: "log",
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
  #to_reply = iconButton("chat", "Show the first new reply in a thread", {
    class: "icon-button jump",
    hidden: true,
    "data-testid": "to-reply",
    onclick: () => this.#act("show", { seq: this.#reading.unseen_reply_seq }),
  });
  #is_at_end = true;
  #has_begun = false;
  #drawn = Infinity;
  #tab_stop = null;
  #new_after = null;
  #unfolded = new Set();
  #resized = new ResizeObserver(() => this.#is_at_end && this.#scrollToEnd());

  /** The whole of it. */
  element = h("div", { class: "timeline" });

  /** @param {ConversationReading | ThreadReading} reading what it shows */
  constructor(reading, act) {
    this.#reading = reading;
    this.#act = act;
    if (reading.unread_count) this.#new_after = reading.read_seq;
    this.#scroller.setAttribute("aria-label", reading.label);
    this.#jump.append(this.#jump_count);
    this.#scroller.append(this.#list);
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    this.element.append(this.#scroller, this.#jump, this.#to_reply, this.#news);
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
    this.#reading.loadChanges().catch(() => {});
  }

  draw() {
    if (!this.#has_begun) return;
    this.#paint();
    this.#scrolled();
  }

  toEnd() {
    if (this.#reading.is_apart) {
      this.#is_at_end = true;
      this.#reading.comeBack();
    } else this.#scrollToEnd();
  }

  /** Bring the message at a place into view, loaded with what stands around it. @throws {ChatError} */
  async show(seq) {
    await this.#reading.visit(seq);
    if (!this.element.isConnected) return;
    this.#is_at_end = false;
    this.#has_begun = true;
    this.#paint();
    const element = this.#messages.find(({ dataset }) => dataset.seq === String(seq));
    element?.scrollIntoView({ block: "center" });
    element?.focus({ preventScroll: true });
    element?.classList.add("found");
    setTimeout(() => element?.classList.remove("found"), FOUND_MS);
    this.#scrolled();
  }

  /** @returns {boolean} whether this message stands here and has the focus now */
  focus(message_id) {
    const element = this.#messages.find(({ dataset }) => dataset.id === message_id);
    element?.focus({ preventScroll: true });
    return Boolean(element);
  }

  /** Show a message although its sender is blocked. */
  unfold(message_id) {
    this.#unfolded.add(message_id);
    this.draw();
  }

  /** The reader has gone elsewhere: what comes from now on is new to them. */
  lookAway() {
    this.#new_after = this.#reading.read_seq;
  }

  /** Whoever writes has read what is above. */
  forgetNew() {
    this.#new_after = null;
    this.toEnd();
    this.#is_at_end = true;
  }

  /** Whether somebody can see it: not where the page is in the background, nor under a dialog or a thread. */
  get is_shown() {
    if (document.hidden || !document.hasFocus()) return false;
    const { left, top, width, height } = this.#scroller.getBoundingClientRect();
    const is_free = (part) => {
      const there = document.elementFromPoint(left + width / 2, top + height * part);
      return this.element.contains(there);
    };
    return height > 0 && LOOKED_AT.some(is_free);
  }

  /** Mark as read what can be seen now. */
  markSeen() {
    if (!this.#has_begun || !this.is_shown) return;
    if (this.#is_at_end) return this.#reading.markRead(this.#drawn);
    const end = this.#scroller.scrollTop + this.#scroller.clientHeight;
    const seen = this.#messages.findLast(({ dataset, offsetTop }) => dataset.seq && offsetTop < end);
    if (seen) this.#reading.markRead(Number(seen.dataset.seq));
  }

  get #messages() {
    return [...this.#list.querySelectorAll(".message")];
  }

  #paint() {
    const { unread_count } = this.#reading;
    const rows = this.#reading.rows({ new_after: this.#new_after, unfolded: this.#unfolded });
    const anchor = this.#messages.find(({ offsetTop }) => offsetTop >= this.#scroller.scrollTop);
    const before = anchor?.offsetTop;
    fillKeyed(this.#list, rows, (row) => rowElement(row, this.#act));
    if (this.#is_at_end) this.#scrollToEnd();
    else if (anchor?.isConnected) this.#scroller.scrollTop += anchor.offsetTop - before;
    this.#moveTabStop();
    this.#announce(rows);
    this.#jump_count.hidden = !unread_count;
    this.#jump_count.textContent = unread_count;
  }

  #scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** One stop for the tab key; from there the arrow keys move. */
  #moveTabStop() {
    this.#tab_stop?.setAttribute("tabindex", "-1");
    this.#tab_stop = this.#messages.at(-1);
    this.#tab_stop?.setAttribute("tabindex", "0");
  }

  /** Rows are redrawn when their status changes; only what is new is to be read out. */
  #announce(rows) {
    const news = rows.filter(({ is_own, is_folded, seq }) => is_own === false && !is_folded && seq > this.#drawn);
    this.#drawn = this.#reading.position;
    if (news.length)
      this.#news.textContent = news.map(({ sender, summary }) => `${sender.name}: ${summary}`).join("\n");
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.#is_at_end = below < NEAR_BOTTOM_PX && !this.#reading.is_apart;
    this.#jump.hidden = this.#is_at_end;
    this.#to_reply.hidden = !this.#is_at_end || this.#reading.unseen_reply_seq === null;
    if (scrollTop < NEAR_TOP_PX && this.#reading.has_older) this.#load(this.#reading.loadOlder());
    if (below < NEAR_TOP_PX && this.#reading.is_apart) this.#load(this.#reading.loadNewer());
    this.markSeen();
  }

  async #loadToNew() {
    const reading = this.#reading;
    const is_above = () => this.#new_after !== null && this.#new_after < reading.floor - 1 && reading.has_older;
    for (let page = 0; page < PAGES_TO_NEW && is_above(); page++) await reading.loadOlder();
    if (!is_above()) return;
    await reading.visit(this.#new_after + 1); // at the end all of it would be read
    this.#is_at_end = false;
  }

  #load(loading) {
    this.element.classList.add("loading");
    const done = () => this.element.classList.remove("loading");
    loading.then(done, done);
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
