import { confirm, toast } from "./dialog.js";
import { sentenceOf, titleOf } from "./words.js";

/** Leave a conversation, if that is meant. */
export async function leaveConversation(chat, id) {
  const title = titleOf(chat.store.conversations.get(id), chat.store);
  if (!(await confirm(`Leave ${title}?`, "It disappears from your list.", "Leave"))) return;
  await chat.leave(id).catch((error) => toast(sentenceOf(error)));
}
