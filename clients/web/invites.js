import { toast } from "./dialog.js";
import { h, iconButton } from "./dom.js";
import { formElement } from "./form.js";
import { openListing } from "./listing.js";
import { countText, momentText, nameOf, sentenceOf } from "./words.js";

const LIFETIMES = [
  ["", "Until it is deleted"],
  ["1", "For an hour"],
  ["24", "For a day"],
  ["168", "For a week"],
];
const USES = [
  ["", "As often as wanted"],
  ["1", "Once"],
  ["10", "10 times"],
  ["100", "100 times"],
];
const FIELDS = [
  { name: "hours", label: "How long it works", tag: "select", options: LIFETIMES },
  { name: "max_uses", label: "How often it works", tag: "select", options: USES },
];

/** The links into a conversation: make one, copy it, delete it. */
export function openInvites(chat, id) {
  const run = async ({ hours, max_uses }) => {
    const expires_at = hours ? new Date(Date.now() + hours * 3_600_000).toISOString() : null;
    const { token } = await chat.invite(id, { expires_at, max_uses: max_uses ? Number(max_uses) : null });
    await listing.refresh();
    return (await copy(linkOf(token))) ? "The link was copied." : "Copy the link from the list.";
  };
  const drop = async (token) => {
    try {
      await chat.deleteInvite(id, token);
      await listing.refresh();
    } catch (error) {
      listing.say(sentenceOf(error));
    }
  };
  const listing = openListing({
    title: "Invitations",
    testid: "invite-list",
    load: () => chat.invites(id),
    make: (invite) => inviteElement(invite, () => drop(invite.token)),
    nothing: "No link leads in.",
    foot: [formElement({ testid: "invite-form", fields: FIELDS, verb: "New link", run })],
  });
}

function inviteElement({ token, expires_at, max_uses, uses, created_by }, drop) {
  const link = linkOf(token);
  const bounds = [
    max_uses ? `${uses} of ${countText(max_uses, "use")}` : countText(uses, "use"),
    expires_at && `until ${momentText(expires_at)}`,
    `by ${nameOf(created_by)}`,
  ];
  const field = h("input", {
    readonly: true,
    value: link,
    "aria-label": "Link",
    "data-testid": "invite-link",
    onfocus: ({ target }) => target.select(),
  });
  const take = async () => {
    if (await copy(link)) return toast("The link was copied.");
    field.focus();
    toast("It could not be copied: take it from the field.");
  };
  return h(
    "li",
    { class: "invite", "data-testid": "invite" },
    field,
    iconButton("link", "Copy the link", { "data-testid": "copy-invite", onclick: take }),
    iconButton("close", "Delete the link", { "data-testid": "delete-invite", onclick: drop }),
    h("small", {}, bounds.filter(Boolean).join(" · ")),
  );
}

function linkOf(token) {
  return new URL(`${location.pathname}#/invite/${token}`, location.origin).href;
}

/** There is no clipboard on plain-http hosts, and a browser may refuse. @returns {Promise<boolean>} */
async function copy(text) {
  if (!navigator.clipboard) return false;
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}
