import { confirm } from "../dialog.js";
import { fill, h } from "../dom.js";
import { formElement } from "../form.js";
import { UNABLE } from "../sealed/able.js";
import { PASSWORD, openRestore, readable } from "../sealed/restore.js";
import { momentText, sentenceOf } from "../words.js";
import { sectionElement } from "./section.js";

const NEW = { type: "password", autocomplete: "new-password", minlength: 12 };
const HINT = "At least 12 characters, and not your password. Nobody can reset it.";
const PASSPHRASE = { ...NEW, name: "passphrase", label: "Passphrase", hint: HINT };
const AGAIN = { ...NEW, name: "again", label: "The same again" };
const PRESENT = { name: "passphrase", label: "Present passphrase", type: "password", autocomplete: "off" };
const NEXT = { ...NEW, name: "new_passphrase", label: "New passphrase", hint: HINT };
const WITHOUT =
  "You have no backup: a new device reads from the moment it is there, and when you lose this one, nobody can bring " +
  "back what was written end to end.";
const WHAT =
  "A backup keeps the keys of this device at the server, sealed under a passphrase that stays with you. This device " +
  "gets new keys for that, so the backup opens what is written from now on, and the people you write to are told.";

/** The backup of the own keys: to have one, to change its passphrase, to restore from it, to have none. */
export function backupElement(chat) {
  const { sealing } = chat;
  const place = h(
    "div",
    { class: "backup", "data-testid": "backup" },
    h("p", { class: "note", role: "status" }, "Looking…"),
  );
  look();
  return sectionElement("Backup of your keys", place);

  async function look(done) {
    await sealing.load();
    if (!sealing.is_able) return fill(place, h("p", { class: "note" }, UNABLE));
    try {
      const kept = await sealing.backups.read();
      show(kept, done);
    } catch (error) {
      if (error.code === "reauthentication_required") askForPassword(done);
      else fill(place, h("p", { class: "error", role: "alert" }, sentenceOf(error)));
    }
  }

  /** A stolen page must not get what can be guessed at for ever. */
  function askForPassword(done) {
    const run = async ({ password }) => {
      show(await sealing.backups.read(password), done, password);
      return null;
    };
    const text = "Your sign-in is older than 15 minutes. Enter your password to see your backup.";
    fill(
      place,
      h("p", { class: "note" }, text),
      formElement({ testid: "backup-password", fields: [PASSWORD], verb: "Continue", run }),
    );
  }

  function show(kept, done, password) {
    const told = done && h("p", { class: "done", role: "status" }, done);
    if (kept) fill(place, ...keptElements(kept, told, password));
    else fill(place, told, h("p", { class: "note" }, WITHOUT), h("p", { class: "note" }, WHAT), beginForm(password));
  }

  function beginForm(password) {
    const run = async ({ passphrase, again }) => {
      if (passphrase !== again) throw new Error("The two passphrases are not the same.");
      await readable(sealing.backups.begin({ passphrase, password }));
      look("You have a backup now. Keep the passphrase where you find it again.");
    };
    return formElement({ testid: "backup-form", fields: [PASSPHRASE, AGAIN], verb: "Make a backup", run });
  }

  function keptElements({ updated_at }, told, password) {
    const button = (testid, text, onclick, look = "quiet") =>
      h("button", { type: "button", class: look, "data-testid": testid, onclick }, text);
    const form = h("div", {});
    const change = () => fill(form, changeForm(password));
    const renew = () => fill(form, renewForm(password));
    const end = async () => {
      const text = "What was written before a new device is there stays closed to it then.";
      if (!(await confirm("Delete the backup?", text, "Delete"))) return;
      await sealing.backups.end({ password }).then(
        () => look("The backup was deleted."),
        (error) => fill(form, h("p", { class: "error", role: "alert" }, sentenceOf(error))),
      );
    };
    return [
      told,
      h("p", { class: "note", "data-testid": "backup-kept" }, `Your keys are kept since ${momentText(updated_at)}.`),
      h(
        "div",
        { class: "backup-buttons" },
        button("backup-restore", "Restore here", () => openRestore(chat)),
        button("backup-renew", "Add this device", renew),
        button("backup-change", "Change passphrase", change),
        button("backup-end", "Delete", end, "quiet danger"),
      ),
      form,
    ];
  }

  function changeForm(password) {
    const run = async ({ passphrase, new_passphrase }) => {
      await readable(sealing.backups.change({ passphrase, new_passphrase, password }));
      look("The passphrase was changed.");
    };
    return formElement({ testid: "backup-change-form", fields: [PRESENT, NEXT], verb: "Change passphrase", run });
  }

  function renewForm(password) {
    const run = async ({ passphrase }) => {
      await readable(sealing.backups.begin({ passphrase, password }));
      look("What this device reads from now on is in the backup too.");
    };
    const form = formElement({ testid: "backup-renew-form", fields: [PRESENT], verb: "Add this device", run });
    form.prepend(h("p", { class: "note" }, "This device gets new keys, which go into the backup beside the others."));
    return form;
  }
}
