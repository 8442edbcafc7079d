import { avatar } from "./avatar.js";
import { blockItem, unblock } from "./blocking.js";
import { Composer } from "./composer.js";
import { confirm, toast } from "./dialog.js";
import { fill, h, iconButton } from "./dom.js";
import { openMembers } from "./members.js";
import { openMenu } from "./menu.js";
import { Timeline } from "./timeline.js";
import { nameOf, presenceText, sentenceOf, titleOf, typingText } from "./words.js";

/** One open conversation: who it is with, what was said, and where to write. */
export class Pane {
  #chat;
  #timeline;
  #composer;
  #head = h("div", { class: "who" });
  #shown_head = null;
  #blocked_name = null;
  #barred = h("div", { class: "barred", "data-testid": "blocked-line", hidden: true });
  #menu = iconButton("more", "Conversation menu", {
    "data-testid": "conversation-menu",
    "aria-haspopup": "menu",
    hidden: true,
    onclick: ({ currentTarget }) => openMenu(currentTarget, [blockItem(this.#chat, this.#peer)]),
  });
  #typing = h("p", { class: "typing", "data-testid": "typing", "aria-live": "polite" });

  /** The whole of it. */
  element = h("section", { class: "pane", "aria-label": "Conversation" });

  constructor(chat, id, { onBack }) {
    this.#chat = chat;
    this.id = id;
    this.#timeline = new Timeline(chat, id, (...deed) => this.#act(...deed));
    this.#composer = new Composer(id, {
      send: (text, reply_to) => this.#send(text, reply_to),
      edit: (message, text) => this.#try(chat.edit(message.id, text)),
      typing: (is_typing) => chat.typing(id, is_typing),
      editLast: () => this.#editLast(),
    });
    const back = iconButton("back", "Back to conversations", {
      class: "icon-button back",
      "data-testid": "back",
      onclick: onBack,
    });
    const header = h("header", { class: "bar" }, back, this.#head, this.#menu);
    this.element.append(header, this.#timeline.element, this.#typing, this.#composer.element, this.#barred);
  }

  /** After it was put into the page. */
  begin() {
    this.#drawHead();
    this.#timeline.begin();
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
    if (this.#conversation.kind !== "direct") this.#chat.loadMembers(this.id).catch(() => {});
  }

  draw() {
    this.#drawHead();
    this.#timeline.draw();
    this.#typing.textContent = typingText(this.#chat.store.typing(this.id));
    this.#drawFoot();
  }

  close() {
    this.#chat.typing(this.id, false);
    this.#timeline.close();
    this.element.remove();
  }

  markSeen() {
    this.#timeline.markSeen();
  }

  lookAway() {
    this.#timeline.lookAway();
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

  #drawHead() {
    const { store } = this.#chat;
    const { kind, member_count, avatar_url } = this.#conversation;
    const peer = this.#peer;
    const presence = peer && store.presence(peer.id);
    const title = titleOf(this.#conversation, store);
    const about =
      kind === "direct" ? presenceText(presence) : `${member_count} ${member_count === 1 ? "member" : "members"}`;
    const head = JSON.stringify([title, about, avatar_url, peer]);
    if (head === this.#shown_head) return;
    this.#shown_head = head;
    const face = avatar(
      { id: peer?.id ?? this.id, name: title, avatar_url: peer ? peer.avatar_url : avatar_url },
      { kind, is_online: presence?.is_online },
    );
    const is_online = String(presence?.is_online ?? false);
    const line = peer
      ? h("span", { class: "about", "data-testid": "presence", "data-online": is_online }, about)
      : h(
          "button",
          {
            type: "button",
            class: "about link",
            "data-testid": "members",
            onclick: () => openMembers(this.#chat, this.id),
          },
          about,
        );
    fill(this.#head, face, h("div", {}, h("h1", {}, title), line));
    this.#menu.hidden = !peer;
  }

  /** Where to write, or why not. */
  #drawFoot() {
    const peer = this.#peer;
    const is_blocked = this.#chat.store.blocked_ids.has(peer?.id);
    this.#composer.element.hidden = is_blocked || !this.#can("send_message");
    this.#barred.hidden = !is_blocked;
    const name = is_blocked ? nameOf(peer) : null;
    if (name === this.#blocked_name) return;
    this.#blocked_name = name;
    if (!is_blocked && this.#barred.contains(document.activeElement)) this.#composer.focus();
    const end = () => unblock(this.#chat, peer);
    const props = { type: "button", class: "quiet", "data-testid": "unblock", onclick: end };
    fill(this.#barred, h("p", {}, `You blocked ${name}.`), h("button", props, "Unblock"));
  }

  #send(text, reply_to) {
    this.#timeline.forgetNew();
    this.#chat.send(this.id, text, reply_to);
  }

  #editLast() {
    const { store } = this.#chat;
    const own = store
      .log(this.id)
      .entries.findLast(({ message }) => message?.sender.id === store.me.id && !message.is_deleted);
    if (own) this.#composer.edit(own.message);
    return Boolean(own);
  }

  #act(name, row, anchor) {
    if (name === "menu") this.#openMenu(row, anchor);
    if (name === "show") this.#timeline.show(row.id);
    if (name === "unfold") this.#timeline.unfold(row.id);
    if (name === "retry") this.#chat.retry(row.client_id);
    if (name === "discard") this.#chat.discard(row.client_id);
  }

  /** Focus comes back to the row, which outlives its button when it is redrawn meanwhile. */
  #openMenu(row, anchor) {
    anchor.closest(".message").focus({ preventScroll: true });
    openMenu(anchor, this.#deeds(row));
  }

  #deeds(row) {
    const { store } = this.#chat;
    const message = row.id && store.log(this.id).find(row.id);
    const copy = { label: "Copy text", run: () => navigator.clipboard?.writeText(row.content) };
    if (!message) return [copy];
    const deeds = [{ label: "Reply", run: () => this.#composer.reply(message) }, copy];
    if (row.is_own) deeds.push({ label: "Edit", run: () => this.#composer.edit(message) });
    if (row.is_own || this.#can("delete_messages"))
      deeds.push({ label: "Delete", run: () => this.#delete(row), is_danger: true });
    if (!row.is_own && this.#conversation.kind !== "direct")
      deeds.push(blockItem(this.#chat, store.person(message.sender)));
    return deeds;
  }

  async #delete({ id }) {
    const is_sure = await confirm(
      "Delete this message?",
      "It disappears for everybody, and cannot be brought back.",
      "Delete",
    );
    if (is_sure) await this.#try(this.#chat.delete(id));
  }

  async #try(deed) {
    await deed.catch((error) => toast(sentenceOf(error)));
  }
}
