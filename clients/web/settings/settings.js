import { openDialog } from "../dialog.js";
import { tabElements } from "../tabs.js";
import { backupElement } from "./backup.js";
import { deletionElement } from "./deletion.js";
import { emailElement } from "./email.js";
import { exportElement } from "./export.js";
import { notificationElements } from "./notifications.js";
import { passwordElement } from "./password.js";
import { privacyElements } from "./privacy.js";
import { profileElements } from "./profile.js";
import { Sessions } from "./sessions.js";

/** Everything that somebody can change about themselves. @param {string} [part] the tab that is shown first */
export function openSettings(chat, part = "profile") {
  const closed = new AbortController();
  const [tabs, panels] = tabElements("Settings", [
    { name: "profile", label: "Profile", make: () => profileElements(chat, closed.signal) },
    { name: "notifications", label: "Notifications", make: () => notificationElements(chat) },
    { name: "privacy", label: "Privacy", make: () => privacyElements(chat, closed.signal) },
    { name: "security", label: "Security", make: () => securityElements(chat) },
    { name: "account", label: "Account", make: () => [exportElement(chat, closed.signal), deletionElement(chat)] },
  ]);
  const dialog = openDialog("Settings", tabs, panels);
  dialog.classList.add("settings");
  dialog.addEventListener("close", () => closed.abort());
  const tab = tabs.querySelector(`#tab-${part}`);
  tab.click();
  tab.focus();
}

/** Another password or address ends the other sign-ins, so their list is read again. */
function securityElements(chat) {
  const sessions = new Sessions(chat);
  const changed = () => sessions.load();
  return [passwordElement(chat, changed), emailElement(chat, changed), sessions.element, backupElement(chat)];
}
