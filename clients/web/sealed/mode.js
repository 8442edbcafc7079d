import { h } from "../dom.js";

/**
 * The choice between the two modes of a new conversation; hidden where this browser cannot read what is sealed, and
 * until that is known.
 * @returns {{element: Element, encryption: "e2ee" | undefined}} `encryption` is what is chosen now
 */
export function modeChoice(chat) {
  const box = h("input", { type: "checkbox", name: "encryption", "data-testid": "encrypted" });
  const text =
    "Only the devices of its members can read it, from the moment each is there. Nobody can search it on the server, " +
    "and without a backup nobody can bring it back.";
  const label = h("label", {}, box, "End-to-end encrypted");
  const element = h("div", { class: "setting mode", hidden: true }, label, h("small", { class: "note" }, text));
  chat.sealing.load().then(() => (element.hidden = !chat.sealing.is_able));
  return {
    element,
    get encryption() {
      return box.checked ? "e2ee" : undefined;
    },
  };
}
