import { toast } from "./dialog.js";
import { h, icon } from "./dom.js";

/**
 * Let files be dropped on an element; where they go is shown while they are held over it.
 * @param {() => boolean} may whether files can be sent here now
 * @param {(files: File[]) => void} take
 */
export function dropZone(element, { may, take }) {
  let depth = 0;
  const zone = h(
    "div",
    { class: "drop-zone", "data-testid": "drop-zone", hidden: true },
    icon("clip"),
    "Drop files here to send them",
  );
  const show = (change) => {
    depth = Math.max(0, depth + change);
    zone.hidden = depth === 0;
  };
  element.append(zone);
  element.addEventListener("dragenter", (event) => hasFiles(event) && may() && show(1));
  element.addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
  element.addEventListener("dragover", (event) => {
    if (!hasFiles(event) || !may()) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  element.addEventListener("drop", (event) => {
    show(-depth);
    if (!hasFiles(event) || !may()) return;
    event.preventDefault();
    take(droppedFiles(event.dataTransfer));
  });
}

/** A file that misses its place must not take the page away. */
export function keepPage(signal) {
  for (const type of ["dragover", "drop"])
    addEventListener(type, (event) => !event.defaultPrevented && hasFiles(event) && event.preventDefault(), { signal });
}

function hasFiles({ dataTransfer }) {
  return Boolean(dataTransfer?.types.includes("Files"));
}

function droppedFiles({ items, files }) {
  const folders = [...items].map((item) => item.webkitGetAsEntry?.()?.isDirectory ?? false);
  if (folders.includes(true)) toast("Folders cannot be sent.");
  return [...files].filter((_, at) => !folders[at]);
}
