import { avatar } from "./avatar.js";
import { unblock } from "./blocking.js";
import { Composer } from "./composer.js";
import { conversationItems } from "./conversation.js";
import { Actions } from "./actions.js";
import { openDialog, toast } from "./dialog.js";
import { fill, h, iconButton } from "./dom.js";
import { openMembers } from "./members.js";
import { openMenu } from "./menu.js";
import { Offer } from "./notices/offer.js";
import { Pins } from "./pins.js";
import { cover } from "./places.js";
import { ConversationReading } from "./reading.js";
import { unableText } from "./sealed/able.js";
import { lockElement } from "./sealed/lock.js";
import { Readers } from "./sealed/readers.js";
import { searchElements } from "./search.js";
import { Thread } from "./thread.js";
import { Timeline } from "./timeline.js";
import { drawProgress } from "./tray.js";
import { countText, presenceText, sentenceOf, titleOf, typingText } from "./words.js";
import { barOf } from "./writing.js";

/** One open conversation: who it is with, what was said, and where to write. */
export class Pane {
  #chat;
  #onBack;
  #timeline;
  #composer;
  #pins;
  #offer;
  #readers;
  #thread = null;
  #uncover = () => {};
  #head = h("div", { class: "who" });
  #shown_head = null;
  #bar = null;
  #barred = h("div", { class: "barred", "data-testid": "blocked-line", hidden: true });
  #typing = h("p", { class: "typing", "data-testid": "typing", "aria-live": "polite" });

  /** The whole of it. */
  element = h("section", { class: "pane", "aria-label": "Conversation" });

