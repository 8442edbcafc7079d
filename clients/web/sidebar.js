import { avatar } from "./avatar.js";
import { openChannels } from "./channels.js";
import { fill, fillKeyed, h, iconButton } from "./dom.js";
import { openMenu } from "./menu.js";
import { newDirect, newGroup } from "./people.js";
import { openSettings } from "./settings/settings.js";
import { briefly, excerptOf, nameOf, titleOf, typingText } from "./words.js";

/** The conversations, and the way to new ones. */
export class Sidebar {
  #chat;
  #site_name;
  #list = h("ul", {
    class: "conversations",
    "data-testid": "conversation-list",
    "aria-label": "Conversations",
    onkeydown: move,
  });
  #empty = h("div", { class: "empty", hidden: true });
  #me = h("button", {
    type: "button",
    class: "me",
    "aria-haspopup": "menu",
    "data-testid": "profile",
    onclick: ({ currentTarget }) => this.#openProfile(currentTarget),
  });

  /** The whole of it. */
  element = h("nav", { class: "sidebar", "aria-label": "Conversations" });

  constructor(chat, { site_name, open, onSignOut }) {
    this.#chat = chat;
    this.#site_name = site_name;
    this.open = open;
    this.onSignOut = onSignOut;
    const direct = () => newDirect(chat, open);
    const channels = () => openChannels(chat, open);
    const start = h(
      "div",
      { class: "starts" },
      iconButton("edit", "New direct chat", { "data-testid": "new-direct", onclick: direct }),
      iconButton("group", "New group", { "data-testid": "new-group", onclick: () => newGroup(chat, open) }),
      iconButton("channel", "Channels", { "data-testid": "channels", onclick: channels }),
    );
    fill(
      this.#empty,
      h("p", {}, "No conversations yet."),
      h("button", { type: "button", class: "primary", onclick: direct }, "Write to somebody"),
      h("button", { type: "button", class: "quiet", onclick: channels }, "Look at the channels"),
    );
    this.element.append(h("header", { class: "bar" }, this.#me, start), this.#empty, this.#list);
  }

  draw(open_id) {
    const { store } = this.#chat;
    if (!store.me) return;
    const me = { ...store.me, name: nameOf(store.me) };
    fillKeyed(this.#me, [{ key: "me", ...me }], () => h("span", {}, avatar(me), h("strong", {}, me.name)));
    this.#me.setAttribute("aria-label", `${me.name}: your profile`);
    fillKeyed(
      this.#list,
      store.list.map((conversation) => this.#item(conversation, open_id)),
      itemElement,
    );
    this.#empty.hidden = store.epoch === null || store.conversations.size > 0;
    const unread = store.unread_total;
    document.title = unread ? `(${unread}) ${this.#site_name}` : this.#site_name;
  }

  #item(conversation, open_id) {
    const { store } = this.#chat;
    const { id, kind, avatar_url, unread_count, last_message } = conversation;
    const peer = store.person(conversation.peer);
    return {
      key: id,
      kind,
      title: titleOf(conversation, store),
      face_id: peer?.id ?? id,
      avatar_url: peer ? peer.avatar_url : avatar_url,
      excerpt: typingText(store.typing(id)) || excerptOf(conversation, store),
      time: last_message && briefly(last_message.created_at),
      unread_count,
      is_online: Boolean(peer && store.presence(peer.id)?.is_online),
      is_open: id === open_id,
    };
  }

  #openProfile(anchor) {
    openMenu(anchor, [
      { label: "Settings", testid: "settings", run: () => openSettings(this.#chat) },
      { label: `Sign out ${this.#chat.store.me.username}`, testid: "sign-out", run: this.onSignOut },
    ]);
  }
}

function itemElement({ key, kind, title, face_id, avatar_url, excerpt, time, unread_count, is_online, is_open }) {
  const badge =
    unread_count > 0 &&
    h(
      "span",
      { class: "badge", "data-testid": "unread-badge", "aria-label": `${unread_count} unread` },
      unread_count > 99 ? "99+" : unread_count,
    );
  const link = h(
    "a",
    { href: `#/c/${key}`, "aria-current": is_open && "true", class: unread_count ? "unread" : undefined },
    avatar({ id: face_id, name: title, avatar_url }, { kind, is_online }),
    h("span", { class: "title" }, title, is_online && h("span", { class: "unseen" }, ", online")),
    h("span", { class: "time" }, time),
    h("span", { class: "excerpt", dir: "auto" }, excerpt),
    badge,
  );
  return h(
    "li",
    { "data-testid": "conversation-item", "data-conversation-id": key, "data-online": String(is_online) },
    link,
  );
}

function move(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const links = [...event.currentTarget.querySelectorAll("a")];
  const to = links[links.indexOf(document.activeElement) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
}
