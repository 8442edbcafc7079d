import { openDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { formElement } from "../form.js";
import { sentenceOf } from "../words.js";

const PASSPHRASE = { name: "passphrase", label: "Passphrase of the backup", type: "password", autocomplete: "off" };
const STAYS = "The passphrase stays in this browser, and opens the backup here.";
const JOIN =
  "What this device reads from now on is not in the backup yet. Add it, and your next device reads that too: " +
  "this one gets new keys for it, and the people you write to are told.";

/** The field for the password, which the server wants where the sign-in is not fresh. */
export const PASSWORD = {
  name: "password",
  label: "Password of your account",
  type: "password",
  autocomplete: "current-password",
};

/** Read what was written before this device was there: with the keys of the backup. */
export function openRestore(chat) {
  const { backups } = chat.sealing;
  const place = h("div", { class: "backup" });
  const dialog = openDialog("Restore from backup", place);
  ask([PASSPHRASE]);

  function ask(fields, values = {}) {
    const run = async (given) => {
      try {
        const found = await readable(backups.restore(given));
        if (!found) return "There is no backup. This device reads from now on.";
        tell(found, given);
      } catch (error) {
        if (error.code !== "reauthentication_required") throw error;
        ask([PASSPHRASE, PASSWORD], given);
      }
      return null;
    };
    const form = formElement({ testid: "restore-form", fields, verb: "Restore", run });
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    fill(place, h("p", { class: "note" }, STAYS), form);
    form.elements[fields.at(-1).name].focus();
  }

  function tell({ count, has_this }, given) {
    const text = count ? "Your history is here." : "This device has had these keys already.";
    const done = h("p", { class: "done", role: "status" }, text);
    const note = h("p", { class: "note" }, JOIN);
    const join = async () => {
      add.disabled = true;
      await readable(backups.begin(given)).then(
        () => dialog.close(),
        (error) => fill(note, sentenceOf(error)),
      );
    };
    const props = { type: "button", class: "primary", "data-testid": "join-backup", onclick: join };
    const add = h("button", props, "Add this device");
    const later = h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Later");
    fill(place, done, !has_this && note, !has_this && h("div", { class: "dialog-buttons" }, later, add));
    (has_this ? dialog.querySelector("button") : add).focus();
  }
}

/** Refusals of the backup as sentences about it. */
export function readable(attempt) {
  return attempt.catch((error) => {
    if (error.code === "backup_invalid") throw new Error("This is not the passphrase of the backup.");
    if (error.code === "passphrase_short") throw new Error("The passphrase needs at least 12 characters.");
    throw error;
  });
}
