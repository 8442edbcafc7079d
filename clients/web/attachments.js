import { h, icon, iconButton } from "./dom.js";
import { boxOf, durationText, fileText, isVisual, largeOf, sizeText } from "./files.js";
import { playerElement } from "./player.js";
import { sentenceOf } from "./words.js";
import { holdUpElement, waitingText } from "./writing.js";

const SHOWN = 4;
const MOVING_BYTES = 3_000_000;
const ICONS = { document: "document", audio: "audio", voice: "mic", image: "image", video: "play" };
/** In a timeline the tab key stops at messages; their menu leads on. */
const UNSTOPPED = { tabIndex: -1 };

/** The files of a message: pictures and films in a grid, below them what is heard, and what is downloaded. */
export function attachmentsElement(row, act) {
  const visuals = row.attachments.filter(isVisual);
  const others = row.attachments.filter((file) => !isVisual(file));
  return h(
    "div",
    { class: "attachments" },
    visuals.length > 0 && gridElement(row, visuals, act),
    others.map((file) => partElement(row, file, act)),
  );
}

/** A picture or the first moment of a film, in a button that opens it. */
export function tileElement(file, { open, rest = 0, loaded = () => {}, is_large = true, tabIndex = 0 }) {
  const label = `${fileText(file)}: ${file.filename}`;
  const props = {
    type: "button",
    class: "tile",
    "data-testid": file.kind,
    "data-upload-id": file.id,
    tabIndex,
    onclick: open,
  };
  const tile = h(
    "button",
    { ...props, "aria-label": label, title: file.filename },
    imageElement(file, { loaded, is_large }),
  );
  if (file.kind === "video") tile.append(h("span", { class: "badge-play" }, icon("play")));
  if (file.kind === "video" && file.duration) tile.append(h("span", { class: "length" }, durationText(file.duration)));
  if (file.status === "processing" && !file.preview)
    tile.append(h("span", { class: "working" }, file.sealed ? "Opening…" : "Processing…"));
  if (rest) tile.append(h("span", { class: "rest" }, `+${rest}`));
  return tile;
}

/** What cannot be shown here: its name, its size, and how to get it. */
export function fileElement(file, { tabIndex = 0, save } = {}) {
  const { id, kind, filename, content_url, is_parcel, is_gone } = file;
  const parts = [
    signElement(kind),
    h("span", { class: "file-name" }, h("strong", { dir: "auto" }, filename), h("small", {}, stateText(file))),
  ];
  if (is_parcel || is_gone) return h("div", { class: "file", "data-testid": "file" }, parts);
  if (file.sealed && save) {
    const props = {
      type: "button",
      class: "file",
      tabIndex,
      "data-testid": "file",
      "data-upload-id": id,
      onclick: save,
    };
    return h("button", props, parts, h("span", { class: "unseen" }, ", save"), icon("download"));
  }
  return h(
    "a",
    { class: "file", href: content_url, download: filename, tabIndex, "data-testid": "file", "data-upload-id": id },
    parts,
    h("span", { class: "unseen" }, ", download"),
    icon("download"),
  );
}

/** What kind of file it is, as a sign. */
export function signElement(kind) {
  return h("span", { class: "file-icon" }, icon(ICONS[kind] ?? "file"));
}

/** How far a file on its way has come, and how to give it up. Timelines move the bar by its `data-key`. */
export function wayElement({ id, filename, status, error, retry_after, retry_at }, { leaveOut, retry }) {
  const cancel = iconButton("close", `Cancel ${filename}`, { "data-testid": "cancel-upload", onclick: leaveOut });
  if (status === "failed") {
    const props = { type: "button", class: "link", "data-testid": "retry-upload", onclick: retry };
    return h(
      "span",
      { class: "way failed", role: "alert" },
      h("span", {}, sentenceOf({ message: error, retry_after })),
      h("button", props, "Try again"),
      cancel,
    );
  }
  if (status === "waiting" && retry_at)
    return h("span", { class: "way" }, holdUpElement(() => waitingText(retry_at), retry_at), cancel);
  const label = `Sending ${filename}`;
  const bar = h("progress", { max: 1, "data-key": id, "aria-label": label });
  const arrived = h("span", { class: "arrived", role: "img", "aria-label": "It has arrived" }, icon("check"));
  return h("span", { class: "way" }, status === "sent" ? arrived : bar, cancel);
}

