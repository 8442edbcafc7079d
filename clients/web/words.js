import { summaryOf } from "./files.js";
import { keyChangeText } from "./sealed/words.js";

const DAY_MS = 86_400_000;
const UNITS = [
  ["minute", 60],
  ["hour", 3_600],
  ["day", 86_400],
];

const ROLES = { owner: "an owner", admin: "an admin", member: "a member" };

/** What stands in a group instead of what somebody blocked has written. */
export const FOLDED = "Message from somebody you blocked";

/** What people are called. */
export function nameOf(user) {
  return user?.full_name || user?.username || "Somebody";
}

/** What people are called in a conversation, where they may have given themselves another name. */
export function calledIn(store, conversation_id, user) {
  return store.members.get(conversation_id)?.get(user.id)?.nickname || nameOf(user);
}

/** "alice", "alice and bob", "alice, bob and 3 others". `count` is how many they are in all. */
export function listText(names, count = names.length) {
  const others = count - names.length;
  const all = others > 0 ? [...names, `${others} ${others === 1 ? "other" : "others"}`] : names;
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

/** "1 reply", "3 replies" */
export function countText(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** What a conversation is called: a direct one by the other person. */
export function titleOf(conversation, store) {
  if (conversation.kind === "direct") return nameOf(store.person(conversation.peer));
  return conversation.name || "Unnamed";
}

/** The first characters of a text, none of them cut in two. */
export function beginningOf(text, most) {
  return [...text.slice(0, 2 * most)].slice(0, most).join("");
}

/** One line for the conversation list. */
export function excerptOf({ last_message, kind }, store) {
  const message = store.reveal(last_message);
  if (!message) return "No messages yet";
  if (isFolded(message, kind, store)) return FOLDED;
  const is_own = message.sender?.id === store.me?.id;
  const text = message.is_deleted ? "Message deleted" : beginningOf(summaryOf(message).replaceAll(/\s+/g, " "), 120);
  if (is_own) return `You: ${text}`;
  return kind === "direct" ? text : `${nameOf(store.person(message.sender))}: ${text}`;
}

/** Groups fold what blocked people write; a direct conversation with them stays to be read. */
export function isFolded({ sender }, kind, store) {
  return kind !== "direct" && store.blocked_ids.has(sender?.id);
}

/** "alice added bob", from an entry of the log. `name` tells the name of an id, where it is known. */
export function changeText({ type, seq, data }, name) {
  const actor = name(data.actor_id);
  const nobody = data.actor_id ? "Somebody" : "The operators";
  if (type === "conversation.updated") return `${actor ?? nobody} ${alterationOf(data)}`;
  const { user } = data.member;
  const subject = name(user.id) ?? nameOf(user);
  if (data.key_change) return keyChangeText(data.key_change, subject);
  if (type === "member.updated") {
    const role = ROLES[data.member.role] ?? data.member.role;
    return actor ? `${actor} made ${lower(subject)} ${role}` : `${subject} was made ${role}`;
  }
  const is_self = data.actor_id === user.id;
  if (type === "member.added") {
    if (!data.actor_id) return `${subject} joined`; // by a link
    if (is_self && seq === 1) return `${subject} created this conversation`;
    if (is_self) return `${subject} joined`;
    return actor ? `${actor} added ${lower(subject)}` : `${subject} was added`;
  }
  if (is_self) return `${subject} left`;
  return actor ? `${actor} removed ${lower(subject)}` : `${subject} was removed`;
}

/** What became of a conversation, where it is known how it was before. */
function alterationOf({ conversation, before }) {
  const has = (field) => before && before[field] !== conversation[field];
  if (has("name")) return `named it “${conversation.name}”`;
  if (has("description")) return "changed what it is about";
  if (has("avatar_url")) return conversation.avatar_url ? "changed the picture" : "removed the picture";
  if (has("is_frozen")) return conversation.is_frozen ? "froze this conversation" : "ended the freeze";
  if (has("is_read_only")) return conversation.is_read_only ? "let only admins write" : "let everybody write";
  if (has("members_can_invite"))
    return conversation.members_can_invite ? "let members add people" : "let only admins add people";
  if (!has("slow_mode_seconds")) return "changed the conversation";
  const { slow_mode_seconds: seconds } = conversation;
  return seconds ? `set slow mode to ${waitText(seconds)}` : "ended slow mode";
}

/** "bob is typing…" */
export function typingText(users) {
  const names = users.map(({ username }) => username);
  if (!names.length) return "";
  if (names.length === 1) return `${names[0]} is typing…`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`;
  return `${names.length} people are typing…`;
}

export function clock(time) {
  return new Date(time).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}

/** The day as people call it: today, yesterday, a weekday, a date. */
export function dayOf(time, now = new Date()) {
  const date = new Date(time);
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY_MS);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days > 1 && days < 7) return date.toLocaleDateString(undefined, { weekday: "long" });
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(undefined, { day: "numeric", month: "long", year });
}

/** When something was, in as few characters as will do. */
export function briefly(time, now = new Date()) {
  const day = dayOf(time, now);
  if (day === "Today") return clock(time);
  if (now - new Date(time) < 7 * DAY_MS) return day === "Yesterday" ? day : day.slice(0, 3);
  return new Date(time).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** "online", "last seen 14:02", or nothing where it is not shown. */
export function presenceText(presence) {
  if (presence?.is_online) return "online";
  if (!presence?.last_seen) return "";
  const day = dayOf(presence.last_seen);
  return `last seen ${day === "Today" ? "" : `${day.toLowerCase()} `}${clock(presence.last_seen)}`;
}

/** "just now", "5 minutes ago", "3 days ago", a date. */
export function agoText(time, now = new Date()) {
  const seconds = (now - new Date(time)) / 1000;
  if (seconds < 60) return "just now";
  if (seconds > 7 * 86_400) return dayOf(time, now);
  const [unit, size] = UNITS.findLast(([, size]) => seconds >= size);
  return new Intl.RelativeTimeFormat("en").format(-Math.floor(seconds / size), unit);
}

/** A day and a time, for what lies ahead. */
export function momentText(time) {
  return new Date(time).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
}

/** "54 s", "9 min", "21 h" */
export function waitText(seconds) {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  return seconds < 6_000 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}

/** Why somebody is signed out, as far as they do not know; from `onSignedOut`. */
export function farewellOf({ reason, erase_at }) {
  if (reason === "deleted")
    return `Your account will be deleted on ${momentText(erase_at)}. Sign in before then to keep it.`;
  return reason === "ended" ? "You were signed out on this device." : null;
}

export function initialsOf(name) {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0].toUpperCase())
    .join("");
}

const LATER = /; try again[^.;]*\.$/;

/** A refusal as a sentence for people. */
export function sentenceOf(error) {
  if (error.code === "offline" || error.code === "timeout")
    return "The server cannot be reached. Try again in a moment.";
  const details = [...new Set(error.errors?.map(({ detail }) => detail))];
  const detail = details.join(" ") || error.message;
  if (!error.retry_after) return detail;
  return `${detail.replace(LATER, ".")} Try again in ${waitText(error.retry_after)}.`;
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function lower(subject) {
  return subject === "You" ? "you" : subject;
}
