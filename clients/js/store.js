import { Log } from "./log.js";
import { Notices } from "./notices.js";
import { Passing } from "./passing.js";

/**
 * What this client knows, in memory. `apply` is the reducer; a page listens with `listen` and
 * reads the maps. Conversations, messages and people are held as the server sent them.
 */
export class Store {
  me = null;
  epoch = null;
  me_seq = 0;
  /** @type {Map<string, object>} */ conversations = new Map();
  /** @type {Map<string, Log>} */ logs = new Map();
  /** @type {Set<string>} people whose messages are folded */ blocked_ids = new Set();
  /** @type {Map<string, object[]>} pinned messages by conversation, where they were loaded */ pins = new Map();
  /** @type {Map<string, View>} threads by first message, positions far above by conversation */ views = new Map();
  /** @type {Map<string, number>} how far threads were read by first message, where it is known */ thread_marks =
    new Map();
  /** @type {Map<string, object>} files on their way, by key */ parcels = new Map();
  /** @type {Map<string, object>} what is known of own uploads before the server knows: `url`, `width`, … */ previews =
    new Map();
  /** How many notifications are unread. */ notices = new Notices();
  /** What the server allows, as far as it has said: `upload_bytes`, `attachments`. */ limits = {};
  /** @type {Map<string, Map<string, object>>} members by conversation, where they were loaded */ members = new Map();
  #passing = new Passing();
  #listeners = new Set();