function gridElement(row, visuals, act) {
  const shown = visuals.slice(0, SHOWN);
  const rest = visuals.length - SHOWN;
  const tiles = shown.map((file, at) => {
    const open = () => act("look", row, file.id);
    const loaded = () => act("seen", row, file.id);
    const tile = tileElement(file, {
      ...UNSTOPPED,
      open,
      loaded,
      rest: at === SHOWN - 1 ? Math.max(0, rest) : 0,
      is_large: shown.length < 3,
    });
    return h("div", { class: "cell" }, tile, file.is_parcel && way(row, file, act));
  });
  if (shown.length === 1) reserve(tiles[0], shown[0]);
  return h("div", { class: "grid", "data-count": shown.length }, tiles);
}

function partElement(row, file, act) {
  const is_heard = (file.kind === "voice" || file.kind === "audio") && (file.is_parcel || file.status !== "failed");
  const save = () => act("save", row, file.id);
  const element = h("div", { class: "part" }, is_heard ? heard(file, save) : fileElement(file, { ...UNSTOPPED, save }));
  if (file.is_parcel) element.append(way(row, file, act));
  return element;
}

function heard(file, save) {
  const own = file.preview ? { content_url: file.preview, aac_url: null } : {};
  const player = playerElement({ ...file, ...own }, UNSTOPPED);
  return h(
    "div",
    { "data-keep": `${file.id} ${file.status}` },
    file.kind === "audio" && fileElement(file, { ...UNSTOPPED, save }),
    player,
  );
}

function way(row, file, act) {
  return wayElement(file, {
    leaveOut: () => act("leaveOut", row, file.id),
    retry: () => act("retryFile", row, file.id),
  });
}

/** The place is there before the picture, so nothing jumps when it comes. */
function reserve(cell, file) {
  const { width, height } = boxOf(file);
  cell.style.width = `${width}px`;
  cell.style.aspectRatio = `${width} / ${height}`;
}

function imageElement(file, { loaded, is_large }) {
  const { id, status, preview, placeholder, width, height } = file;
  const source = sourceOf(file, is_large);
  const before = preview ?? placeholder;
  if (!source) return preview ? filmElement(file) : blank(file, before);
  const done = () => {
    image.classList.add("loaded");
    image.style.backgroundImage = "";
    if (preview && source !== preview) loaded();
  };
  const props = { src: source, alt: "", decoding: preview ? "sync" : "async", width, height, onload: done };
  const image = h("img", {
    ...props,
    "data-keep": `${id} ${status}`,
    draggable: "false",
    onerror: () => image.replaceWith(blank(file, placeholder)),
  });
  if (before) image.style.backgroundImage = `url("${before}")`;
  return image;
}

/** Small moving pictures move at once; everything else is shown by its thumbnail. */
function sourceOf({ kind, status, mime_type, size, content_url, thumbnail_url, preview }, is_large) {
  if (preview && status !== "ready") return kind === "image" ? preview : null;
  if (mime_type === "image/gif" && status === "ready" && size < MOVING_BYTES) return content_url;
  if (!thumbnail_url) return null;
  return is_large && !thumbnail_url.startsWith("blob:") ? largeOf(thumbnail_url) : thumbnail_url;
}

/** The first moment of an own film, until the server has a picture of it. */
function filmElement({ id, status, preview }) {
  const film = h("video", { src: preview, preload: "metadata", playsinline: true, "data-keep": `${id} ${status}` });
  film.muted = true;
  return film;
}

function blank({ kind }, background) {
  const element = h("span", { class: "blank" }, icon(kind === "image" ? "image" : "play"));
  if (background?.startsWith("data:")) element.style.backgroundImage = `url("${background}")`;
  return element;
}

/** Of what failed to be made ready the bytes are still there. */
function stateText({ kind, status, size, is_parcel, is_gone, is_cleaned }) {
  if (is_gone) return "No longer there";
  const is_unseen = status === "failed" && !is_parcel && kind !== "document" && kind !== "other";
  if (is_unseen && is_cleaned === false) return `${sizeText(size)} · could not be cleaned`;
  return is_unseen ? `${sizeText(size)} · cannot be shown here` : sizeText(size);
}
