import { openDialog } from "../dialog.js";
import { fill, h, icon } from "../dom.js";
import { momentText, nameOf, sentenceOf } from "../words.js";
import { UNABLE } from "./able.js";

const HOW =
  "Compare these digits with those that they see, side by side or in a call. If they are the same, nobody stands " +
  "between you. They change when one of you gets a new device.";

/** What two people compare to know that nobody stands between them, and the devices that it is made of. */
export function openVerify(chat, user) {
  const name = nameOf(chat.store.person(user));
  const place = h(
    "div",
    { class: "verify", "data-testid": "verify" },
    h("p", { class: "note", role: "status" }, "Looking…"),
  );
  openDialog(`Safety number with ${name}`, place);
  draw();

  async function draw() {
    await chat.sealing.load();
    if (!chat.sealing.is_able) return fill(place, h("p", { class: "note" }, UNABLE));
    try {
      const found = await chat.sealing.trust.look(user.id);
      if (found) fill(place, ...elements(found));
      else fill(place, h("p", { class: "note" }, `${name} has no device yet that reads end to end.`));
    } catch (error) {
      fill(place, h("p", { class: "error", role: "alert" }, sentenceOf(error)));
    }
  }

  function elements(found) {
    const { number, is_compared, was_compared, devices, mine } = found;
    const note =
      was_compared &&
      h("p", { class: "sealed-line", role: "alert" }, icon("alert"), "It has changed since you compared it.");
    const groups = number.split(" ").map((group) => h("span", {}, group));
    const compare = async ({ target }) => {
      await chat.sealing.trust.compare(user.id, { ...found, number: target.checked ? number : null });
      chat.store.changed();
      draw();
    };
    const box = h("input", { type: "checkbox", "data-testid": "compared", checked: is_compared, onchange: compare });
    return [
      note,
      h("div", { class: "safety-number", "data-testid": "safety-number", "aria-label": number, role: "img" }, groups),
      h("div", { class: "setting" }, h("label", {}, box, "I have compared it")),
      h("p", { class: "note" }, HOW),
      h("h3", {}, `Devices of ${name}`),
      h("ul", { class: "fingerprints" }, devices.map(deviceElement)),
      h("h3", {}, "Your devices"),
      h("ul", { class: "fingerprints", "data-testid": "own-fingerprints" }, mine.map(deviceElement)),
    ];
  }
}

function deviceElement({ fingerprint, at, is_here }) {
  const groups = fingerprint.match(/.{8}/g).join(" ");
  return h(
    "li",
    {},
    h("code", { "data-testid": "fingerprint" }, groups),
    h("small", { class: "note" }, is_here ? "This device" : `since ${momentText(at)}`),
  );
}
