import { asUpload } from "../js/parcels.js";
import { unseenReplies } from "../js/shown.js";
import { nameKey } from "../js/text.js";
import { summaryOf } from "./files.js";
import { beginningOf, calledIn, changeText, clock, dayOf, FOLDED, isFolded, listText, nameOf, sentenceOf } from "./words.js";

const TOGETHER_MS = 5 * 60_000;

/**
 * What a timeline shows, as plain rows: days, the line above what is new, changes, and messages
 * gathered by sender.
 *
 * @param {string} id of the conversation
 * @param {object} [look]
 * @param {?number} [look.new_after] place after which messages of others are new; no line when it is above what is
 *   loaded
 * @param {Set<string>} [look.unfolded] ids of messages that are shown although their senders are blocked
 * @param {?string} [look.thread_id] the first message of the thread that is shown; elsewhere replies in threads are not
 */
export function rowsOf(store, id, { new_after = null, unfolded = new Set(), thread_id = null } = {}) {
  const conversation = store.conversations.get(id);
  const { entries, floor } = store.views.get(thread_id ?? id) ?? store.log(id);
  const people = peopleBy(store, id);
  const unseen = thread_id ? new Map() : unseenReplies(store, id);
  const name = (user_id) => (people.has(user_id) ? nameOf(people.get(user_id)) : null);
  const rows = [];
  let before = null;
  let is_divided = new_after === null || new_after < floor - 1;
  for (const { seq, message, event } of [...entries, ...pendingIn(store, id, thread_id)]) {
    if (message?.thread_id && message.thread_id !== thread_id) continue;
    const time = message?.created_at ?? event.ts;
    if (event && conversation.kind === "direct" && !event.data.key_change) continue;
    const day = dayOf(time);
    if (day !== before?.day) rows.push({ kind: "day", key: `day ${seq ?? message.client_id}`, text: day });
    const is_folded = Boolean(message && isFolded(message, conversation.kind, store));
    const is_new = !is_divided && seq > new_after && message && !is_folded && message.sender.id !== store.me.id;
    if (is_new) rows.push({ kind: "new", key: "new" });
    is_divided ||= is_new;
    const is_first = is_new || day !== before?.day || !belongsTo(before?.message, message);
    if (message) rows.push(messageRow(store, conversation, message, { is_first, unfolded, people, thread_id, unseen }));
    else rows.push({ kind: "change", key: `change ${seq}`, text: changeText(event, name) });
    before = { message, day };
  }
  return rows;
}

function messageRow(store, conversation, held, { is_first, unfolded, people, thread_id, unseen }) {
  const message = store.reveal(held);
  const sender = store.person(message.sender);
  const is_own = sender.id === store.me.id;
  return {
    kind: "message",
    key: message.client_id ? `${sender.id} ${message.client_id}` : message.id,
    id: message.id,
    seq: message.seq,
    client_id: message.client_id,
    is_own,
    is_first,
    sender: { id: sender.id, name: calledIn(store, conversation.id, sender), avatar_url: sender.avatar_url },
    shows_sender: is_first && !is_own && conversation.kind !== "direct",
    is_folded: !message.is_deleted && !unfolded.has(message.id) && isFolded(message, conversation.kind, store),
    content: message.content,
    sealing: message.sealing,
    summary: summaryOf(message),
    attachments: message.is_deleted ? [] : attachmentsOf(store, message),
    named: namedIn(store, message, people),
    reactions: message.is_deleted ? [] : reactionsOf(store, message, people),
    may_react: conversation.capabilities?.includes("react") ?? true,
    reply_count: thread_id || message.is_deleted ? 0 : message.reply_count,
    new_replies: unseen.get(message.id) ?? 0,
    is_pinned: Boolean(message.is_pinned && !message.is_deleted),
    quote: quoteOf(store, conversation, message.reply_to),
    is_edited: message.is_edited,
    is_deleted: message.is_deleted,
    time: clock(message.created_at),
    sent_at: message.created_at,
    status: is_own && !message.is_deleted ? shownStatus(store, conversation, message) : null,
    error: message.error && sentenceOf(message.error),
    waits_for: message.waits_for,
    retry_at: message.retry_at,
  };
}

