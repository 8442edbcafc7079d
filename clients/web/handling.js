import { h } from "./dom.js";
import { isVisual } from "./files.js";

/**
 * What the menu of a message offers about its files; it is the keyboard's way to them.
 * @param {object[]} attachments
 * @param {Element} element of the message
 * @param {object} on `look(id)` opens pictures, `save(id)` saves what is sealed
 */
export function fileItems(attachments, element, { look, save }) {
  const visual = attachments.find(isVisual);
  const player = element.querySelector(".player");
  const there = attachments.filter(
    ({ is_parcel, is_gone, kind, status }) => !is_parcel && !is_gone && (kind !== "image" || status === "ready"),
  );
  const label = ({ filename }) => (there.length > 1 ? `Download ${filename}` : "Download");
  return [
    visual && { label: "Open", testid: "menu-open", run: () => look(visual.id) },
    player && { label: "Play", testid: "menu-play", run: () => play(player) },
    ...there.map((file) => ({
      label: label(file),
      testid: "menu-download",
      run: () => (file.sealed ? save(file.id) : download(file)),
    })),
  ].filter(Boolean);
}

/** From the place in it the keyboard goes on: arrows move, space makes a pause. */
function play(player) {
  player.querySelector("button").click();
  player.querySelector("[role=slider]").focus({ preventScroll: true });
}

function download({ content_url, filename }) {
  h("a", { href: content_url, download: filename }).click();
}