  constructor(chat, id, { onBack }) {
    this.#chat = chat;
    this.#onBack = onBack;
    this.id = id;
    const actions = new Actions(chat, id, {
      reply: (message) => this.#composer.reply(message),
      edit: (message) => this.#composer.edit(message),
      show: (seq) => this.visit(seq),
      unfold: (message_id) => this.#timeline.unfold(message_id),
      thread: (root_id) => this.#openThread(root_id),
    });
    this.#timeline = new Timeline(new ConversationReading(chat, id), (...action) => actions.act(...action));
    this.#pins = new Pins(chat, id, {
      show: (message) => this.visit(message.seq),
      unpin: (message) => this.#try(chat.unpin(message.id)),
      may: () => this.#can("pin_messages"),
    });
    this.#composer = new Composer(chat, id, {
      send: (text, reply_to, attachments) => this.#send(text, reply_to, attachments),
      typing: (is_typing) => chat.typing(id, is_typing),
      editLast: () => this.#editLast(),
    });
    this.#offer = new Offer(chat);
    this.#readers = new Readers(chat, id);
    const talk = h(
      "div",
      { class: "talk" },
      this.#headElement(),
      this.#pins.element,
      this.#timeline.element,
      this.#typing,
      this.#offer.element,
      this.#readers.element,
      this.#composer.element,
      this.#barred,
    );
    this.#composer.catchFilesAt(talk);
    this.element.append(talk);
  }

  /** After it was put into the page. @param {?number} seq the place to look at, if it is a certain one */
  begin(seq = null) {
    this.draw();
    if (seq) this.visit(seq);
    else this.#timeline.begin();
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
    this.#chat.loadMembers(this.id).catch(() => {});
    this.#chat.loadPins(this.id).catch(() => {});
  }

  draw() {
    this.#drawHead();
    this.#pins.draw();
    this.#timeline.draw();
    this.#typing.textContent = typingText(this.#chat.store.typing(this.id));
    this.#drawFoot();
    this.#readers.draw();
    this.#thread?.draw();
    drawProgress(this.element, this.#chat.store);
  }

  close() {
    this.#chat.typing(this.id, false);
    this.#closeThread();
    this.#chat.closeView(this.id);
    this.#timeline.close();
    this.element.remove();
  }

  markSeen() {
    this.#timeline.markSeen();
    this.#thread?.markSeen();
  }

  /** Whether somebody can see what is said here now. */
  get is_shown() {
    return this.#timeline.is_shown;
  }

  lookAway() {
    this.#timeline.lookAway();
  }

  /** Look at the message at a place; one of a thread stands there. */
  async visit(seq) {
    try {
      await this.#timeline.show(seq);
      const message = this.#at(seq);
      if (message?.thread_id) this.#openThread(message.thread_id, seq);
    } catch (error) {
      toast(sentenceOf(error));
    }
  }

  get #conversation() {
    return this.#chat.store.conversations.get(this.id);
  }

  /** The other person of a direct conversation, as they are called now. */
  get #peer() {
    return this.#chat.store.person(this.#conversation.peer);
  }

  #can(action) {
    return this.#conversation.capabilities?.includes(action) ?? true;
  }

  #at(place) {
    const { store } = this.#chat;
    const { entries } = store.views.get(this.id) ?? store.log(this.id);
    return entries.find(({ seq }) => seq === place)?.message;
  }

  #headElement() {
    const back = iconButton("back", "Back to conversations", {
      class: "icon-button back",
      "data-testid": "back",
      onclick: this.#onBack,
    });
    const search = iconButton("search", "Search in this conversation", {
      "data-testid": "search-here",
      onclick: () => this.#openSearch(),
    });
    const menu = iconButton("more", "Conversation menu", {
      "data-testid": "conversation-menu",
      "aria-haspopup": "menu",
      onclick: ({ currentTarget }) =>
        openMenu(currentTarget, conversationItems(this.#chat, this.id, { anchor: currentTarget, leave: this.#onBack })),
    });
    return h("header", { class: "bar" }, back, this.#head, search, menu);
  }

  #drawHead() {
    const { store } = this.#chat;
    const { kind, member_count, avatar_url } = this.#conversation;
    const peer = this.#peer;
    const presence = peer && store.presence(peer.id);
    const title = titleOf(this.#conversation, store);
    const about = kind === "direct" ? presenceText(presence) : countText(member_count, "member");
    const is_sealed = this.#chat.sealing.isSealed(this.id);
    const head = JSON.stringify([title, about, avatar_url, peer, is_sealed]);
    if (head === this.#shown_head) return;
    this.#shown_head = head;
    const face = avatar(
      { id: peer?.id ?? this.id, name: title, avatar_url: peer ? peer.avatar_url : avatar_url },
      { kind, is_online: presence?.is_online },
    );
    const is_online = String(presence?.is_online ?? false);
    const members = () => openMembers(this.#chat, this.id);
    const line = peer
      ? h("span", { class: "about", "data-testid": "presence", "data-online": is_online }, about)
      : h("button", { type: "button", class: "about link", "data-testid": "members", onclick: members }, about);
    fill(this.#head, face, h("div", {}, h("h1", {}, title, is_sealed && lockElement()), line));
  }

  /** Where to write, or why not. */
  #drawFoot() {
    const bar = barOf(this.#chat.store, this.id) ?? unableText(this.#chat, this.id);
    this.#composer.element.hidden = bar !== null;
    this.#composer.draw();
    if (bar === this.#bar) return;
    this.#bar = bar;
    if (!bar && this.#barred.contains(document.activeElement)) this.#composer.focus();
    const peer = this.#peer;
    const end = () => unblock(this.#chat, peer);
    const props = { type: "button", class: "quiet", "data-testid": "unblock", onclick: end };
    const is_blocked = this.#chat.store.blocked_ids.has(peer?.id);
    this.#barred.hidden = bar === null;
    this.#barred.dataset.testid = is_blocked ? "blocked-line" : "read-only";
    fill(this.#barred, h("p", {}, bar ?? ""), is_blocked && h("button", props, "Unblock"));
  }

  #openSearch() {
    const go = ({ seq }) => {
      dialog.close();
      this.visit(seq);
    };
    const { field, results } = searchElements(this.#chat, { conversation_id: this.id, go });
    const dialog = openDialog(`Search in ${titleOf(this.#conversation, this.#chat.store)}`, field, results);
    field.querySelector("input").focus();
  }

  #openThread(root_id, seq) {
    if (this.#thread?.root_id === root_id && !seq) return;
    this.#closeThread();
    this.#thread = new Thread(this.#chat, this.id, root_id, () => this.#leaveThread(root_id));
    this.element.append(this.#thread.element);
    this.element.classList.add("has-thread");
    this.#thread.begin(seq);
    this.#uncover = cover(this.#thread.element, () => this.#leaveThread(root_id));
  }

  #closeThread() {
    this.#thread?.close();
    this.#thread = null;
    this.#uncover();
    this.element.classList.remove("has-thread");
  }

  /** Focus goes back to the message that began it. */
  #leaveThread(root_id) {
    this.#closeThread();
    if (!this.#timeline.focus(root_id)) this.#composer.focus();
  }

  #send(text, reply_to, attachments) {
    this.#timeline.forgetNew();
    this.#chat.send(this.id, text, reply_to, { attachments, marks_read: false });
    this.#offer.make();
  }

  #editLast() {
    const { store } = this.#chat;
    const is_own = ({ message }) =>
      message?.sender.id === store.me.id && !message.is_deleted && !message.thread_id && !store.reveal(message).sealing;
    const own = store.log(this.id).entries.findLast(is_own);
    if (own) this.#composer.edit(store.reveal(own.message));
    return Boolean(own);
  }

  async #try(action) {
    await action.catch((error) => toast(sentenceOf(error)));
  }
}
