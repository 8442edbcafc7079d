import { openDialog } from "./dialog.js";
import { formElement } from "./form.js";
import { choiceElement } from "./saving.js";
import { nameOf, titleOf } from "./words.js";

/** What one may be told of, from the most to the least. */
export const LEVELS = [
  ["all", "All messages"],
  ["mentions", "Only when I am mentioned"],
  ["none", "Nothing"],
];

/** What one has set for oneself in a conversation: a name, and what to be told. */
export function openOwn(chat, id) {
  const { store } = chat;
  const conversation = store.conversations.get(id);
  const { nickname, notify } = conversation.membership;
  const fields = [
    {
      name: "nickname",
      label: "Nickname",
      value: nickname,
      maxlength: 50,
      autocomplete: "off",
      hint: `What you are called here, instead of ${nameOf(store.me)}.`,
    },
  ];
  const run = async (values) => {
    await chat.editOwnMembership(id, { nickname: values.nickname.trim() });
    return "Saved.";
  };
  openDialog(
    titleOf(conversation, store),
    formElement({ testid: "own-form", fields, verb: "Save nickname", run }),
    choiceElement({
      name: "notify",
      choices: LEVELS,
      chosen: notify,
      label: "Notify me of",
      save: (level) => chat.editOwnMembership(id, { notify: level }),
    }),
  );
}
