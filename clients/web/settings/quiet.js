import { h } from "../dom.js";
import { formElement } from "../form.js";
import { switchElement } from "../saving.js";

const NIGHT = { from: "22:00", until: "07:00" };

/** From when until when nothing is pushed. The zone is this browser's until somebody has chosen one. */
export function quietElements(chat, { quiet_hours, time_zone }) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = quiet_hours ? time_zone : here;
  const hours = quiet_hours ?? NIGHT;
  const fields = [
    { name: "from", label: "From", type: "time", required: true, value: hours.from },
    { name: "until", label: "Until", type: "time", required: true, value: hours.until },
    { name: "time_zone", label: "Time zone", tag: "select", options: zonesWith(zone, here) },
  ];
  const put = ({ from, until, time_zone }) => chat.changePreferences({ quiet_hours: { from, until }, time_zone });
  const run = async (values) => {
    await put(values);
    return "Saved.";
  };
  const form = formElement({ testid: "quiet-form", fields, verb: "Save hours", run });
  form.elements.time_zone.value = zone;
  form.hidden = !quiet_hours;
  const save = async (is_on) => {
    if (is_on) await put(Object.fromEntries(new FormData(form)));
    else await chat.changePreferences({ quiet_hours: null });
    form.hidden = !is_on;
  };
  const label = "Push nothing at certain hours";
  const is_on = Boolean(quiet_hours);
  return h("div", { class: "quiet-hours" }, switchElement({ name: "quiet", is_on, label, save }), form);
}

/** A browser may leave names out of its list that are as good as others. */
function zonesWith(...zones) {
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set([...known, ...zones, "UTC"])].sort().map((zone) => [zone, zone.replaceAll("_", " ")]);
}
