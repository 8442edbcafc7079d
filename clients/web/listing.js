import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { sentenceOf } from "./words.js";

/**
 * A dialog with a list that has to be asked for.
 * @param {object} listing
 * @param {() => Promise<object[]>} listing.load
 * @param {(item: object) => Element} listing.make the `li` of an item
 * @param {string} listing.nothing what is said when there is nothing
 * @returns {{dialog: HTMLDialogElement, refresh: () => Promise<void>, say: (text: string) => void}}
 */
export function openListing({ title, testid, load, make, nothing, foot = [] }) {
  const note = h("p", { class: "note", role: "status" }, "Looking…");
  const list = h("ul", { class: "people", "data-testid": testid });
  const say = (text) => fill(note, text);
  const refresh = async () => {
    try {
      const items = await load();
      say(items.length ? null : nothing);
      fill(list, items.map(make));
    } catch (error) {
      say(sentenceOf(error));
    }
  };
  const dialog = openDialog(title, note, list, ...foot);
  refresh();
  return { dialog, refresh, say };
}
