import { avatar } from "../avatar.js";
import { fill, fillKeyed, h } from "../dom.js";
import { choiceElement, switchElement } from "../saving.js";
import { nameOf, sentenceOf } from "../words.js";
import { sectionElement } from "./section.js";

const AUDIENCES = [
  ["everyone", "Everybody"],
  ["contacts", "People I share a chat with"],
  ["nobody", "Nobody"],
];

const ADDING = [
  ["everyone", "Everybody"],
  ["contacts", "People I have written to"],
  ["nobody", "Nobody: they invite me"],
];

/** What others are told, each saved as soon as it is changed; and whom one blocks. */
export function privacyElements(chat, signal) {
  const { settings } = chat.store.me;
  const save = (name) => (value) => chat.updateProfile({ settings: { [name]: value } });
  const toggle = (name, label) => switchElement({ name, is_on: settings[name], label, save: save(name) });
  const told = [
    toggle("read_receipts", "Others see how far I have read"),
    toggle("typing", "Others see when I am writing"),
    choiceElement({
      name: "presence",
      choices: AUDIENCES,
      chosen: settings.presence,
      label: "Who sees that I am online",
      save: save("presence"),
    }),
    choiceElement({
      name: "who_can_add_me",
      choices: ADDING,
      chosen: settings.who_can_add_me,
      label: "Who can add me to groups",
      save: save("who_can_add_me"),
    }),
  ];
  return [sectionElement("What others see and do", told), sectionElement("People I block", blockedElement(chat, signal))];
}

function blockedElement(chat, signal) {
  let people = [];
  const note = h("p", { class: "note", role: "status" }, "Looking…");
  const list = h("ul", { class: "people", "data-testid": "blocked-list" });
  const draw = () => {
    const blocked = people.filter(({ id }) => chat.store.blocked_ids.has(id)).map((one) => chat.store.person(one));
    fillKeyed(
      list,
      blocked.map((person) => ({ key: person.id, ...person })),
      (person) => blockedPerson(person, () => end(person)),
    );
    return blocked.length;
  };
  const end = async (person) => {
    try {
      await chat.unblock(person.id);
      fill(note, `${nameOf(person)} is no longer blocked.`);
    } catch (refusal) {
      fill(note, sentenceOf(refusal));
    }
  };
  const load = async () => {
    try {
      people = await chat.blockedPeople();
      fill(note, draw() ? null : "You block nobody.");
    } catch (refusal) {
      fill(note, sentenceOf(refusal));
    }
  };
  signal.addEventListener("abort", chat.store.listen(draw));
  load();
  return h("div", {}, note, list);
}

function blockedPerson(person, end) {
  const name = nameOf(person);
  return h(
    "li",
    { class: "person", "data-testid": "blocked-person", "data-user-id": person.id },
    avatar({ ...person, name }),
    h("span", {}, h("strong", {}, name), h("small", {}, `@${person.username}`)),
    h("button", { type: "button", class: "quiet", "aria-label": `Unblock ${name}`, onclick: end }, "Unblock"),
  );
}
