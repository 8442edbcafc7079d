import { confirm, openDialog, toast } from "./dialog.js";
import { h } from "./dom.js";
import { formElement } from "./form.js";
import { choiceElement, switchElement } from "./saving.js";
import { pictureElement } from "./settings/picture.js";
import { sentenceOf } from "./words.js";

const PACES = [
  ["0", "Off"],
  ["10", "10 seconds"],
  ["30", "30 seconds"],
  ["60", "1 minute"],
  ["300", "5 minutes"],
  ["3600", "1 hour"],
];

/** What a conversation is called, and who may do what in it. */
export function openRules(chat, id) {
  const conversation = chat.store.conversations.get(id);
  const { name, description, kind, members_can_invite, is_read_only, capabilities } = conversation;
  const fields = [
    { name: "name", label: "Name", value: name, maxlength: 100, autocomplete: "off" },
    { name: "description", label: "What is it about?", value: description, tag: "textarea", rows: 3, maxlength: 1000 },
  ];
  const run = async (values) => {
    await chat.editConversation(id, values);
    return "Saved.";
  };
  const save = (field) => (value) => chat.editConversation(id, { [field]: value });
  const end = async () => {
    const consequences = "It ends for everybody, with all that was written in it.";
    if (!(await confirm(`Delete ${name}?`, consequences, "Delete"))) return;
    await chat.deleteConversation(id).then(
      () => dialog.close(),
      (error) => toast(sentenceOf(error)),
    );
  };
  const closed = new AbortController();
  const dialog = openDialog(
    "Settings",
    pictureElement(chat.store, pictureOf(chat, id), closed.signal),
    formElement({ testid: "rules-form", fields, verb: "Save", run }),
    kind === "group" &&
      switchElement({
        name: "members_can_invite",
        is_on: members_can_invite,
        label: "Members may add people",
        save: save("members_can_invite"),
      }),
    switchElement({
      name: "is_read_only",
      is_on: is_read_only,
      label: "Only owners and admins write",
      save: save("is_read_only"),
    }),
    choiceElement({
      name: "slow_mode_seconds",
      choices: withPresent(PACES, conversation.slow_mode_seconds),
      chosen: String(conversation.slow_mode_seconds),
      label: "Slow mode: how long members wait between two messages",
      save: (seconds) => chat.editConversation(id, { slow_mode_seconds: Number(seconds) }),
    }),
    capabilities.includes("delete_conversation") &&
      h(
        "button",
        { type: "button", class: "quiet danger", "data-testid": "delete-conversation", onclick: end },
        "Delete this conversation",
      ),
  );
  dialog.addEventListener("close", () => closed.abort());
}

function pictureOf(chat, id) {
  return {
    face: () => chat.store.conversations.get(id),
    set: (file, options) => chat.setConversationAvatar(id, file, options),
    remove: () => chat.removeConversationAvatar(id),
    name: "The picture",
  };
}

/** Another client may have chosen what is not offered here. */
function withPresent(paces, seconds) {
  const is_offered = paces.some(([value]) => value === String(seconds));
  return is_offered ? paces : [...paces, [String(seconds), `${seconds} seconds`]];
}
