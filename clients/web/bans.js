import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { formElement } from "./form.js";
import { openListing } from "./listing.js";
import { nameOf, sentenceOf } from "./words.js";

const REASON = { name: "reason", label: "Why?", maxlength: 500, autocomplete: "off", hint: "Optional. Admins see it." };

/** Remove somebody and keep them out. */
export function openBan(chat, id, user, onDone) {
  const run = async ({ reason }) => {
    await chat.ban(id, user.id, reason);
    dialog.close();
    onDone();
  };
  const consequences = "They are removed, and cannot come back until the ban is lifted.";
  const form = formElement({ testid: "ban-form", fields: [REASON], verb: "Ban", is_danger: true, run });
  const dialog = openDialog(`Ban ${nameOf(user)}?`, h("p", {}, consequences), form);
  form.elements.reason.focus();
}

/** Who is banned from a conversation, and the way back for them. */
export function openBans(chat, id) {
  const lift = async (user) => {
    try {
      await chat.unban(id, user.id);
      await listing.refresh();
      listing.say(`${nameOf(user)} may come back.`);
    } catch (error) {
      listing.say(sentenceOf(error));
    }
  };
  const make = ({ user, banned_by, reason }) => {
    const why = [reason, banned_by && `by ${nameOf(banned_by)}`].filter(Boolean).join(" · ");
    const end = { type: "button", class: "quiet", "data-testid": "lift-ban", onclick: () => lift(user) };
    return h(
      "li",
      { class: "person", "data-testid": "ban", "data-user-id": user.id },
      avatar({ ...user, name: nameOf(user) }),
      h("span", {}, h("strong", {}, nameOf(user)), h("small", {}, why)),
      h("button", end, "Lift"),
    );
  };
  const load = () => chat.bans(id);
  const listing = openListing({ title: "Banned people", testid: "ban-list", load, make, nothing: "Nobody is banned." });
}
