import { isFoundBy } from "../js/text.js";
import { avatar } from "./avatar.js";
import { openChannels } from "./channels.js";
import { fill, fillKeyed, h, icon, iconButton } from "./dom.js";
import { lockElement } from "./sealed/lock.js";
import { openMenu } from "./menu.js";
import { isMuted } from "./muting.js";
import { Bell } from "./notices/bell.js";
import { newDirect, newGroup } from "./people.js";
import { cover, isNarrow } from "./places.js";
import { searchElements } from "./search.js";
import { openSettings } from "./settings/settings.js";
import { briefly, excerptOf, nameOf, titleOf, typingText } from "./words.js";

/** The conversations, and the way to new ones. */
export class Sidebar {
  #chat;
  #list = h("ul", {
    class: "conversations",
    "data-testid": "conversation-list",
    "aria-label": "Conversations",
    onkeydown: move,
  });
  #archive = h("ul", { class: "conversations", "aria-label": "Archive", onkeydown: move });
  #folded = h(
    "details",
    { class: "archive", hidden: true, "data-testid": "archived" },
    h("summary", {}, "Archive"),
    this.#archive,
  );
  #lists = h("div", { class: "lists" }, this.#list, this.#folded);
  #empty = h("div", { class: "empty", hidden: true });
  #find;
  #bell;
  #wanted = "";
  #uncover = null;
  #me = h("button", {
    type: "button",
    class: "me",
    "aria-haspopup": "menu",
    "data-testid": "profile",
    onclick: ({ currentTarget }) => this.#openProfile(currentTarget),
  });

  /** The whole of it. */
  element = h("nav", { class: "sidebar", "aria-label": "Conversations" });

  constructor(chat, { open, onSignOut }) {
    this.#chat = chat;
    this.open = open;
    this.onSignOut = onSignOut;
    const direct = () => newDirect(chat, open);
    const channels = () => openChannels(chat, open);
    this.#bell = new Bell(chat, open);
    const start = h(
      "div",
      { class: "starts" },
      this.#bell.element,
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
    const go = ({ conversation_id, seq }) => {
      this.#find.clear();
      open(conversation_id, seq);
    };
    this.#find = searchElements(chat, { go, onText: (text) => this.#filter(text) });
    this.#find.results.hidden = true;
    const { field, results } = this.#find;
    this.element.append(h("header", { class: "bar" }, this.#me, start), field, this.#empty, this.#lists, results);
  }

  /** Go to the search field. */
  search() {
    this.element.querySelector("[data-testid=search]").focus();
  }

  draw(open_id) {
    const { store } = this.#chat;
    if (!store.me) return;
    const me = { ...store.me, name: nameOf(store.me) };
    fillKeyed(this.#me, [{ key: "me", ...me }], () => h("span", {}, avatar(me), h("strong", {}, me.name)));
    this.#me.setAttribute("aria-label", `${me.name}: your profile`);
    const items = store.list.map((conversation) => this.#item(conversation, open_id));
    const fits = ({ title }) => title.toLowerCase().includes(this.#wanted) || isFoundBy(this.#wanted, title);
    const wanted = items.filter(fits);
    const archived = wanted.filter(({ is_archived }) => is_archived);
    fillKeyed(
      this.#list,
      wanted.filter(({ is_archived }) => !is_archived),
      itemElement,
    );
    fillKeyed(this.#archive, archived, itemElement);
    this.#folded.hidden = !archived.length;
    this.#empty.hidden = store.epoch === null || store.conversations.size > 0;
    this.#bell.draw();
  }

  #item(conversation, open_id) {
    const { store } = this.#chat;
    const { id, kind, avatar_url, unread_count, mention_count, last_message, membership } = conversation;
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
      mention_count,
      is_sealed: this.#chat.sealing.isSealed(id),
      is_pinned: Boolean(membership?.is_pinned),
      is_archived: Boolean(membership?.is_archived),
      is_muted: Boolean(membership && isMuted(membership)),
      is_marked_unread: Boolean(membership?.is_marked_unread),
      is_online: Boolean(peer && store.presence(peer.id)?.is_online),
      is_open: id === open_id,
    };
  }

  /** Conversations are found by name at once, messages by what the server answers. */
  #filter(text) {
    this.#wanted = text.toLowerCase();
    this.#find.results.hidden = !text;
    this.element.classList.toggle("searching", Boolean(text));
    this.#coverList(Boolean(text));
    this.#chat.store.changed();
  }

  /** On a telephone what is found is all that one sees. */
  #coverList(is_over) {
    if (!is_over) this.#uncover = this.#uncover?.();
    else if (isNarrow()) this.#uncover ??= cover(this.#find.results, () => this.#find.clear());
  }

  #openProfile(anchor) {
    openMenu(anchor, [
      { label: "Settings", testid: "settings", run: () => openSettings(this.#chat) },
      { label: `Sign out ${this.#chat.store.me.username}`, testid: "sign-out", run: this.onSignOut },
    ]);
  }
}

function itemElement(item) {
  const { key, kind, title, face_id, avatar_url, excerpt, time, unread_count, is_online, is_open } = item;
  const lock = item.is_sealed && lockElement();
  const is_unread = unread_count > 0 || item.is_marked_unread;
  const link = h(
    "a",
    {
      ...{ href: `#/c/${key}`, "aria-current": is_open && "true", class: is_unread ? "unread" : undefined },
      "data-stays": true,
    },
    avatar({ id: face_id, name: title, avatar_url }, { kind, is_online }),
    h("span", { class: "title" }, title, lock, is_online && h("span", { class: "unseen" }, ", online")),
    h("span", { class: "time" }, signs(item), time),
    h("span", { class: "excerpt", dir: "auto" }, excerpt),
    badges(item),
  );
  return h(
    "li",
    { "data-testid": "conversation-item", "data-conversation-id": key, "data-online": String(is_online) },
    link,
  );
}

function signs({ is_pinned, is_muted }) {
  const sign = (name, label) => h("span", { role: "img", "aria-label": label, title: label }, icon(name));
  return [is_muted && sign("muted", "Muted"), is_pinned && sign("pin", "Pinned to the top")].filter(Boolean);
}

function badges({ unread_count, mention_count, is_muted, is_marked_unread }) {
  if (!unread_count && !is_marked_unread) return null;
  const badge = (testid, label, text, look = "") =>
    h("span", { class: `badge ${look}`, "data-testid": testid, "aria-label": label }, text);
  const unread = unread_count
    ? badge("unread-badge", `${unread_count} unread`, unread_count > 99 ? "99+" : unread_count, is_muted ? "faint" : "")
    : badge("marked-unread", "Marked as unread", "", "point");
  return h(
    "span",
    { class: "badges" },
    mention_count > 0 && badge("mention-badge", `${mention_count} times mentioned`, "@"),
    unread,
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
