import { fill, h } from "../dom.js";
import { LEVELS } from "../own.js";
import { choiceElement, switchElement } from "../saving.js";
import { sentenceOf } from "../words.js";
import { hereElement } from "./here.js";
import { quietElements } from "./quiet.js";
import { sectionElement } from "./section.js";

/** What one wants to be told, when, and whether on this device. */
export function notificationElements(chat) {
  const place = h("div", { class: "panel" }, h("p", { class: "note", role: "status" }, "Looking…"));
  chat.preferences().then(
    (preferences) => fill(place, preferenceElements(chat, preferences)),
    (refusal) => fill(place, h("p", { class: "error", role: "alert" }, sentenceOf(refusal))),
  );
  return [sectionElement("On this device", hereElement(chat)), place];
}

function preferenceElements(chat, preferences) {
  const save = (name) => (value) => chat.changePreferences({ [name]: value });
  const level = choiceElement({
    name: "level",
    choices: LEVELS,
    chosen: preferences.notify,
    label: "Notify me of",
    save: save("notify"),
  });
  const reactions = switchElement({
    name: "reactions",
    is_on: preferences.reactions,
    label: "Also when somebody reacts to my messages",
    save: save("reactions"),
  });
  const note = h("p", { class: "note" }, "A conversation can ask for less: see its menu.");
  return [
    sectionElement("In all conversations", level, note, reactions),
    sectionElement("Quiet hours", quietElements(chat, preferences)),
  ];
}
