import { openDialog } from "./dialog.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { largeOf } from "./files.js";
import { hush } from "./player.js";
import { whenReady } from "./waiting.js";

const SWIPE_PX = 60;

/**
 * Look at pictures and films, one after the other: arrow keys, a swipe or the buttons move.
 * @param {object[]} looked the files, as messages have them
 * @param {string} id of the one to begin with
 * @param {{ go?: (file: object) => void }} [options] a way to where a file was sent
 */
export function openLightbox(chat, looked, id, { go } = {}) {
  const files = [...looked];
  let at = files.findIndex((file) => file.id === id);
  let touched = null;
  const stage = h("div", { class: "stage", onclick: ({ target }) => target === stage && dialog.close() });
  const name = h("span", { class: "name", dir: "auto" });
  const place = h("span", { class: "clock", role: "status" });
  const before = iconButton("back", "The one before", { class: "icon-button before", onclick: () => move(-1) });
  const after = iconButton("next", "The next one", { class: "icon-button after", onclick: () => move(1) });
  const links = h("span", { class: "links" });
  const dialog = openDialog("Picture", stage, before, after, h("footer", {}, name, place, links));
  dialog.classList.add("lightbox");
  dialog.dataset.testid = "lightbox";
  dialog.addEventListener("keydown", key);
  dialog.addEventListener("close", () => document.activeElement === document.body && comeBack(id));
  dialog.addEventListener("touchstart", ({ touches }) => (touched = touches.length === 1 ? touches[0].clientX : null));
  dialog.addEventListener("touchend", ({ changedTouches }) => swipe(changedTouches[0].clientX));
  hush();
  show();

  function show() {
    const file = files[at];
    fill(stage, file.kind === "video" ? filmElement(file) : pictureElement(file));
    fill(name, file.filename);
    fill(place, files.length > 1 ? `${at + 1} of ${files.length}` : null);
    fill(links, go && goElement(file), downloadElement(file));
    dialog.setAttribute("aria-label", file.filename);
    before.hidden = at === 0;
    after.hidden = at === files.length - 1;
    renew(at);
  }

  /** What is still being made ready is shown when it is. */
  async function renew(place) {
    const file = files[place];
    if (file.preview) return;
    files[place] = await whenReady(chat, file, () => dialog.open && at === place);
    if (files[place] !== file && at === place && dialog.open) show();
  }

  function move(step) {
    if (!files[at + step]) return;
    at += step;
    show();
    if (!dialog.contains(document.activeElement) || document.activeElement.hidden)
      dialog.querySelector("button").focus();
  }

  function key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target instanceof HTMLVideoElement) return;
    event.preventDefault();
    move(step);
  }

  function swipe(x) {
    const way = touched === null ? 0 : x - touched;
    if (Math.abs(way) > SWIPE_PX) move(way < 0 ? 1 : -1);
    touched = null;
  }

  function goElement(file) {
    const run = () => {
      dialog.close();
      go(file);
    };
    return h("button", { type: "button", class: "link", "data-testid": "go-to-message", onclick: run }, "Show message");
  }
}

/** What was left may have been redrawn meanwhile, and is another element now. */
function comeBack(id) {
  const tiles = document.querySelectorAll(`.tile[data-upload-id="${id}"]`);
  [...tiles].at(-1)?.focus({ preventScroll: true });
}

/** The thumbnail is there at once; the picture itself follows. */
function pictureElement({ filename, content_url, thumbnail_url, preview, status, width, height }) {
  const source = preview && status !== "ready" ? preview : status === "processing" ? null : content_url;
  if (!source) return h("p", { role: "status" }, "This picture is still being made ready.");
  const props = {
    src: source,
    alt: filename,
    width,
    height,
    "data-testid": "shown",
    onerror: () => image.replaceWith(lost()),
  };
  const image = h("img", { ...props, onload: () => (image.style.backgroundImage = "") });
  const before = thumbnail_url && status === "ready" ? largeOf(thumbnail_url) : preview;
  if (before) image.style.backgroundImage = `url("${before}")`;
  return image;
}

function filmElement({ filename, content_url, thumbnail_url, preview, status, width, height }) {
  const props = { controls: true, playsinline: true, autoplay: true, width, height, "aria-label": filename };
  const src = preview && status !== "ready" ? preview : content_url;
  const poster = thumbnail_url && largeOf(thumbnail_url);
  const film = h("video", { ...props, src, poster, "data-testid": "shown", onerror: () => film.replaceWith(lost()) });
  return film;
}

function lost() {
  return h("p", { role: "alert" }, "This cannot be shown here. It can still be downloaded.");
}

function downloadElement({ filename, content_url }) {
  const props = {
    class: "icon-button",
    href: content_url,
    download: filename,
    "aria-label": "Download",
    title: "Download",
  };
  return h("a", { ...props, "data-testid": "download" }, icon("download"));
}
