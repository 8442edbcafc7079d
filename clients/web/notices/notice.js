import { avatar } from "../avatar.js";
import { h } from "../dom.js";
import { agoText, nameOf, titleOf } from "../words.js";
import { noticeText } from "./sentences.js";

/** What a row shows of a notice, as plain values. */
export function rowOf(notice, store) {
  const { id, kind, preview, data, is_read, created_at } = notice;
  return {
    ...{ key: id, kind, preview, is_read, text: noticeText(notice, store), time: agoText(created_at) },
    ...{ face: faceOf(notice, store), token: kind === "invitation" ? data.token : null },
  };
}

/** @param {{open: () => void, accept: () => Promise<void>}} deeds what a click on it does */
export function noticeElement({ key, kind, text, preview, time, is_read, face, token }, { open, accept }) {
  const { kind: look, ...person } = face;
  const words = h(
    "span",
    { class: "notice-words" },
    h("strong", {}, text, !is_read && h("span", { class: "unseen" }, ", unread")),
    preview && h("span", { class: "notice-preview", dir: "auto" }, preview),
    h("small", {}, time),
  );
  const parts = [avatar(person, { kind: look }), words, !is_read && h("span", { class: "notice-dot" })];
  const line = token
    ? h("div", { class: "notice-line" }, parts)
    : h("button", { type: "button", class: "notice-line", "data-testid": "notice-open", onclick: open }, parts);
  const props = { type: "button", class: "primary", "data-testid": "accept-invitation", onclick: accept };
  const state = { "data-testid": "notice", "data-id": key, "data-kind": kind, "data-read": String(is_read) };
  return h("li", { class: "told", ...state }, line, token && h("button", props, "Accept"));
}

/** Who did it; for messages in a group the group; else a sign. */
function faceOf({ id, kind, actor, conversation_id }, store) {
  const conversation = store.conversations.get(conversation_id);
  if (kind === "message" && conversation && conversation.kind !== "direct") {
    const { avatar_url, kind: look } = conversation;
    return { id: conversation_id, name: titleOf(conversation, store), avatar_url, kind: look };
  }
  if (actor) return { ...store.person(actor), name: nameOf(store.person(actor)), kind: "direct" };
  return { id, name: "", kind: kind === "security" ? "lock" : "bell" };
}
