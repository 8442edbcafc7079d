import { newId } from "./ids.js";

const AT_ONCE = 2;
const TRIES = 3;
const PAUSE_MS = 2_000;
const LONGEST_PAUSE_S = 60;
const LOOK_MS = 1_500;
const LOOKS = 40;
const STEP = 0.01;
const KINDS = ["image", "video", "audio"];

/**
 * Files on their way to the server, some at a time; in `store.parcels` from the moment they are chosen.
 *
 * A parcel is `{key, conversation_id, file, kind, preview, status, progress, error, upload}` and whatever else is known
 * about the file, such as its `width` and `height`. `preview` is the address of an object URL; `status` is `waiting`,
 * `sending`, `sent` (then there is an `upload`) or `failed` (then there is an `error`). One that a limit holds back is
 * `waiting` and goes at `retry_at`.
 */
export class Parcels {
  #store;
  #send;
  #release;
  #changed;
  #look;
  #going = new Map();
  #tries = new Map();
  #pauses = new Map();
  #shelf;
  /** Those that outlive the page. */ #kept = new Set();
  /** Given up, or at the server. */ #done = new Set();

  /**
   * @param {object} options
   * @param {(file: Blob, options: object) => Promise<object>} options.send as `upload` of `ChatClient`
   * @param {(upload_id: string) => void} options.release what is at the server is not wanted any more
   * @param {(key: string) => void} options.changed a parcel has come further, or failed
   * @param {(upload_id: string) => Promise<object>} [options.look] an upload as it is now
   * @param {KeptFiles} options.shelf where files of messages outlive the page
   */
  constructor({ store, send, release, changed, look, shelf }) {
    this.#store = store;
    this.#send = send;
    this.#release = release;
    this.#changed = changed;
    this.#look = look;
    this.#shelf = shelf;
  }

  /** Take a file and begin to send it. @returns {string} its key */
  add(conversation_id, file, { kind = kindOf(file), ...facts } = {}) {
    const key = newId();
    this.#take({ ...facts, key, conversation_id, file, kind });
    return key;
  }

