import { avatar } from "./avatar.js";
import { h } from "./dom.js";
import { openListing } from "./listing.js";
import { agoText, calledIn } from "./words.js";

/** Who has read an own message, and whose devices have it. */
export function openReceipts(chat, conversation_id, message_id) {
  const load = async () => {
    const { read, delivered } = await chat.receipts(message_id);
    return [
      ...read.map((receipt) => ({ ...receipt, verb: "read" })),
      ...delivered.map((receipt) => ({ ...receipt, verb: "delivered" })),
    ];
  };
  const make = ({ user, at, verb }) => {
    const name = calledIn(chat.store, conversation_id, user);
    const when = at ? `${verb} ${agoText(at)}` : verb;
    return h(
      "li",
      { class: "person", "data-testid": "receipt", "data-verb": verb },
      avatar({ ...chat.store.person(user), name }),
      h("span", {}, h("strong", {}, name), h("small", {}, when)),
    );
  };
  openListing({ title: "Read by", testid: "receipts", load, make, nothing: "Nobody yet, or nobody who tells." });
}
