import { isSameEmoji } from "../js/text.js";
import { blockItem } from "./blocking.js";
import { confirm, toast } from "./dialog.js";
import { isVisual } from "./files.js";
import { fileItems } from "./handling.js";
import { openLightbox } from "./lightbox.js";
import { openMenu } from "./menu.js";
import { openPast } from "./past.js";
import { openPicker } from "./picker.js";
import { openReceipts } from "./receipts.js";
import { reportMessage } from "./reporting.js";
import { openRecipients } from "./sealed/recipients.js";
import { saveFile } from "./sealed/saving.js";
import { sentenceOf } from "./words.js";

/** What somebody can do with the messages of one timeline, and what becomes of it. */
export class Actions {
  #chat;
  #id;
  #on;

  /**
   * @param {string} id of the conversation
   * @param {object} on `reply(message)`, `edit(message)`, `show(seq)`, `unfold(id)` and, where there are threads,
   *   `thread(root_id)`
   */
  constructor(chat, id, on) {
    this.#chat = chat;
    this.#id = id;
    this.#on = on;
  }

  /** Do what a row asks for. `about` is where it was asked, or which emoji or file. */
  act(name, row, about) {
    const actions = {
      menu: () => this.#openMenu(row, about),
      react: () => this.#pick(row, about),
      toggle: () => this.#toggle(row, about),
      past: () => openPast(this.#chat, row.id),
      thread: () => this.#on.thread(row.id),
      show: () => this.#on.show(row.seq),
      unfold: () => this.#on.unfold(row.id),
      retry: () => this.#chat.retry(row.client_id),
      discard: () => this.#chat.discard(row.client_id),
      look: () => this.#look(row, about),
      seen: () => this.#chat.store.forgetPreview(about),
      save: () => this.#save(row, about),
      leaveOut: () => this.#chat.detach(about),
      retryFile: () => this.#chat.retryAttachment(about),
    };
    actions[name]();
  }

  get #conversation() {
    return this.#chat.store.conversations.get(this.#id);
  }

  #can(action) {
    return this.#conversation.capabilities?.includes(action) ?? true;
  }

  #find(message_id) {
    const { store } = this.#chat;
    for (const log of [store.log(this.#id), ...store.views.values()]) {
      const message = log.find(message_id);
      if (message) return store.reveal(message);
    }
    return null;
  }

  /** Focus comes back to the row, which outlives its button when it is redrawn meanwhile. */
  #openMenu(row, anchor) {
    anchor.closest(".message").focus({ preventScroll: true });
    const items = this.#items(row, anchor);
    if (items.length) openMenu(anchor, items);
  }

  #look({ attachments }, upload_id) {
    openLightbox(this.#chat, attachments.filter(isVisual), upload_id);
  }

  #save({ attachments }, upload_id) {
    saveFile(
      this.#chat,
      attachments.find(({ id }) => id === upload_id),
    );
  }

  #pick(row, anchor) {
    const element = anchor.closest(".message");
    element.focus({ preventScroll: true });
    openPicker(element.querySelector(".react-button, .bubble"), (emoji) => {
      element.focus({ preventScroll: true });
      this.#toggle(row, emoji);
    });
  }

  #toggle(row, emoji) {
    const is_mine = row.reactions.some((reaction) => reaction.is_mine && isSameEmoji(reaction.emoji, emoji));
    this.#try(is_mine ? this.#chat.unreact(row.id, emoji) : this.#chat.react(row.id, emoji));
  }

  #items(row, anchor) {
    const copy = { label: "Copy text", run: () => navigator.clipboard?.writeText(row.content) };
    const on = { look: (id) => this.#look(row, id), save: (id) => this.#save(row, id) };
    const files = fileItems(row.attachments, anchor.closest(".message"), on);
    const copies = row.content ? [...files, copy] : files;
    const message = row.id && this.#find(row.id);
    if (!message) return copies;
    const answers = this.#answers(row, message, anchor);
    return [...answers, ...copies, ...this.#changes(row, message), ...this.#judgements(row, message)];
  }

  #answers(row, message, anchor) {
    const items = [];
    if (this.#can("react")) items.push({ label: "React", testid: "menu-react", run: () => this.#pick(row, anchor) });
    if (!this.#can("send_message")) return items;
    items.push({ label: "Reply", run: () => this.#on.reply(message) });
    if (this.#on.thread) items.push({ label: "Reply in thread", run: () => this.#on.thread(row.id) });
    return items;
  }

  #changes(row, message) {
    const chat = this.#chat;
    const items = [];
    if (this.#can("pin_messages"))
      items.push(
        row.is_pinned
          ? { label: "Unpin", run: () => this.#try(chat.unpin(row.id)) }
          : { label: "Pin", run: () => this.#try(chat.pin(row.id)) },
      );
    if (row.is_own) items.push({ label: "Read by…", run: () => openReceipts(chat, this.#id, row.id) });
    if (message.envelope) items.push({ label: "Sealed for…", run: () => openRecipients(chat, message) });
    if (row.is_edited) items.push({ label: "Edit history", run: () => openPast(chat, row.id) });
    const may_edit = row.is_own && !row.sealing && !this.#conversation.is_frozen;
    if (may_edit) items.push({ label: "Edit", run: () => this.#on.edit(message) });
    return items;
  }

  #judgements(row, message) {
    const chat = this.#chat;
    const items = [];
    if ((row.is_own && !this.#conversation.is_frozen) || this.#can("delete_messages"))
      items.push({ label: "Delete", run: () => this.#delete(row), is_danger: true });
    if (row.is_own) return items;
    items.push({ label: "Report", testid: "report", run: () => reportMessage(chat, row.id), is_danger: true });
    if (this.#conversation.kind !== "direct") items.push(blockItem(chat, chat.store.person(message.sender)));
    return items;
  }

  async #delete({ id }) {
    const is_sure = await confirm(
      "Delete this message?",
      "It disappears for everybody, and cannot be brought back.",
      "Delete",
    );
    if (is_sure) await this.#try(this.#chat.delete(id));
  }

  async #try(action) {
    await action.catch((error) => toast(sentenceOf(error)));
  }
}
