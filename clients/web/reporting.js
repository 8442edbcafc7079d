import { openDialog, toast } from "./dialog.js";
import { h } from "./dom.js";
import { formElement } from "./form.js";
import { nameOf } from "./words.js";

const REASONS = [
  ["spam", "Spam or a fraud"],
  ["abuse", "Insults or harassment"],
  ["violence", "Threats or violence"],
  ["sexual", "Sexual content"],
  ["illegal", "Something forbidden by law"],
  ["other", "Something else"],
];
const FIELDS = [
  { name: "reason", label: "What is it?", tag: "select", options: REASONS },
  { name: "comment", label: "What should we know?", tag: "textarea", rows: 3, maxlength: 1000, hint: "Optional." },
];

/** Tell the operators about a message. */
export function reportMessage(chat, message_id) {
  openReport("Report this message", (report) => chat.report(message_id, report));
}

/** What a menu offers about a person: to tell the operators about them. */
export function reportItem(chat, user) {
  const title = `Report ${nameOf(user)}`;
  const run = () => openReport(title, (report) => chat.reportPerson(user.id, report));
  return { label: title, testid: "report-person", is_danger: true, run };
}

function openReport(title, send) {
  const run = async (report) => {
    await send(report);
    dialog.close();
    toast("Thank you. The operators will look at it.");
  };
  const form = formElement({ testid: "report-form", fields: FIELDS, verb: "Send report", is_danger: true, run });
  const dialog = openDialog(title, h("p", { class: "note" }, "Only the operators see your report."), form);
  form.querySelector("select").focus();
}
