import { confirm, toast } from "./dialog.js";
import { nameOf, sentenceOf } from "./words.js";

/** What a menu offers about a person: to block them, or to end it. */
export function blockItem(chat, user) {
  const name = nameOf(user);
  if (chat.store.blocked_ids.has(user.id))
    return { label: `Unblock ${name}`, testid: "unblock", run: () => unblock(chat, user) };
  return { label: `Block ${name}`, testid: "block", is_danger: true, run: () => block(chat, user) };
}

export async function unblock(chat, { id }) {
  await chat.unblock(id).catch((error) => toast(sentenceOf(error)));
}

async function block(chat, user) {
  const consequences =
    "They cannot write to you directly any more, and in groups their messages are folded. They are not told.";
  if (!(await confirm(`Block ${nameOf(user)}?`, consequences, "Block"))) return;
  await chat.block(user.id).catch((error) => toast(sentenceOf(error)));
}
