import { avatar } from "../avatar.js";
import { fill, fillKeyed, h } from "../dom.js";
import { nameOf, sentenceOf } from "../words.js";
import { sectionElement } from "./section.js";

const AUDIENCES = [
  ["everyone", "Everybody"],
  ["contacts", "People I share a chat with"],
  ["nobody", "Nobody"],
];

/** What others are told, each saved as soon as it is changed; and whom one blocks. */
export function privacyElements(chat, signal) {
  const { read_receipts, typing, presence } = chat.store.me.settings;
  const told = [
    switchElement(chat, "read_receipts", read_receipts, "Others see how far I have read"),
    switchElement(chat, "typing", typing, "Others see when I am writing"),
    audienceElement(chat, presence),
  ];
  return [sectionElement("What others see", told), sectionElement("People I block", blockedElement(chat, signal))];
}

function switchElement(chat, name, is_on, label) {
  const box = h("input", { type: "checkbox", name, checked: is_on, "data-testid": `setting-${name}` });
  const saved = saving(chat, name, box, "checked");
  return h("div", { class: "setting" }, h("label", {}, box, label), saved);
}

function audienceElement(chat, chosen) {
  const options = AUDIENCES.map(([value, label]) => h("option", { value, selected: value === chosen }, label));
  const select = h("select", { name: "presence", "data-testid": "setting-presence" }, options);
  const saved = saving(chat, "presence", select, "value");
  return h("div", { class: "setting field" }, h("label", {}, "Who sees that I am online", select), saved);
}

/** Save a setting when its control is changed, and take the control back when that is refused. */
function saving(chat, name, control, property) {
  const note = h("small", { class: "done", role: "status" });
  let saved = control[property];
  control.addEventListener("change", async () => {
    const wanted = control[property];
    control.disabled = true;
    note.classList.remove("error");
    try {
      await chat.updateProfile({ settings: { [name]: wanted } });
      saved = wanted;
      fill(note, "Saved.");
    } catch (refusal) {
      control[property] = saved;
      note.classList.add("error");
      fill(note, sentenceOf(refusal));
    }
    control.disabled = false;
    control.focus();
  });
  return note;
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