  /** @param {(conversation_id: ?string) => void} listener @returns {() => void} stops listening */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(conversation_id = null) {
    for (const listener of this.#listeners) listener(conversation_id);
  }

  /** Conversations, those I pinned first, then by latest activity. */
  get list() {
    const order = (a, b) => pinned(b) - pinned(a) || (activity(a) < activity(b) ? 1 : -1);
    return [...this.conversations.values()].sort(order);
  }

  get positions() {
    return Object.fromEntries([...this.conversations.keys()].map((id) => [id, this.log(id).position]));
  }

  log(conversation_id) {
    if (!this.logs.has(conversation_id)) this.logs.set(conversation_id, new Log());
    return this.logs.get(conversation_id);
  }

  /** A message as it is to be shown; `ChatClient` has what is sealed opened. @type {(message: object) => object} */
  reveal = (message) => message;

  /** What a reply quotes, as it is to be shown. @type {(conversation_id: string, quote: ?object) => ?object} */
  revealQuote = (_, quote) => quote;

  /** A message that is held anywhere, or null. */
  find(message_id) {
    const pins = { find: () => [...this.pins.values()].flat().find(({ id }) => id === message_id) };
    for (const held of [...this.logs.values(), ...this.views.values(), pins]) {
      const message = held.find(message_id);
      if (message) return message;
    }
    return null;
  }

  /** A person with the name and picture they have now. */
  person(user) {
    return this.#passing.people.get(user?.id) ?? user;
  }

  /** Take my own profile, or some of it. */
  knowMe(profile) {
    this.me = { ...this.me, ...profile };
    this.#passing.meet(this.me);
    this.changed();
  }

  setBlocked(user_id, is_blocked) {
    if (is_blocked) this.blocked_ids.add(user_id);
    else this.blocked_ids.delete(user_id);
    this.changed();
  }

  /** @returns {?{is_online: boolean, last_seen: ?string}} */
  presence(user_id) {
    return this.#passing.presence.get(user_id) ?? null;
  }

  /** Who else is typing, without those whose sign of life is older than six seconds, and those I block. */
  typing(conversation_id) {
    const others = this.#passing.typing(conversation_id).filter(({ id }) => id !== this.me?.id);
    return others.filter(({ id }) => !this.blocked_ids.has(id)).map((user) => this.person(user));
  }

  /** `pending`, `failed`, `sent`, `delivered` or `read`, for one of the user's messages. */
  status(message) {
    return message.seq ? this.#passing.status(message) : message.status;
  }

  /** Take a conversation as the server describes it, with its last `messages` when there are some. */
  put({ messages, head, ...conversation }) {
    const { id } = conversation;
    this.#seeFrom(id, conversation.membership);
    const held = this.conversations.get(id);
    const seq = head ?? conversation.seq ?? held?.seq ?? 0;
    const read = messages || !held ? {} : laterMark(held, conversation);
    this.conversations.set(id, { unread_count: 0, ...held, ...conversation, seq, counted_seq: seq, ...read });
    if (conversation.peer) this.#passing.meet(conversation.peer);
    if (messages) {
      this.#forgetViews(id);
      const first = (conversation.membership?.visible_from_seq ?? 0) + 1;
      this.#reduceAll(id, this.log(id).begin(messages, { position: seq, first }));
    }
    this.changed(id);
  }

  /** Take my own settings in a conversation, or some of them. */
  putMembership(conversation_id, settings) {
    const conversation = this.conversations.get(conversation_id);
    if (!conversation) return;
    this.#seeFrom(conversation_id, settings);
    const membership = { ...conversation.membership, ...settings };
    const last_read_seq = Math.max(readSeq(conversation), membership.last_read_seq ?? 0);
    const is_muted = new Date(membership.muted_until ?? 0) > new Date();
    conversation.membership = { ...membership, last_read_seq, is_muted };
    this.changed(conversation_id);
  }

  remove(conversation_id) {
    for (const map of [this.conversations, this.logs, this.members, this.pins]) map.delete(conversation_id);
    this.#forgetViews(conversation_id);
    this.#passing.forget(conversation_id);
    this.changed(conversation_id);
  }

  clear() {
    for (const map of [this.conversations, this.logs, this.members, this.pins, this.views, this.thread_marks])
      map.clear();
    this.#passing = new Passing();
    this.notices = new Notices();
    this.me = this.epoch = null;
    this.me_seq = 0;
    this.blocked_ids = new Set();
    for (const id of this.previews.keys()) this.forgetPreview(id);
    this.changed();
  }

  /** Take the counts of a `hello`. @returns {string[]} conversations that are new here */
  welcome({ user, me_seq, conversations, has_more, blocked_ids = [], limits = {} }) {
    this.knowMe(user);
    this.blocked_ids = new Set(blocked_ids);
    this.limits = limits;
    this.me_seq = me_seq ?? 0;
    const named = new Set(conversations.map(({ id }) => id));
    if (!has_more) for (const id of this.conversations.keys()) if (!named.has(id)) this.remove(id);
    for (const { id, ...counts } of conversations) {
      this.#seeFrom(id, counts);
      this.#recount(this.conversations.get(id), counts);
    }
    this.changed();
    return [...named].filter((id) => !this.conversations.has(id));
  }

  /**
   * The reducer.
   * @returns {"applied" | "known" | "early" | "unknown"} `early`: read the log after the position
   *   of this conversation; `unknown`: fetch the conversation
   * @param {{has_read?: boolean}} [sender] whether I have read what came before, where it is a message of mine
   */
  apply(event, { has_read = true } = {}) {
    if (event.seq === undefined) return this.#applyPassing(event);
    const id = event.conversation_id;
    if (!this.conversations.has(id)) return "unknown";
    const log = this.log(id);
    if (event.seq <= log.position) return "known";
    this.#reduceAll(id, log.hear({ ...event, has_read }));
    this.changed(id);
    return log.has_gap ? "early" : "applied";
  }

  /** The server has nothing more in this log up to `seq`. */
  skipTo(conversation_id, seq) {
    this.#reduceAll(conversation_id, this.log(conversation_id).skipTo(seq));
    this.changed(conversation_id);
  }

  /** Move my own read mark; it never goes back. @returns {boolean} whether it moved */
  markRead(conversation_id, seq) {
    const conversation = this.conversations.get(conversation_id);
    if (!conversation || (seq <= readSeq(conversation) && !conversation.membership?.is_marked_unread)) return false;
    const log = this.log(conversation_id);
    const last_read_seq = Math.max(seq, readSeq(conversation));
    this.notices.readUpTo(conversation_id, last_read_seq);
    conversation.membership = { ...conversation.membership, last_read_seq, is_marked_unread: false };
    if (log.floor <= seq + 1) {
      const unread = log.after(last_read_seq).filter((message) => this.counts(message));
      conversation.unread_count = unread.length;
      conversation.mention_count = unread.filter((message) => this.mentionsMe(message)).length;
      conversation.counted_seq = log.position;
    }
    if (!conversation.unread_count) conversation.mention_count = 0;
    this.changed(conversation_id);
    return true;
  }

  /** Move my own read mark in a thread; it never goes back. @returns {boolean} whether it moved */
  markThreadRead(root_id, seq) {
    if (seq <= this.thread_marks.get(root_id)) return false;
    this.thread_marks.set(root_id, seq);
    const view = this.views.get(root_id);
    if (view) view.read_seq = Math.max(view.read_seq, seq);
    return true;
  }

  /** Put an own message, which has no `seq` yet, below the others. */
  addPending(message) {
    this.log(message.conversation_id).pending.push(message);
    this.changed(message.conversation_id);
  }

  updatePending(client_id, fields) {
    for (const [id, log] of this.logs) {
      const at = log.pending.findIndex((message) => message.client_id === client_id);
      if (at < 0) continue;
      log.pending = log.pending.with(at, { ...log.pending[at], ...fields });
      this.changed(id);
    }
  }

  removePending(conversation_id, client_id) {
    const log = this.logs.get(conversation_id);
    if (!log) return;
    log.pending = log.pending.filter((message) => message.client_id !== client_id);
    this.changed(conversation_id);
  }

  /** Hold a message from an answer: an edit of mine, say, whose event is still on its way. */
  putMessage(message) {
    this.#hold(message);
    this.#relast(message);
    this.changed(message.conversation_id);
  }

  /** Take from own messages how far they have come, and nothing else: their log may not be known here so far. */
  putStatuses(conversation_id, messages) {
    const log = this.logs.get(conversation_id);
    if (!log) return;
    for (const { id, status } of messages) if (status) log.patch(id, { ...log.find(id), status });
    this.changed(conversation_id);
  }

  putParcel(parcel) {
    this.parcels.set(parcel.key, parcel);
    this.changed(parcel.conversation_id);
  }

  removeParcel(key) {
    const parcel = this.parcels.get(key);
    this.parcels.delete(key);
    this.changed(parcel?.conversation_id);
  }

  /** The server now shows the user's own upload. */
  forgetPreview(upload_id) {
    URL.revokeObjectURL(this.previews.get(upload_id)?.url);
    this.previews.delete(upload_id);
  }

  /** Take a conversation's pinned messages, last pinned first. */
  putPins(conversation_id, messages) {
    this.pins.set(conversation_id, messages);
    this.changed(conversation_id);
  }

  /** Look at something beside the log of a conversation. */
  open(key, view) {
    this.views.set(key, view);
    this.changed(view.conversation_id);
    return view;
  }

  close(key) {
    if (this.views.delete(key)) this.changed();
  }

  /** Whether a message names me, or everybody. */
  mentionsMe({ mentions, mentions_all, sender }) {
    return sender?.id !== this.me?.id && Boolean(mentions_all || mentions?.includes(this.me?.id));
  }

  /** Take the members of a conversation. People come and go in channels without an event, so `is_all` counts. */
  putMembers(conversation_id, members, is_all) {
    const conversation = this.conversations.get(conversation_id);
    if (!conversation) return;
    if (is_all) conversation.member_count = members.length;
    for (const { user } of members) this.#passing.meet(user);
    this.members.set(conversation_id, new Map(members.map((member) => [member.user.id, member])));
    this.changed(conversation_id);
  }

  /** Who came back where history begins with joining may not see what lies before, although it is held here. */
  #seeFrom(id, { visible_from_seq = 0 } = {}) {
    const conversation = this.conversations.get(id);
    if (!conversation || visible_from_seq <= (conversation.membership?.visible_from_seq ?? 0)) return;
    const is_seen = ({ seq }) => seq > visible_from_seq;
    conversation.membership = { ...conversation.membership, visible_from_seq };
    if (conversation.last_message && !is_seen(conversation.last_message)) conversation.last_message = null;
    this.log(id).forgetUpTo(visible_from_seq);
    if (this.pins.has(id)) this.pins.set(id, this.pins.get(id).filter(is_seen));
    this.#forgetViews(id);
  }

