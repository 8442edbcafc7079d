import { attachmentsElement } from "./attachments.js";
import { avatar } from "./avatar.js";
import { h, icon, iconButton } from "./dom.js";
import { isVisual } from "./files.js";
import { partsOf } from "./parts.js";
import { longPress } from "./press.js";
import { unopenedText } from "./sealed/words.js";
import { countText, FOLDED } from "./words.js";
import { holdUpElement, holdUpText } from "./writing.js";

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
    bubbleElement(row, act),
    !row.is_deleted && tools(row, act),
    row.error && failure(row, act),
    row.retry_at && holdUpElement(() => holdUpText(row), row.retry_at),
    (row.reactions.length > 0 || row.reply_count > 0) && below(row, act),
  );
}

/** What can be done with a message; a finger presses it long instead of hovering. */
function tools(row, act) {
  const tool = (name, icon_name, label, props) =>
    iconButton(icon_name, label, {
      class: `icon-button ${name}-button`,
      tabIndex: -1,
      onclick: ({ currentTarget }) => act(name, row, currentTarget),
      ...props,
    });
  return h(
    "span",
    { class: "tools" },
    row.id && row.may_react && tool("react", "smile", "React", { "data-testid": "react" }),
    tool("menu", "more", "Message menu", { "data-testid": "message-menu", "aria-haspopup": "menu" }),
  );
}

function bubbleElement(row, act) {
  const open = () => element.isConnected && act("menu", row, element);
  const element = h("div", { class: bubbleClass(row), ...(row.is_deleted ? {} : longPress(open)) }, bubble(row, act));
  return element;
}

/** A message that is nothing but a picture needs no frame around it. */
function bubbleClass({ attachments, content }) {
  if (!attachments.length) return "bubble";
  const is_bare = !content && attachments.every(isVisual);
  return is_bare ? "bubble with-files bare" : "bubble with-files";
}

/** What others did with a message: their reactions, and how many answered in its thread. */
function below(row, act) {
  const chips = row.reactions.map(({ emoji, count, is_mine, who }) =>
    h(
      "button",
      {
        type: "button",
        class: "reaction",
        "data-testid": `reaction-${emoji}`,
        "aria-pressed": String(is_mine),
        "aria-label": `${emoji} ${count}: ${who}`,
        title: who,
        disabled: !row.may_react && !is_mine,
        tabIndex: -1,
        onclick: () => act("toggle", row, emoji),
      },
      h("span", { "aria-hidden": "true" }, emoji),
      h("span", { "aria-hidden": "true" }, count),
    ),
  );
  const replies = row.reply_count > 0 && {
    type: "button",
    class: "link replies",
    "data-testid": "open-thread",
    tabIndex: -1,
    onclick: () => act("thread", row),
  };
  return h(
    "div",
    { class: "below" },
    chips,
    replies && h("button", replies, countText(row.reply_count, "reply", "replies")),
    replies && row.new_replies > 0 && h("span", { class: "badge", "data-testid": "new-replies" }, `${row.new_replies} new`),
  );
}

function bubble(row, act) {
  const sender = row.shows_sender
    ? h("span", { class: "sender" }, row.sender.name)
    : h("span", { class: "unseen" }, row.is_own ? "You: " : `${row.sender.name}: `);
  const text = row.is_deleted ? "Message deleted" : marked(row);
  if (row.sealing) return [sender, unopened(row), meta(row, act)];
  const says = (row.is_deleted || row.content !== "") && h("p", { class: "text", dir: "auto" }, text);
  const files = row.attachments.length > 0 && attachmentsElement(row, act);
  return [sender, row.quote && quote(row.quote, act), files, says, meta(row, act)];
}

function unopened({ sealing }) {
  return h("p", { class: "text unopened", "data-testid": "unopened", "data-sealing": sealing }, unopenedText(sealing));
}

function quote({ seq, name, text }, act) {
  return h(
    "button",
    { type: "button", class: "quote", tabIndex: -1, onclick: () => act("show", { seq }) },
    h("strong", {}, name),
    h("span", { dir: "auto" }, text),
  );
}

function meta(row, act) {
  const { time, sent_at, is_edited, is_deleted, is_pinned, status } = row;
  const [picture, label] = STATUS[status] ?? [];
  const past = {
    type: "button",
    class: "edited",
    title: "What it said before",
    "data-testid": "edited",
    tabIndex: -1,
    onclick: () => act("past", row),
  };
  return h(
    "span",
    { class: "meta" },
    is_pinned && h("span", { class: "pinned", role: "img", "aria-label": "Pinned", title: "Pinned" }, icon("pin")),
    is_edited && !is_deleted && h("button", past, "edited"),
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

function marked({ content, named }) {
  return partsOf(content, named).map(({ text, is_link, is_me }) => {
    if (is_link) return h("a", { href: text, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
    if (is_me === undefined) return text;
    return h("span", { class: is_me ? "mention mine" : "mention", "data-testid": is_me && "my-mention" }, text);
  });
}
