import { countText, momentText, nameOf, titleOf } from "../words.js";

/** "bob mentioned you in Friends": what a notice tells. */
export function noticeText({ kind, actor, conversation_id, data }, store) {
  const who = nameOf(store.person(actor));
  const conversation = store.conversations.get(conversation_id);
  const place = conversation && conversation.kind !== "direct" ? titleOf(conversation, store) : null;
  const there = place ? ` in ${place}` : "";
  const sentences = {
    message: there ? `New messages${there}` : `New messages from ${who}`,
    mention: `${who} mentioned you${there}`,
    reply: `${who} replied to you${there}`,
    reaction: `${who} reacted ${data.emoji} to your message${inAll(data.count)}`,
    invitation: `${who} invites you to ${data.name || "a conversation"}`,
    added: `${who} added you to ${place ?? "a conversation"}`,
    report: `Your report was ${data.decision ?? "decided"}`,
    warning: warningText(data),
    security: `New sign-in: ${data.device_name || "unknown device"}`,
  };
  return sentences[kind] ?? "Something new"; // a server may know more kinds than this page
}

/** What was decided about something of one's own, and why. */
function warningText({ decision, reason, until }) {
  const what = {
    message_deleted: "The operators deleted a message of yours",
    suspended: until ? `The operators suspended your account until ${momentText(until)}` : null,
    banned: "The operators suspended your account",
    removed: "The operators removed you from a conversation",
  };
  return `${what[decision] ?? "The operators warn you"}${reason ? `: ${reason}` : ""}`;
}

/** What the bell is called. */
export function bellText(unread) {
  return unread ? `Notifications, ${unread} unread` : "Notifications";
}

/** A count as it stands in a small circle. */
export function badgeText(count) {
  return count > 99 ? "99+" : String(count);
}

function inAll(count) {
  return count > 1 ? ` (${countText(count, "reaction")})` : "";
}
