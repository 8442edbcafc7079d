import { avatar } from "../avatar.js";
import { fill, h } from "../dom.js";
import { sentenceOf } from "../words.js";

const KINDS = "image/png,image/jpeg,image/webp,image/gif";

/**
 * A picture of somebody or something: look at another one before it is taken, send it, or have none.
 * @param {Store} store which tells when it has changed
 * @param {object} picture
 * @param {() => ?object} picture.face `{id, name, avatar_url, kind}` as they are now; null when there is nothing any more
 * @param {(file: File, options: object) => Promise<void>} picture.set
 * @param {() => Promise<void>} picture.remove
 * @param {string} picture.name what it is called: "Your picture"
 * @param {AbortSignal} signal nobody looks any more
 */
export function pictureElement(store, { face: faceOf, set, remove: take, name }, signal) {
  const face = h("div", { class: "portrait", "data-testid": "portrait" });
  const deeds = h("div", { class: "deeds" });
  const note = h("p", { class: "done", role: "status" });
  const error = h("p", { class: "error", role: "alert" });
  const progress = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Sending the picture" });
  const file = h("input", {
    type: "file",
    accept: KINDS,
    hidden: true,
    "data-testid": "picture-file",
    onchange: () => file.files[0] && look(file.files[0]),
  });
  const button = (label, run, props) => h("button", { type: "button", class: "quiet", onclick: run, ...props }, label);
  const choose = button("Choose a picture…", () => file.click(), { "data-testid": "choose-picture" });
  const remove = button("Remove", () => attempt(take(), `${name} was removed.`), {
    "data-testid": "remove-picture",
  });
  const draw = () => faceOf() && !face.dataset.preview && show(faceOf().avatar_url);
  signal.addEventListener("abort", store.listen(draw));
  signal.addEventListener("abort", () => forget());
  rest();
  return h("div", { class: "picture" }, face, h("div", {}, deeds, progress, note, error, file));

  /** Nothing is chosen. */
  function rest() {
    forget();
    const { avatar_url } = faceOf();
    fill(deeds, choose, avatar_url && remove);
    show(avatar_url);
  }

  async function look(picture) {
    say();
    const url = URL.createObjectURL(picture);
    if (!(await canBeShown(url))) {
      URL.revokeObjectURL(url);
      return say({ refusal: "This file is not a picture that can be shown." });
    }
    forget();
    face.dataset.preview = url;
    show(url);
    const use = button("Use this picture", () => send(picture), { class: "primary", "data-testid": "use-picture" });
    fill(deeds, use, button("Cancel", rest));
    use.focus();
  }

  async function send(picture) {
    progress.hidden = false;
    const onProgress = (share) => (progress.value = share);
    await attempt(set(picture, { onProgress }), `${name} was changed.`);
    progress.hidden = true;
  }

  async function attempt(deed, success) {
    say();
    deeds.inert = true;
    try {
      await deed;
      rest();
      say({ success });
    } catch (refusal) {
      say({ refusal: sentenceOf(refusal) });
    }
    deeds.inert = false;
    deeds.firstElementChild.focus();
  }

  function show(avatar_url) {
    const { kind, ...shown } = faceOf();
    fill(face, avatar({ ...shown, avatar_url }, { kind }));
  }

  function forget() {
    URL.revokeObjectURL(face.dataset.preview);
    delete face.dataset.preview;
    file.value = "";
  }

  function say({ success, refusal } = {}) {
    fill(note, success);
    fill(error, refusal);
  }
}

async function canBeShown(url) {
  const image = new Image();
  image.src = url;
  return image.decode().then(
    () => true,
    () => false,
  );
}
