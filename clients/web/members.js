import { avatar } from "./avatar.js";
import { blockItem } from "./blocking.js";
import { confirm, openDialog, toast } from "./dialog.js";
import { fillKeyed, h, iconButton } from "./dom.js";
import { openMenu } from "./menu.js";
import { addMembers } from "./people.js";
import { nameOf, sentenceOf, titleOf } from "./words.js";

/** Who is in a conversation, and what the one who looks may do about it. */
export function openMembers(chat, id) {
  const { store } = chat;
  const list = h("ul", { class: "people", "data-testid": "member-list" });
  const conversation = store.conversations.get(id);
  const can = (action) => store.conversations.get(id)?.capabilities?.includes(action);
  const attempt = (deed) => deed.catch((error) => toast(sentenceOf(error)));
  const load = () => attempt(chat.loadMembers(id));
  const remove = async ({ user }) => {
    const name = nameOf(user);
    if (await confirm(`Remove ${name}?`, `${name} will no longer see this conversation.`, "Remove")) {
      await attempt(chat.removeMember(id, user.id).then(load));
    }
  };
  const deeds = (row) => {
    const removal = { label: "Remove", testid: "remove-member", is_danger: true, run: () => remove(row) };
    return [blockItem(chat, row.user), ...(row.is_removable ? [removal] : [])];
  };
  const leave = async () => {
    if (!(await confirm(`Leave ${titleOf(conversation, store)}?`, "It disappears from your list.", "Leave"))) return;
    await attempt(chat.leave(id).then(() => dialog.close()));
  };
  const draw = () => {
    if (!store.conversations.has(id)) return dialog.close();
    const members = [...(store.members.get(id)?.values() ?? [])];
    fillKeyed(
      list,
      members.map((member) => rowOf(store, id, member, can("remove_members"))),
      (row) => memberElement(row, ({ currentTarget }) => openMenu(currentTarget, deeds(row))),
    );
  };
  const buttons = h(
    "div",
    { class: "dialog-buttons" },
    can("leave") &&
      h("button", { type: "button", class: "quiet danger", "data-testid": "leave", onclick: leave }, "Leave"),
    can("add_members") &&
      h(
        "button",
        { type: "button", class: "primary", "data-testid": "add-members", onclick: () => addMembers(chat, id, load) },
        "Add members",
      ),
  );
  const dialog = openDialog(titleOf(conversation, store), list, buttons);
  dialog.addEventListener("close", store.listen(draw));
  draw();
  load();
}

function rowOf(store, id, member, can_remove) {
  const { role } = store.conversations.get(id).membership;
  const is_me = member.user.id === store.me.id;
  const user = store.person(member.user);
  const is_in_reach = role === "owner" || member.role === "member";
  const is_online = is_me || Boolean(store.presence(user.id)?.is_online);
  return { key: user.id, user, role: member.role, is_me, is_online, is_removable: can_remove && !is_me && is_in_reach };
}

function memberElement({ user, role, is_me, is_online }, open) {
  const name = nameOf(user);
  const menu =
    !is_me &&
    iconButton("more", `${name}: menu`, { "data-testid": "member-menu", "aria-haspopup": "menu", onclick: open });
  return h(
    "li",
    { class: "person", "data-testid": "member", "data-user-id": user.id, "data-role": role },
    avatar({ ...user, name }, { is_online }),
    h("span", {}, h("strong", {}, is_me ? `${name} (you)` : name), h("small", {}, `@${user.username}`)),
    role !== "member" && h("span", { class: "role" }, role),
    menu,
  );
}
