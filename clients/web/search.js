import { fill, h } from "./dom.js";
import { summaryOf } from "./files.js";
import { briefly, calledIn, sentenceOf, titleOf } from "./words.js";

const PAUSE_MS = 250;
const SHORTEST = 2;

/**
 * A field and the messages it finds, in one conversation or in all; arrow keys move from the field through the results.
 * @param {{conversation_id?: string, go: (message: object) => void, onText?: (text: string) => void}} options
 * @returns {{field: Element, results: Element, clear: () => void}}
 */
export function searchElements(chat, { conversation_id, go, onText = () => {} }) {
  let timer = null;
  let asked = "";
  const note = h("p", { class: "note", role: "status" });
  const list = h("ul", { class: "hits", "data-testid": "hits" });
  const input = h("input", {
    type: "search",
    "data-testid": conversation_id ? "search-here-field" : "search",
    "aria-label": conversation_id ? "Search in this conversation" : "Search conversations and messages",
    title: conversation_id ? undefined : "Ctrl+K",
    placeholder: "Search",
    autocomplete: "off",
    maxlength: 200,
    enterkeyhint: "search",
    oninput: () => later(),
  });
  const later = () => {
    clearTimeout(timer);
    onText(input.value.trim());
    timer = setTimeout(find, PAUSE_MS);
  };
  const is_sealed = conversation_id && chat.sealing.isSealed(conversation_id);
  const find = async () => {
    const q = (asked = input.value.trim());
    if (is_sealed) return;
    if (q.length < SHORTEST && !/[^\0-\x7f]/u.test(q)) return show([], null);
    try {
      const found = await chat.searchMessages({ q, conversation: conversation_id });
      const hits = found.filter(({ message }) => !chat.sealing.isSealed(message.conversation_id));
      if (asked === q) show(hits, hits.length ? null : "Nothing found.");
    } catch (error) {
      if (asked === q) show([], sentenceOf(error));
    }
  };
  const show = (hits, text) => {
    fill(note, text);
    fill(
      list,
      hits.map((hit) => hitElement(chat, hit, conversation_id, go)),
    );
  };
  const clear = () => {
    clearTimeout(timer);
    input.value = asked = "";
    show([], null);
    onText("");
  };
  if (is_sealed) {
    input.disabled = true;
    fill(note, "Messages here are end-to-end encrypted, so the server cannot search them.");
  }
  const field = h("div", { class: "finder", onkeydown: (event) => move(event, list) }, input);
  const results = h("div", { class: "found-list", onkeydown: (event) => move(event, list, input) }, note, list);
  return { field, results, clear };
}

/** The parts of a snippet: what was found, and what stands around it. Ranges count in code points. */
export function snippetParts(snippet, highlights) {
  const chars = [...snippet];
  const text = (from, to) => chars.slice(from, to).join("");
  const parts = [];
  let at = 0;
  for (const [start, end] of highlights) {
    if (start > at) parts.push({ text: text(at, start) });
    parts.push({ text: text(start, end), is_found: true });
    at = end;
  }
  if (at < chars.length) parts.push({ text: text(at) });
  return parts;
}

function hitElement(chat, { message, snippet, highlights }, conversation_id, go) {
  const { store } = chat;
  const conversation = store.conversations.get(message.conversation_id);
  const name = calledIn(store, message.conversation_id, store.person(message.sender));
  const place = !conversation_id && conversation ? `${titleOf(conversation, store)} · ${name}` : name;
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "hit", "data-testid": "hit", onclick: () => go(message) },
      h("span", {}, h("strong", {}, place), h("small", {}, briefly(message.created_at))),
      h(
        "span",
        { class: "snippet", dir: "auto" },
        snippetParts(snippet || summaryOf(message), highlights).map(({ text, is_found }) =>
          is_found ? h("mark", {}, text) : text,
        ),
      ),
    ),
  );
}

function move(event, list, input) {
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && at < 0) return buttons[0]?.click();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  (buttons[at + step] ?? (step < 0 ? input : null))?.focus();
}
