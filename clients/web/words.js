const DAY_MS = 86_400_000;

/** What people are called. */
export function nameOf(user) {
  return user?.full_name || user?.username || "Somebody";
}

/** What a conversation is called: a direct one by the other person. */
export function titleOf(conversation, store) {
  if (conversation.kind === "direct") return nameOf(store.person(conversation.peer));
  return conversation.name || "Unnamed";
}

/** One line for the conversation list. */
export function excerptOf({ last_message: message, kind }, store) {
  if (!message) return "No messages yet";
  const is_own = message.sender?.id === store.me?.id;
  const text = message.is_deleted ? "Message deleted" : message.content.replaceAll(/\s+/g, " ").slice(0, 120);
  if (is_own) return `You: ${text}`;
  return kind === "direct" ? text : `${nameOf(store.person(message.sender))}: ${text}`;
}

/** "alice added bob", from an entry of the log. `name` tells the name of an id, where it is known. */
export function changeText({ type, seq, data }, name) {
  const actor = name(data.actor_id);
  if (type === "conversation.updated")
    return actor ? `${actor} changed the conversation` : "The conversation was changed";
  const { user } = data.member;
  const subject = name(user.id) ?? nameOf(user);
  const is_self = !data.actor_id || data.actor_id === user.id;
  if (type === "member.added") {
    if (is_self && seq === 1) return `${subject} created this conversation`;
    if (is_self) return `${subject} joined`;
    return actor ? `${actor} added ${lower(subject)}` : `${subject} was added`;
  }
  if (is_self) return `${subject} left`;
  return actor ? `${actor} removed ${lower(subject)}` : `${subject} was removed`;
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

/** A refusal as a sentence for people. */
export function sentenceOf(error) {
  if (error.code === "offline" || error.code === "timeout")
    return "The server cannot be reached. Try again in a moment.";
  const detail = error.errors?.[0]?.detail ?? error.message;
  return error.retry_after ? `${detail} Try again in ${Math.ceil(error.retry_after)} s.` : detail;
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function lower(subject) {
  return subject === "You" ? "you" : subject;
}
