import { h } from "../dom.js";
import { openListing } from "../listing.js";
import { countText, nameOf } from "../words.js";

const OLD = "An older app sent this message, so it doesn't show which keys its sender saw.";

/** For whose devices a message was sealed, as its envelope says. */
export function openRecipients(chat, message) {
  const { store } = chat;
  const known = new Map(
    [...(store.members.get(message.conversation_id)?.values() ?? [])].map(({ user }) => [user.id, user]),
  );
  const name = (id) => (id ? nameOf(store.person(known.get(id) ?? { id })) : "Nobody who was there");
  const make = ({ user_id, count }) =>
    h(
      "li",
      { class: "past", "data-testid": "recipient" },
      h("p", { dir: "auto" }, user_id === store.me.id ? `${name(user_id)} (you)` : name(user_id)),
      h("small", {}, countText(count, "device")),
    );
  const load = () => chat.sealing.recipientsOf(message);
  const foot = message.envelope.heads ? [] : [h("p", { class: "note", "data-testid": "no-heads" }, OLD)];
  openListing({ title: "Sealed for", testid: "recipients", load, make, nothing: "Nobody.", foot });
}
