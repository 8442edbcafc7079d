import { avatar } from "./avatar.js";
import { openBan, openBans } from "./bans.js";
import { blockItem } from "./blocking.js";
import { confirm, openDialog, toast } from "./dialog.js";
import { fillKeyed, h, iconButton, soon } from "./dom.js";
import { leaveConversation } from "./leaving.js";
import { openMenu } from "./menu.js";
import { addMembers } from "./people.js";
import { reportItem } from "./reporting.js";
import { openVerify } from "./sealed/verify.js";
import { calledIn, nameOf, sentenceOf, titleOf } from "./words.js";
import { isSilenced } from "./writing.js";

const HOUR_MS = 3_600_000;
const ROLES = { owner: "Make owner", admin: "Make admin", member: "Make member" };

/** Who is in a conversation, and what the one who looks may do about it. */
export function openMembers(chat, id) {
  const { store } = chat;
  const list = h("ul", { class: "people", "data-testid": "member-list" });
  const conversation = store.conversations.get(id);
  const can = (action) => store.conversations.get(id)?.capabilities?.includes(action);
  const attempt = (action) => action.catch((error) => toast(sentenceOf(error)));
  const load = () => attempt(chat.loadMembers(id));
  const remove = async ({ user }) => {
    const name = nameOf(user);
    if (await confirm(`Remove ${name}?`, `${name} will no longer see this conversation.`, "Remove")) {
      await attempt(chat.removeMember(id, user.id).then(load));
    }
  };
  const give = async ({ user }, role) => {
    const text = `${nameOf(user)} can then do everything here, also to you.`;
    if (role === "owner" && !(await confirm(`Make ${nameOf(user)} an owner?`, text, "Make owner"))) return;
    await attempt(chat.changeRole(id, user.id, role).then(load));
  };
  const mute = ({ user }, hours) => {
    const until = hours && new Date(Date.now() + hours * HOUR_MS).toISOString();
    return attempt(chat.silence(id, user.id, until).then(load));
  };
  const silences = (row) => {
    const unmute = { label: "Unmute", testid: "unmute-member", run: () => mute(row, null) };
    const times = [
      { label: "Mute for 1 hour", testid: "mute-member-1h", run: () => mute(row, 1) },
      { label: "Mute for 1 day", testid: "mute-member-1d", run: () => mute(row, 24) },
    ];
    return row.is_silenced ? [...times, unmute] : times;
  };
  const roles = (row) => {
    const others = Object.entries(ROLES).filter(([role]) => role !== row.role);
    return others.map(([role, label]) => ({ label, testid: `make-${role}`, run: () => give(row, role) }));
  };
  const actions = (row) => {
    const removal = { label: "Remove", testid: "remove-member", is_danger: true, run: () => remove(row) };
    const ban = { label: "Ban", testid: "ban-member", is_danger: true, run: () => openBan(chat, id, row.user, load) };
    const verify = { label: "Safety number", testid: "verify-member", run: () => openVerify(chat, row.user) };
    return [
      ...(chat.sealing.isSealed(id) ? [verify] : []),
      ...(can("change_roles") ? roles(row) : []),
      ...(can("silence_members") && row.is_in_reach ? silences(row) : []),
      ...(can("remove_members") && row.is_in_reach ? [removal] : []),
      ...(can("ban_members") && row.is_in_reach ? [ban] : []),
      reportItem(chat, row.user),
      blockItem(chat, row.user),
    ];
  };
  const bans = { type: "button", class: "quiet", "data-testid": "bans", onclick: () => openBans(chat, id) };
  const draw = () => {
    if (!store.conversations.has(id)) return dialog.close();
    const members = [...(store.members.get(id)?.values() ?? [])];
    fillKeyed(
      list,
      members.map((member) => rowOf(store, id, member)),
      (row) => memberElement(row, ({ currentTarget }) => openMenu(currentTarget, actions(row))),
    );
  };
  const buttons = h(
    "div",
    { class: "dialog-buttons" },
    can("leave") &&
      h(
        "button",
        { type: "button", class: "quiet danger", "data-testid": "leave", onclick: () => leaveConversation(chat, id) },
        "Leave",
      ),
    can("ban_members") && h("button", bans, "Banned people"),
    can("add_members") &&
      h(
        "button",
        { type: "button", class: "primary", "data-testid": "add-members", onclick: () => addMembers(chat, id, load) },
        "Add members",
      ),
  );
  const dialog = openDialog(titleOf(conversation, store), list, buttons);
  dialog.addEventListener("close", store.listen(soon(draw)));
  draw();
  load();
}

function rowOf(store, id, member) {
  const { role } = store.conversations.get(id).membership;
  const is_me = member.user.id === store.me.id;
  const user = store.person(member.user);
  const name = calledIn(store, id, user);
  const is_online = is_me || Boolean(store.presence(user.id)?.is_online);
  const is_in_reach = role === "owner" || member.role === "member";
  const is_silenced = isSilenced(member);
  return { key: user.id, user, name, role: member.role, is_me, is_online, is_in_reach, is_silenced };
}

function memberElement({ user, name, role, is_me, is_online, is_silenced }, open) {
  const menu =
    !is_me &&
    iconButton("more", `${name}: menu`, { "data-testid": "member-menu", "aria-haspopup": "menu", onclick: open });
  return h(
    "li",
    { class: "person", "data-testid": "member", "data-user-id": user.id, "data-role": role },
    avatar({ ...user, name }, { is_online }),
    h("span", {}, h("strong", {}, is_me ? `${name} (you)` : name), h("small", {}, `@${user.username}`)),
    is_silenced && h("span", { class: "role", "data-testid": "silenced" }, "muted"),
    role !== "member" && h("span", { class: "role" }, role),
    menu,
  );
}
