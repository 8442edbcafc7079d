import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { sentenceOf } from "./words.js";

/** The public channels: join one, or open one that was joined before. */
export async function openChannels(chat, open) {
  const note = h("p", { class: "note", role: "status" }, "Looking for channels…");
  const list = h("ul", { class: "people" });
  const dialog = openDialog("Channels", note, list);
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

function channelElement({ id, name, description, member_count, avatar_url }, is_mine, enter) {
  const about = description || `${member_count} ${member_count === 1 ? "member" : "members"}`;
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