/** Others' marks mean one person in a direct conversation; in a group they would mislead. */
function shownStatus(store, { kind }, message) {
  return message.seq && kind !== "direct" ? "sent" : store.status(message);
}

function quoteOf(store, { id, kind }, replied) {
  const quote = store.revealQuote(id, replied);
  if (!quote) return null;
  if (isFolded(quote, kind, store)) return { id: quote.id, seq: quote.seq, name: "", text: FOLDED };
  const attachments = quote.attachments ?? store.log(id).find(quote.id)?.attachments;
  const summary = summaryOf({ ...quote, attachments });
  return {
    id: quote.id,
    seq: quote.seq,
    name: quote.sender ? nameOf(store.person(quote.sender)) : "",
    text: quote.is_deleted || !summary ? "Message not available" : beginningOf(summary, 200),
  };
}

/** What a message has at the server, and what is on its way there; how far that is, is drawn without the rows. */
function attachmentsOf(store, { attachments = [], parcels = [] }) {
  const on_their_way = parcels.flatMap((key) => store.parcels.get(key) ?? []);
  return [
    ...attachments.map((upload) => previewed(upload, store.previews.get(upload.id))),
    ...on_their_way.map((parcel) => ({
      ...{ ...asUpload(parcel), progress: undefined },
      ...{ preview: parcel.preview, is_parcel: true },
    })),
  ];
}

/** What the server does not know yet is known here of what one sent oneself. */
function previewed(upload, { url = null, ...facts } = {}) {
  const known = Object.entries(upload).filter(([name, value]) => value !== null || facts[name] === undefined);
  return { ...facts, ...Object.fromEntries(known), preview: url ?? upload.preview ?? null };
}

function belongsTo(one, other) {
  if (!one || !other || one.sender.id !== other.sender.id) return false;
  return new Date(other.created_at) - new Date(one.created_at) < TOGETHER_MS;
}

/** What waits to be sent stands at the end, where the end is shown. */
function pendingIn(store, id, thread_id) {
  if (!thread_id && store.views.has(id)) return [];
  const { pending } = store.log(id);
  return pending.filter((message) => (message.thread_id ?? null) === thread_id).map((message) => ({ message }));
}

/** The keys of those whom a message addresses, each with whether it is me; null for its sender, who is not addressed. */
function namedIn(store, { mentions = [], mentions_all, sender }, people) {
  const nameIn = (id) => (id === store.me.id ? store.me.username : people.get(id)?.username);
  const named = mentions.map((id) => [nameIn(id), id === store.me.id]);
  const all = mentions_all ? [["all", sender.id !== store.me.id]] : [];
  const keys = [[sender.username, null], ...named, ...all].filter(([name]) => name);
  return new Map(keys.map(([name, is_me]) => [nameKey(name), is_me]));
}

function reactionsOf(store, { reactions = {} }, people) {
  return Object.entries(reactions).map(([emoji, { count, user_ids }]) => {
    const names = user_ids.flatMap((id) => (people.has(id) ? nameOf(people.get(id)) : []));
    return { emoji, count, is_mine: user_ids.includes(store.me.id), who: listText(names, count) };
  });
}

/** Everybody seen in this conversation, by id; the one who looks is "You". */
function peopleBy(store, id) {
  const people = new Map([[store.me.id, { username: "You" }]]);
  const seen = [...(store.members.get(id)?.values() ?? []), ...store.log(id).entries.map(personIn)];
  for (const { user } of seen) if (user && !people.has(user.id)) people.set(user.id, store.person(user));
  return people;
}

function personIn({ message, event }) {
  return { user: message?.sender ?? event?.data.member?.user };
}