  /** Have the files of a message outlive this page. @param {string[]} keys @returns {Promise<boolean>} whether all do */
  async keep(keys) {
    const kept = await Promise.all(keys.map((key) => this.#keep(key).catch(() => false)));
    return kept.every(Boolean);
  }

  /** Whether all would outlive this page. */
  get are_kept() {
    return [...this.#store.parcels.keys()].every((key) => this.#kept.has(key));
  }

  /** What was kept has no use any more. */
  unkeep(key) {
    if (this.#kept.delete(key) && this.#store.me) this.#shelf.delete(this.#store.me.id, key);
  }

  /** Take up the files that earlier pages have kept. */
  async recall() {
    const { me } = this.#store;
    for (const parcel of await this.#shelf.recall(me.id)) {
      if (this.#store.me?.id !== me.id) return;
      this.#kept.add(parcel.key);
      if (this.#done.has(parcel.key)) this.unkeep(parcel.key);
      else if (!this.#store.parcels.has(parcel.key)) this.#take(parcel);
    }
  }

  /** Try a failed one again. */
  retry(key) {
    if (this.#store.parcels.get(key)?.status !== "failed") return;
    this.#tries.delete(key);
    this.#put(key, { status: "waiting", progress: 0, error: null });
    this.#next();
  }

  /** The connection is back: whatever had no answer goes out again. */
  resume() {
    for (const [key, { error }] of this.#store.parcels) if (error?.is_unanswered) this.retry(key);
    for (const key of this.#pauses.keys()) this.#wake(key);
    this.#next();
  }

  /** Give one up, also where it has arrived already. */
  drop(key) {
    const parcel = this.#store.parcels.get(key);
    if (!parcel) return;
    this.#store.removeParcel(key);
    this.#forget(key);
    this.unkeep(key);
    this.#going.get(key)?.abort();
    if (parcel.upload) this.release(parcel.upload.id);
    else URL.revokeObjectURL(parcel.preview);
  }

  /** What has arrived is not wanted any more. */
  release(upload_id) {
    this.#store.forgetPreview(upload_id);
    this.#release(upload_id);
  }

  /** One has arrived and belongs to a message now; what can be seen of it stays as `store.previews`. */
  handOver(key) {
    this.#store.removeParcel(key);
    this.#forget(key);
  }

  /** Cancel all: the user signs out. */
  clear() {
    for (const parcel of this.#store.parcels.values()) URL.revokeObjectURL(parcel.preview);
    for (const key of this.#store.parcels.keys()) this.#wake(key);
    this.#tries.clear();
    this.#done.clear();
    this.#kept.clear();
    this.#store.parcels.clear();
    this.#going.forEach((going) => going.abort());
  }

  #take(parcel) {
    const preview = URL.createObjectURL(parcel.file);
    this.#store.putParcel({ ...parcel, preview, status: "waiting", progress: 0, error: null, upload: null });
    this.#next();
  }

  async #keep(key) {
    const { me, parcels } = this.#store;
    const { preview, status, progress, error, retry_at, upload, ...parcel } = parcels.get(key) ?? {};
    if (this.#kept.has(key)) return true;
    if (!parcel.key || !(await this.#shelf.keep(me.id, { ...parcel, is_sent: status === "sent" }))) return false;
    this.#kept.add(key);
    if (this.#done.has(key)) this.unkeep(key); // it has gone on meanwhile
    return true;
  }

  #next() {
    for (const { key, status } of this.#store.parcels.values()) {
      if (this.#going.size >= AT_ONCE) return;
      if (status === "waiting" && !this.#pauses.has(key)) this.#carry(key);
    }
  }

  async #carry(key) {
    const { file, conversation_id, kind, client_id = key } = this.#store.parcels.get(key);
    const going = new AbortController();
    this.#going.set(key, going);
    this.#put(key, { status: "sending", progress: 0, error: null, retry_at: null });
    const said = { conversation_id, client_id, kind: kind === "voice" ? kind : undefined };
    await this.#send(file, {
      ...said,
      signal: going.signal,
      onProgress: (share) => this.#progressed(key, share),
    }).then(
      (upload) => this.#arrived(key, upload),
      (error) => this.#refused(key, error),
    );
    this.#going.delete(key);
    this.#next();
  }

  #progressed(key, share) {
    const { progress } = this.#store.parcels.get(key) ?? {};
    if (share - progress >= STEP || share === 1) this.#put(key, { progress: share });
  }

  #arrived(key, upload) {
    const parcel = this.#store.parcels.get(key);
    if (!parcel) return this.#release(upload.id);
    this.#store.previews.set(upload.id, previewOf(parcel));
    this.#put(key, { status: "sent", progress: 1, upload });
    this.#changed(key);
    if (this.#look) this.#follow(key);
  }

  /** Until it is known whether it can be cleaned: who sends it has to know before the others get it. */
  async #follow(key) {
    for (let looks = 0; looks < LOOKS && this.#store.parcels.get(key)?.upload?.is_cleaned === null; looks++) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const parcel = this.#store.parcels.get(key);
      const upload = parcel && (await this.#look(parcel.upload.id).catch(() => null));
      if (upload && upload.is_cleaned !== null) this.#put(key, { upload: { ...parcel.upload, ...upload } });
    }
  }

  #refused(key, error) {
    if (!this.#store.parcels.has(key)) return;
    const pause = this.#pauseAfter(key, error);
    if (pause) {
      this.#put(key, { status: "waiting", progress: 0, retry_at: error.retry_after ? Date.now() + pause : null });
      this.#pauses.set(
        key,
        setTimeout(() => this.#wake(key) && this.#next(), pause),
      );
      return;
    }
    this.#put(key, { status: "failed", error });
    this.#changed(key);
  }

  /** A server that breaks off may mean it, so nothing large is sent for ever. @returns {?number} milliseconds */
  #pauseAfter(key, error) {
    const { is_passing, is_unanswered, retry_after } = error;
    if (is_passing && retry_after) return retry_after > LONGEST_PAUSE_S ? null : retry_after * 1000;
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    return (is_unanswered || is_passing) && tries < TRIES ? tries * PAUSE_MS : null;
  }

  #wake(key) {
    clearTimeout(this.#pauses.get(key));
    return this.#pauses.delete(key);
  }

  #forget(key) {
    this.#done.add(key);
    this.#wake(key);
    this.#tries.delete(key);
  }

  #put(key, fields) {
    const parcel = this.#store.parcels.get(key);
    if (parcel) this.#store.putParcel({ ...parcel, ...fields });
  }
}

/** What goes on to be shown of a file that has arrived. */
function previewOf({ preview: url, width, height, duration, waveform }) {
  return { url, width, height, duration, waveform };
}

/** A parcel in the shape of an upload, for code that shows both. Its `id` is its key. */
export function asUpload({ key, file, kind, preview, status, progress, error, upload, ...facts }) {
  return {
    ...{ width: null, height: null, duration: null, waveform: null, placeholder: null, ...facts },
    id: key,
    kind,
    filename: file.name || "file",
    mime_type: file.type,
    size: file.size,
    content_url: preview,
    thumbnail_url: kind === "image" ? preview : null,
    status,
    progress,
    error: error?.message ?? null,
    retry_after: error?.retry_after ?? null,
  };
}

/** What a file is, as far as its type says; the server looks closer. */
export function kindOf({ type = "" }) {
  const family = type.split("/")[0];
  if (KINDS.includes(family)) return family;
  return family === "text" || type === "application/pdf" ? "document" : "other";
}
