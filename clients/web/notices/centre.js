import { openDialog, toast } from "../dialog.js";
import { h, soon } from "../dom.js";
import { openSettings } from "../settings/settings.js";
import { tabElements } from "../tabs.js";
import { sentenceOf } from "../words.js";
import { Board } from "./board.js";

/**
 * What one is told: everything, and the mentions.
 * @param {(conversation_id: string, seq: ?number) => void} open goes to a message
 */
export function openCentre(chat, open) {
  if (document.querySelector("dialog.centre[open]")) return;
  const boards = [];
  const go = (notice) => {
    dialog.close();
    if (!notice.is_read) chat.readNotification(notice.id).catch(() => {}); // it stays unread, and says so
    follow(chat, notice, open);
  };
  const accept = async ({ data }) => {
    const { id } = await chat.acceptInvite(data.token);
    dialog.close();
    open(id);
  };
  const make = (options) => () => {
    const board = new Board(chat, options, { open: go, accept });
    boards.push(board);
    queueMicrotask(() => board.draw());
    return board.elements;
  };
  const all = { label: "Notifications", nothing: "Nothing yet. What concerns you is told here." };
  const mine = { label: "Mentions", nothing: "Nobody has mentioned you yet.", mentions: true };
  const [tabs, panels] = tabElements("Notifications", [
    { name: "all", label: "All", make: make(all) },
    { name: "mentions", label: "Mentions", make: make(mine) },
  ]);
  const readAll = () => {
    const until = boards[0].newest_at;
    if (until) chat.readAllNotifications({ until }).catch((error) => toast(sentenceOf(error)));
  };
  const props = { type: "button", class: "link", "data-testid": "read-all", onclick: readAll };
  const button = h("button", props, "Mark all as read");
  const draw = () => {
    button.disabled = chat.store.notices.unread === 0;
    boards.forEach((board) => board.draw());
  };
  const dialog = openDialog("Notifications", tabs, panels);
  dialog.classList.add("settings", "centre");
  dialog.dataset.testid = "centre";
  dialog.querySelector("h2").after(button);
  dialog.addEventListener("close", chat.store.listen(soon(draw)));
  tabs.querySelector("[aria-selected=true]").focus();
  draw();
}

/** Go to what a notice is about. A `message` notice stands for all that is unread: the conversation opens there. */
function follow(chat, { kind, conversation_id, seq }, open) {
  if (kind === "security") openSettings(chat, "security");
  else if (conversation_id) open(conversation_id, kind === "message" ? null : seq);
}
