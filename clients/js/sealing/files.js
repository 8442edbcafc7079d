import { openFile, sealFile } from "../crypto/index.js";
import { harmless } from "../text.js";
import { refusal } from "./refusals.js";

const SHOWN_BYTES = 20_000_000;
/** What is shown from an address of this page must not be able to act in its name: no documents, no SVG. */
const SHOWN = {
  image: ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"],
  video: ["video/mp4", "video/webm", "video/quicktime"],
  audio: ["audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/webm", "audio/wav", "audio/x-wav", "audio/flac"],
};

/** Files of sealed messages: sealed before they leave this browser, opened in it, and shown from its memory. */
export class SealedFiles {
  #fetch;
  #linkTo;
  #opened = new Map();
  #prepared = new WeakMap();

  constructor({ fetch, linkTo }) {
    this.#fetch = fetch;
    this.#linkTo = linkTo;
  }

  /**
   * Seal a file and send it; the same bytes again for as long as it has not arrived under this `client_id`.
   * @param {Blob} file
   * @param {string} client_id
   * @param {(sealed: Blob) => Promise<object>} upload
   * @returns {Promise<object>} the upload, with `sealed`: what the message says of it
   */
  async send(file, client_id, upload) {
    const { blob, key, nonce, digest, size } = await this.prepare(file, client_id);
    const answer = await upload(new File([blob], "sealed", { type: "application/octet-stream" }));
    this.#prepared.get(file).delete(client_id);
    const about = { name: nameOf(file), mime_type: file.type.slice(0, 127) || "application/octet-stream", size };
    const sealed = { upload_id: answer.id, key, nonce, digest, ...about };
    await this.#keep(sealed, file).catch(() => {});
    return { ...answer, sealed };
  }

  /** A file as it will leave: `{blob, key, nonce, digest, size}`; the same until it has arrived under this `client_id`. */
  prepare(file, client_id) {
    const prepared = this.#prepared.get(file) ?? new Map();
    this.#prepared.set(file, prepared);
    if (!prepared.has(client_id)) prepared.set(client_id, sealedOf(file));
    return prepared.get(client_id);
  }

  /** The plain file of one that an earlier page has prepared, to be sent as it was. @returns {Promise<File>} */
  async takeUp(prepared, client_id, { name, type }) {
    const file = new File(await partsOf(openFile(prepared.blob.stream(), prepared)), name, { type });
    this.#prepared.set(file, new Map([[client_id, Promise.resolve(prepared)]]));
    return file;
  }

  /**
   * The files of an opened message as they are shown: `kind`, `filename`, `mime_type` and `size` are those of the plain
   * file. Those that can be shown are opened; of the others `sealed` says how.
   * @param {object[]} uploads what the server has
   * @param {object[]} sealed what the message says
   * @param {() => void} changed one was opened
   */
  show(uploads = [], sealed = [], changed = () => {}) {
    const by_id = new Map(uploads.map((upload) => [upload.id, upload]));
    return sealed.map((one) => {
      const upload = by_id.get(one.upload_id);
      const kind = kindOf(one);
      const about = {
        id: one.upload_id,
        filename: harmless(one.name),
        mime_type: one.mime_type,
        size: one.size,
        kind,
        sealed: one,
      };
      const bare = {
        width: null,
        height: null,
        duration: null,
        waveform: null,
        placeholder: null,
        thumbnail_url: null,
      };
      const shown = { ...bare, ...about, content_url: null, source: upload?.content_url ?? null };
      if (!upload) return { ...shown, kind: "other", status: "failed", is_gone: true };
      if (kind === "other") return { ...shown, status: "ready" };
      return { ...shown, ...this.#look(one, upload, changed) };
    });
  }

  /**
   * The plain file.
   * @param {object} file as `show` gives it
   * @returns {Promise<Blob>}
   * @throws {CryptoError | ChatError} when it is another file than the message means, or is not to be had
   */
  async open({ source, sealed }) {
    const held = this.#opened.get(sealed.upload_id);
    if (held?.blob && held.digest === sealed.digest) return held.blob;
    const response = await this.#linkTo(source)
      .then((url) => this.#fetch(url, { credentials: "same-origin" }))
      .catch(() => null);
    if (!response?.ok) throw refusal("offline");
    return new Blob(await partsOf(openFile(response.body, sealed)), { type: typeOf(sealed) });
  }

  /** Forget all. */
  clear() {
    for (const { url } of this.#opened.values()) if (url) URL.revokeObjectURL(url);
    this.#opened.clear();
  }

  #look(sealed, { content_url }, changed) {
    const held = this.#opened.get(sealed.upload_id);
    if (held && held.digest === sealed.digest) return held.shown;
    const opening = { digest: sealed.digest, shown: { status: "processing" } };
    this.#opened.set(sealed.upload_id, opening);
    this.open({ source: content_url, sealed })
      .then((blob) => this.#keep(sealed, blob))
      .catch(() => (opening.shown = { status: "failed" }))
      .finally(changed);
    return opening.shown;
  }

  async #keep(sealed, file) {
    const blob = file.slice(0, file.size, typeOf(sealed));
    const kind = kindOf(sealed);
    if (kind === "other") return;
    const url = URL.createObjectURL(blob);
    const shown = { status: "ready", content_url: url, thumbnail_url: kind === "image" ? url : null };
    const size = kind === "image" ? await sizeOf(blob) : {};
    const preview = kind === "video" ? { preview: url } : {};
    this.#opened.set(sealed.upload_id, { digest: sealed.digest, blob, url, shown: { ...shown, ...preview, ...size } });
  }
}

/** What of it is shown: the rest is saved, never shown. */
function kindOf({ mime_type, size }) {
  const [family] = Object.entries(SHOWN).find(([, types]) => types.includes(mime_type.split(";")[0])) ?? ["other"];
  return size > SHOWN_BYTES ? "other" : family;
}

const typeOf = (sealed) => (kindOf(sealed) === "other" ? "application/octet-stream" : sealed.mime_type);

const nameOf = ({ name }) => [...harmless(name ?? "")].slice(0, 255).join("").slice(0, 255);

async function sealedOf(file) {
  const { stream, secrets } = sealFile(file);
  const blob = await new Response(stream).blob();
  return { blob, ...(await secrets) };
}

async function partsOf(stream) {
  const parts = [];
  const reader = stream.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
  return parts;
}

async function sizeOf(blob) {
  const picture = await globalThis.createImageBitmap?.(blob).catch(() => null);
  if (!picture) return {};
  const { width, height } = picture;
  picture.close();
  return { width, height };
}
