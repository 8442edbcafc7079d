import { h } from "./dom.js";
import { openListing } from "./listing.js";
import { unopenedText } from "./sealed/words.js";
import { momentText } from "./words.js";

/** What a message said before it was edited, the last first. */
export function openPast(chat, message_id) {
  const make = ({ content, replaced_at, sealing }) =>
    h(
      "li",
      { class: "past", "data-testid": "past" },
      h("p", { dir: "auto" }, sealing ? unopenedText(sealing) : content),
      h("small", {}, `until ${momentText(replaced_at)}`),
    );
  const load = () => chat.pastOf(message_id);
  openListing({ title: "Before it was edited", testid: "past-list", load, make, nothing: "Nothing is kept." });
}
