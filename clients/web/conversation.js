import { blockItem } from "./blocking.js";
import { toast } from "./dialog.js";
import { openInvites } from "./invites.js";
import { leaveConversation } from "./leaving.js";
import { openMembers } from "./members.js";
import { openMenu } from "./menu.js";
import { isMuted } from "./muting.js";
import { openOwn } from "./own.js";
import { reportItem } from "./reporting.js";
import { openRules } from "./rules.js";
import { openVerify } from "./sealed/verify.js";
import { openShelf } from "./shelf.js";
import { sentenceOf } from "./words.js";

const HOUR_MS = 3_600_000;
const FOR_EVER = "9999-01-01T00:00:00Z";

/** What the menu of a conversation offers. `leave` is called when the reader is to be taken away from it. */
export function conversationItems(chat, id, { anchor, leave }) {
  const { kind, peer } = chat.store.conversations.get(id);
  const mine = ownItems(chat, id, { anchor, leave });
  const other = chat.store.person(peer);
  const verify = { label: "Safety number", testid: "menu-verify", run: () => openVerify(chat, other) };
  if (kind === "direct" && chat.sealing.isSealed(id)) mine.unshift(verify);
  if (kind === "direct") return [...mine, reportItem(chat, other), blockItem(chat, other)];
  return [...sharedItems(chat, id), ...mine, ...lastItems(chat, id)];
}

function sharedItems(chat, id) {
  const can = canIn(chat, id);
  return [
    { label: "Members", testid: "menu-members", run: () => openMembers(chat, id) },
    can("edit_conversation") && { label: "Settings", testid: "menu-rules", run: () => openRules(chat, id) },
    can("invite") && { label: "Invitations", testid: "menu-invites", run: () => openInvites(chat, id) },
  ].filter(Boolean);
}

function ownItems(chat, id, { anchor, leave }) {
  const { membership, kind, unread_count } = chat.store.conversations.get(id);
  const { is_pinned, is_archived } = membership;
  const edit = (changes) => attempt(chat.editOwnMembership(id, changes));
  const away = (changes) => {
    leave();
    edit(changes);
  };
  return [
    !chat.sealing.isSealed(id) && { label: "Photos and files", testid: "menu-media", run: () => openShelf(chat, id) },
    isMuted(membership)
      ? { label: "Unmute", testid: "unmute", run: () => edit({ muted_until: null }) }
      : { label: "Mute…", testid: "mute", run: () => openMenu(anchor, muteItems(edit)) },
    kind !== "direct" && { label: "Nickname and notifications", testid: "menu-own", run: () => openOwn(chat, id) },
    {
      label: is_pinned ? "Unpin from the top" : "Pin to the top",
      testid: "pin-top",
      run: () => edit({ is_pinned: !is_pinned }),
    },
    is_archived
      ? { label: "Take out of the archive", testid: "archive", run: () => edit({ is_archived: false }) }
      : { label: "Archive", testid: "archive", run: () => away({ is_archived: true }) },
    unread_count > 0 && { label: "Mark as read", testid: "mark-read", run: () => markRead(chat, id) },
    { label: "Mark as unread", testid: "mark-unread", run: () => away({ is_marked_unread: true }) },
  ].filter(Boolean);
}

/** Somebody says that they need not see what stands in threads, or does not open here. */
function markRead(chat, id) {
  chat.markRead(id, chat.store.log(id).position);
}

function muteItems(edit) {
  const until = (hours) => new Date(Date.now() + hours * HOUR_MS).toISOString();
  return [
    { label: "For an hour", testid: "mute-1h", run: () => edit({ muted_until: until(1) }) },
    { label: "For 8 hours", testid: "mute-8h", run: () => edit({ muted_until: until(8) }) },
    { label: "Until I switch it on", testid: "mute-ever", run: () => edit({ muted_until: FOR_EVER }) },
  ];
}

function lastItems(chat, id) {
  if (!canIn(chat, id)("leave")) return [];
  return [{ label: "Leave", testid: "menu-leave", is_danger: true, run: () => leaveConversation(chat, id) }];
}

function canIn(chat, id) {
  return (action) => chat.store.conversations.get(id)?.capabilities?.includes(action);
}

function attempt(action) {
  return action.catch((error) => toast(sentenceOf(error)));
}