  #recount(conversation, { seq, unread_count, mention_count, last_read_seq }) {
    if (!conversation || last_read_seq < readSeq(conversation)) return;
    conversation.membership = { ...conversation.membership, last_read_seq };
    Object.assign(conversation, { unread_count, mention_count, counted_seq: seq });
  }

  #applyPassing({ type, conversation_id, data, me_seq }) {
    if (me_seq) this.me_seq = Math.max(this.me_seq, me_seq);
    const passing = {
      "typing.updated": () => this.#passing.setTyping(conversation_id, data.users),
      "presence.updated": () => this.#passing.presence.set(data.user_id, data),
      "read.updated": () => this.#hearMark(conversation_id, data, "read"),
      "thread.read": () => this.markThreadRead(data.thread_id, data.seq),
      "delivered.updated": () => this.#hearMark(conversation_id, data, "delivered"),
      "user.updated": () => this.#rename(data.user),
      "conversation.removed": () => this.remove(conversation_id),
      "notification.created": () => this.notices.hear(data.notification),
      "notification.read": () => this.notices.count(data),
    };
    if (!passing[type]) return "unknown";
    passing[type]();
    this.changed(conversation_id);
    return "applied";
  }

  #rename(user) {
    this.#passing.people.set(user.id, user);
    if (user.id === this.me?.id) this.me = { ...this.me, ...user };
  }

  #hearMark(conversation_id, { user_id, seq }, name) {
    if (user_id !== this.me?.id) this.#passing.setMark(conversation_id, user_id, { [name]: seq });
    else if (name === "read") {
      this.markRead(conversation_id, seq);
      this.notices.round += 1; // only now the server's lists say so
    }
  }

  #reduceAll(conversation_id, events) {
    for (const event of events) this.#reduce(this.conversations.get(conversation_id), event);
  }

  #reduce(conversation, { type, seq, ts, data, has_read }) {
    if (!conversation) return;
    const log = this.log(conversation.id);
    const before = type === "conversation.updated" ? { before: { ...conversation } } : {};
    conversation.seq = Math.max(conversation.seq, seq);
    if (type === "message.created") this.#created(conversation, data.message, has_read);
    else if (type === "message.updated") this.putMessage(data.message);
    else if (type === "message.deleted") this.#deleted(conversation, data.message);
    else if (data?.message_id) this.#patch(log, data, seq);
    else if (type.startsWith("member.")) this.#member(conversation, { type, seq, data });
    else if (type === "conversation.updated") this.#described(conversation, data.conversation);
    else if (type === "conversation.deleted") return this.remove(conversation.id);
    log.tell({ type, seq, ts, data: { ...data, ...before } });
    conversation.counted_seq = Math.max(conversation.counted_seq, seq);
  }

  #created(conversation, message, has_read) {
    this.#hold(message);
    conversation.last_message = message;
    this.#passing.stopTyping(conversation.id, message.sender?.id);
    this.#hearMark(conversation.id, { user_id: message.sender?.id, seq: message.seq }, "delivered");
    if (message.sender?.id === this.me?.id) {
      this.removePending(conversation.id, message.client_id);
      if (has_read || !conversation.unread_count) this.markRead(conversation.id, message.seq);
      return;
    }
    if (message.seq > conversation.counted_seq && message.seq > readSeq(conversation) && this.counts(message)) {
      conversation.unread_count += 1;
      if (this.mentionsMe(message)) conversation.mention_count = (conversation.mention_count ?? 0) + 1;
    }
  }

  #hold(message) {
    this.log(message.conversation_id).hold(message);
    for (const view of this.views.values()) view.take(message);
    const pins = this.pins.get(message.conversation_id);
    const is_kept = message.is_pinned && !message.is_deleted;
    const renew = (one) => {
      if (one.id !== message.id || one.changed_seq > message.changed_seq) return one;
      return is_kept ? message : [];
    };
    if (pins) this.pins.set(message.conversation_id, pins.flatMap(renew));
    for (const upload of message.attachments ?? []) if (isSettled(upload)) this.forgetPreview(upload.id);
  }

  /** Reactions and pins replace a part of a message, in every view of it. */
  #patch(log, { message_id, actor_id, ...fields }, seq) {
    for (const held of [log, ...this.views.values()]) held.patch(message_id, { changed_seq: seq, ...fields });
  }

  #forgetViews(conversation_id) {
    for (const [key, view] of this.views) if (view.conversation_id === conversation_id) this.views.delete(key);
  }

  #deleted(conversation, message) {
    const is_news = message.changed_seq > conversation.counted_seq && message.seq > readSeq(conversation);
    const held = this.log(conversation.id).find(message.id) ?? message;
    const was_counted = held === message || !held.is_deleted;
    if (is_news && was_counted && this.counts({ ...message, is_deleted: false })) {
      conversation.unread_count = Math.max(0, conversation.unread_count - 1);
      if (this.mentionsMe(held)) conversation.mention_count = Math.max(0, conversation.mention_count - 1);
    }
    this.putMessage(message);
  }

  /** Whether a message is unread until it is read. */
  counts({ sender, is_deleted }) {
    return !is_deleted && sender?.id !== this.me?.id && !this.blocked_ids.has(sender?.id);
  }

  #relast(message) {
    const conversation = this.conversations.get(message.conversation_id);
    const last = conversation?.last_message;
    if (last?.id === message.id && last.changed_seq <= message.changed_seq) conversation.last_message = message;
  }

  #member(conversation, { type, seq, data: { member, changed } }) {
    const is_about_readers = type !== "member.updated" || changed === "devices";
    if (is_about_readers && seq > (conversation.roster_seq ?? 0)) conversation.roster_seq = seq;
    const members = this.members.get(conversation.id);
    const is_me = member.user.id === this.me?.id;
    if (type === "member.removed") members?.delete(member.user.id);
    else members?.set(member.user.id, member);
    if (is_me && type !== "member.removed") {
      const { role, nickname, silenced_until } = member;
      conversation.membership = { ...conversation.membership, role, nickname, silenced_until };
    }
    if (conversation.counted_seq >= seq) return;
    if (type === "member.added") conversation.member_count += 1;
    if (type === "member.removed") conversation.member_count -= 1;
  }

  /** An event is the same for all who receive it, so the user's own fields of a conversation stay as held. */
  #described(conversation, { membership, unread_count, mention_count, last_message, seq, ...described }) {
    Object.assign(conversation, described);
  }
}

function activity({ last_message, active_at, created_at }) {
  return last_message?.created_at ?? active_at ?? created_at ?? "";
}

/** An answer may have left the server before my last read mark came there. */
function laterMark(held, { membership }) {
  if (!membership || membership.last_read_seq >= readSeq(held)) return {};
  const { unread_count, mention_count, counted_seq } = held;
  return { unread_count, mention_count, counted_seq, membership: { ...membership, last_read_seq: readSeq(held) } };
}

function pinned({ membership }) {
  return Number(membership?.is_pinned ?? false);
}

/** Pictures are shown as they were until the server's have been loaded, so that nothing flickers. */
function isSettled({ kind, status }) {
  return status === "failed" || (status === "ready" && kind !== "image");
}

function readSeq({ membership }) {
  return membership?.last_read_seq ?? 0;
}
