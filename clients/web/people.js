import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { fill, h, iconButton } from "./dom.js";
import { modeChoice } from "./sealed/mode.js";
import { nameOf, sentenceOf } from "./words.js";

const PAUSE_MS = 200;

/** Find somebody and open the direct conversation with them. */
export function newDirect(chat, open) {
  const search = peopleSearch(chat, async (person) => {
    const conversation = await chat.openDirect(person.id, { encryption: mode.encryption });
    dialog.close();
    open(conversation.id);
  });
  const mode = modeChoice(chat);
  const dialog = openDialog("New direct chat", mode.element, search.element);
  search.focus();
}

/** Name a group, choose its first members, and open it. */
export function newGroup(chat, open) {
  const name = h("input", {
    name: "name",
    required: true,
    maxlength: 100,
    autocomplete: "off",
    "data-testid": "group-name",
  });
  const make = async (member_ids) => {
    const group = { name: name.value.trim(), member_ids, encryption: mode.encryption };
    const conversation = await chat.createGroup(group);
    dialog.close();
    open(conversation.id);
  };
  const mode = modeChoice(chat);
  const fields = [h("label", {}, "Name", name), mode.element];
  const dialog = openDialog("New group", choosing(chat, "Create group", make, ...fields));
  name.focus();
}

/** Choose people who are to join a conversation. */
export function addMembers(chat, conversation_id, onAdded) {
  const add = async (user_ids) => {
    if (user_ids.length) await chat.addMembers(conversation_id, user_ids);
    dialog.close();
    onAdded();
  };
  const dialog = openDialog("Add members", choosing(chat, "Add", add));
}

function choosing(chat, verb, run, ...fields) {
  const chosen = new Map();
  const chips = h("ul", { class: "chips", "aria-label": "Chosen people" });
  const error = h("p", { class: "error", role: "alert" });
  const draw = () =>
    fill(
      chips,
      [...chosen.values()].map((person) => chip(person, () => chosen.delete(person.id) && draw())),
    );
  const search = peopleSearch(chat, (person) => {
    chosen.set(person.id, person);
    draw();
    search.clear();
  });
  const button = h("button", { class: "primary", "data-testid": "submit" }, verb);
  const submit = async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    await run([...chosen.keys()]).catch((refusal) => fill(error, sentenceOf(refusal)));
    button.disabled = false;
  };
  return h(
    "form",
    { onsubmit: submit },
    fields,
    chips,
    search.element,
    h("p", { class: "note" }, "People who want to be asked first get an invitation."),
    error,
    h("div", { class: "dialog-buttons" }, button),
  );
}

function chip(person, remove) {
  const name = nameOf(person);
  return h("li", {}, name, iconButton("close", `Leave ${name} out`, { onclick: remove }));
}

/** A search field with the people it finds; `choose(person)` may refuse by throwing. */
function peopleSearch(chat, choose) {
  let timer = null;
  let asked = "";
  const results = h("ul", { class: "people", "aria-live": "polite" });
  const note = h("p", { class: "note", role: "status" });
  const input = h("input", {
    type: "search",
    "data-testid": "people-search",
    autocomplete: "off",
    oninput: () => later(),
    onkeydown: enter,
  });
  const take = (person) => Promise.resolve(choose(person)).catch((error) => fill(note, sentenceOf(error)));
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE_MS);
  };
  const find = async () => {
    const search = (asked = input.value.trim());
    if (!search) return clear();
    const people = await chat.searchPeople(search).catch((error) => fill(note, sentenceOf(error)));
    if (!people || asked !== search) return;
    const others = people.filter(({ id }) => id !== chat.store.me.id);
    fill(note, others.length ? null : "Nobody found.");
    fill(
      results,
      others.map((person) => personElement(person, () => take(person))),
    );
  };
  const clear = () => {
    input.value = asked = "";
    fill(results);
    fill(note);
    input.focus();
  };
  const element = h("div", { class: "search" }, h("label", {}, "Search people by name", input), note, results);
  return { element, clear, focus: () => input.focus() };

  function enter(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    results.querySelector("button")?.click();
  }
}

function personElement(person, choose) {
  const name = nameOf(person);
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: "person",
        "data-testid": "person-result",
        "data-user-id": person.id,
        "data-username": person.username,
        onclick: choose,
      },
      avatar({ ...person, name }, { is_online: person.is_online }),
      h("span", {}, h("strong", {}, name), h("small", {}, `@${person.username}`)),
    ),
  );
}
