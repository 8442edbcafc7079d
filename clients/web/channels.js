import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { formElement } from "./form.js";
import { countText, sentenceOf } from "./words.js";

const FIELDS = [
  { name: "name", label: "Name", required: true, maxlength: 100, autocomplete: "off", "data-testid": "channel-name" },
  { name: "description", label: "What is it about?", maxlength: 1000, autocomplete: "off", hint: "Optional." },
];

/** The public channels: join one, open one that was joined before, or begin one. */
export async function openChannels(chat, open) {
  const note = h("p", { class: "note", role: "status" }, "Looking for channels…");
  const list = h("ul", { class: "people" });
  const begin = () => {
    dialog.close();
    newChannel(chat, open);
  };
  const start = { type: "button", class: "primary", "data-testid": "new-channel", onclick: begin };
  const foot = h("div", { class: "dialog-buttons" }, h("button", start, "New channel"));
  const dialog = openDialog("Channels", note, list, foot);
  const enter = async ({ id }) => {
    try {
      if (!chat.store.conversations.has(id)) await chat.join(id);
      dialog.close();
      open(id);
    } catch (error) {
      fill(note, sentenceOf(error));
    }
  };
  try {
    const channels = await chat.discover();
    fill(note, channels.length ? null : "There are no public channels.");
    fill(
      list,
      channels.map((channel) =>
        channelElement(channel, chat.store.conversations.has(channel.id), () => enter(channel)),
      ),
    );
  } catch (error) {
    fill(note, sentenceOf(error));
  }
}

function newChannel(chat, open) {
  const run = async (values) => {
    const { id } = await chat.createChannel(values);
    dialog.close();
    open(id);
  };
  const form = formElement({ testid: "channel-form", fields: FIELDS, verb: "Create channel", run });
  const dialog = openDialog("New channel", h("p", { class: "note" }, "Everybody here can find and join it."), form);
  form.elements.name.focus();
}

function channelElement({ id, name, description, member_count, avatar_url }, is_mine, enter) {
  const about = description || countText(member_count, "member");
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "person", "data-testid": "channel-result", "data-conversation-id": id, onclick: enter },
      avatar({ id, name, avatar_url }, { kind: "channel" }),
      h("span", {}, h("strong", {}, name), h("small", {}, about)),
      h("span", { class: "verb" }, is_mine ? "Open" : "Join"),
    ),
  );
}
