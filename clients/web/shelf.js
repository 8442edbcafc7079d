import { fileElement, tileElement } from "./attachments.js";
import { openDialog } from "./dialog.js";
import { fill, h, iconButton } from "./dom.js";
import { openLightbox } from "./lightbox.js";
import { Pages } from "./pages.js";
import { go as goTo } from "./places.js";
import { playerElement } from "./player.js";
import { tabElements } from "./tabs.js";
import { whenReady } from "./waiting.js";
import { briefly, nameOf, sentenceOf } from "./words.js";

const BOARDS = [
  { name: "photos", label: "Photos", kinds: ["image"], nothing: "No photos yet." },
  { name: "videos", label: "Videos", kinds: ["video"], nothing: "No videos yet." },
  { name: "audio", label: "Audio", kinds: ["voice", "audio"], nothing: "No recordings yet." },
  { name: "files", label: "Files", kinds: ["document", "other"], nothing: "No files yet." },
];

/** Everything that was sent into a conversation, by kind, the newest first. */
export function openShelf(chat, id) {
  const go = ({ seq }) => {
    dialog.close();
    goTo(`#/c/${id}/${seq}`);
  };
  const make = (board) => () => boardElements(board, new Pages(chat, id, board.kinds), { chat, go });
  const items = BOARDS.map((board) => ({ name: board.name, label: board.label, make: make(board) }));
  const [tabs, panels] = tabElements("Kinds", items);
  const dialog = openDialog("Photos and files", tabs, panels);
  dialog.classList.add("settings", "shelf");
  dialog.dataset.testid = "shelf";
  tabs.querySelector("[aria-selected=true]").focus();
}

function boardElements({ name, nothing }, pages, { chat, go }) {
  const is_grid = name === "photos" || name === "videos";
  const files = [];
  const note = h("p", { class: "note", role: "status" });
  const list = h("ul", { class: is_grid ? "thumbs" : "shelf-list", "data-testid": `shelf-${name}` });
  const more = h("button", { type: "button", class: "quiet", "data-testid": "shelf-more", onclick: load }, "Show more");
  load();
  return [note, list, more];

  async function load() {
    more.disabled = true;
    fill(note, "Looking…");
    try {
      const found = await pages.more();
      files.push(...found);
      list.append(
        ...found.map((file) => (is_grid ? thumbElement(chat, file, files, go) : lineElement(file, chat, go))),
      );
      fill(note, files.length ? null : nothing);
    } catch (error) {
      fill(note, sentenceOf(error));
    }
    more.disabled = false;
    more.hidden = !pages.has_more;
  }
}

function thumbElement(chat, file, files, go) {
  const open = () => openLightbox(chat, files, file.id, { go });
  const tile = (shown) => tileElement(shown, { open, is_large: false });
  const item = h("li", {}, tile(file));
  whenReady(chat, file, () => item.isConnected).then((ready) => ready !== file && fill(item, tile(ready)));
  return item;
}

function lineElement(file, chat, go) {
  const { sender, created_at } = file;
  const about = `${nameOf(chat.store.person(sender))}, ${briefly(created_at)}`;
  const show = iconButton("chat", "Show message", { "data-testid": "go-to-message", onclick: () => go(file) });
  const is_heard = (file.kind === "voice" || file.kind === "audio") && file.status !== "failed";
  const chip = file.kind !== "voice" && fileElement(file);
  const player = is_heard && playerElement(file);
  return h("li", { "data-testid": "shelf-item" }, h("div", {}, chip, player, h("small", {}, about)), show);
}
