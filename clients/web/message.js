import { avatar } from "./avatar.js";
import { h, icon, iconButton } from "./dom.js";
import { FOLDED } from "./words.js";

const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,:;!?)\]}'])/gu;
const STATUS = {
  pending: ["clock", "Sending"],
  failed: ["alert", "Not sent"],
  sent: ["check", "Sent"],
  delivered: ["checks", "Delivered"],
  read: ["checks", "Read"],
};

/** The element of one row of a timeline. `act(name, row, anchor)` does what a row asks for. */
export function rowElement(row, act) {
  if (row.is_folded) return foldedElement(row, act);
  if (row.kind === "message") return messageElement(row, act);
  return h("li", { class: `row-${row.kind}` }, h("span", {}, row.text ?? "New messages"));
}

function foldedElement(row, act) {
  const show = h(
    "button",
    { type: "button", class: "link", "data-testid": "unfold", tabIndex: -1, onclick: () => act("unfold", row) },
    "Show",
  );
  return h(
    "li",
    { class: "message folded", tabIndex: -1, "data-testid": "message", "data-seq": row.seq, "data-id": row.id },
    h("p", {}, `${FOLDED}. `, show),
  );
}

function messageElement(row, act) {
  const classes = ["message", row.is_own && "own", row.is_first && "first", row.is_deleted && "deleted", row.status];
  const person = !row.is_own && h("span", { class: "face" }, row.is_first && avatar(row.sender));
  const menu =
    !row.is_deleted &&
    iconButton("more", "Message menu", {
      class: "icon-button menu-button",
      "data-testid": "message-menu",
      "aria-haspopup": "menu",
      tabIndex: -1,
      onclick: ({ currentTarget }) => act("menu", row, currentTarget),
    });
  return h(
    "li",
    {
      class: classes.filter(Boolean).join(" "),
      tabIndex: -1,
      "data-testid": "message",
      "data-seq": row.seq,
      "data-client-id": row.client_id,
      "data-id": row.id,
      "data-status": row.status,
    },
    person,
    h("div", { class: "bubble" }, bubble(row, act)),
    menu,
    row.error && failure(row, act),
  );
}

function bubble(row, act) {
  const sender = row.shows_sender
    ? h("span", { class: "sender" }, row.sender.name)
    : h("span", { class: "unseen" }, row.is_own ? "You: " : `${row.sender.name}: `);
  const text = row.is_deleted ? "Message deleted" : linked(row.content);
  return [sender, row.quote && quote(row.quote, act), h("p", { class: "text", dir: "auto" }, text), meta(row)];
}

function quote({ id, name, text }, act) {
  return h(
    "button",
    { type: "button", class: "quote", tabIndex: -1, onclick: () => act("show", { id }) },
    h("strong", {}, name),
    h("span", { dir: "auto" }, text),
  );
}

function meta({ time, sent_at, is_edited, is_deleted, status }) {
  const [picture, label] = STATUS[status] ?? [];
  return h(
    "span",
    { class: "meta" },
    is_edited && !is_deleted && h("span", { class: "edited" }, "edited"),
    h("time", { datetime: sent_at }, time),
    picture && h("span", { class: `status ${status}`, role: "img", "aria-label": label, title: label }, icon(picture)),
  );
}

function failure(row, act) {
  return h(
    "div",
    { class: "failure" },
    h("span", {}, row.error),
    h("button", { type: "button", class: "link", onclick: () => act("retry", row) }, "Try again"),
    h("button", { type: "button", class: "link", onclick: () => act("discard", row) }, "Discard"),
  );
}

function linked(text) {
  return text
    .split(LINK)
    .map((part, at) =>
      at % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part,
    );
}
