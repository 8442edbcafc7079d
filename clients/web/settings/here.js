import { fill, h } from "../dom.js";
import { pushState, turnPushOff, turnPushOn } from "../notices/push.js";
import { switchElement } from "../saving.js";
import { sentenceOf } from "../words.js";

const REASONS = {
  unsupported:
    "This browser cannot be notified here. It needs a secure address (https); on iPhone and iPad the page has to be " +
    "added to the Home Screen first.",
  unavailable: "This server does not push to browsers.",
  denied:
    "Notifications of this page are blocked. Allow them in the browser's settings for this site, beside the address, " +
    "and come back here.",
};

/** Whether this browser is pushed to, or why it cannot be. The permission is asked for by the switch, never before. */
export function hereElement(chat) {
  const place = h("div", { "data-testid": "push-here" }, h("p", { class: "note", role: "status" }, "Looking…"));
  const draw = (state) => {
    const save = async (is_wanted) => {
      try {
        await (is_wanted ? turnPushOn(chat) : turnPushOff(chat));
      } catch (refusal) {
        if (Notification.permission === "denied") return draw("denied");
        throw refusal;
      }
    };
    const label = "Notify me on this device when the page is closed";
    fill(
      place,
      REASONS[state]
        ? h("p", { class: "note", role: "status", "data-state": state }, REASONS[state])
        : switchElement({ name: "push", is_on: state === "on", label, save }),
    );
  };
  pushState(chat).then(draw, (refusal) => fill(place, h("p", { class: "error" }, sentenceOf(refusal))));
  return place;
}
