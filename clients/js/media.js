import { Conversations } from "./conversations.js";
import { newId } from "./ids.js";

const PAGE = 60;

/**
 * Actions on files. `ChatClient` has these methods. A file that goes into a message is `attach`ed and then
 * sent with it; `upload` is what that does, for who wants to do the rest.
 *
 * An upload is `{id, kind, filename, mime_type, size, width, height, duration, waveform, placeholder, content_url,
 * thumbnail_url, aac_url, is_cleaned, status}`; `kind` is `image`, `video`, `audio`, `voice`, `document` or `other`, and
 * `status` becomes `ready` or `failed` after it was `processing`. What is not `is_cleaned` leaves as it came and may say
 * where it was made; null: it is not known yet. Where there is an `aac_url`, some devices play nothing else.
 */
export class Media extends Conversations {
  /**
   * Send a file to the server, for a message that is still to be sent.
   * @param {Blob} file
   * @param {object} options
   * @param {string} options.conversation_id
   * @param {string} [options.client_id] to send the same file again because no answer came, pass the same one
   * @param {"voice"} [options.kind] a recording of speech
   * @param {(share: number) => void} [options.onProgress] called with how much was sent, from 0 to 1
   * @param {AbortSignal} [options.signal] gives it up
   * @returns {Promise<object>} the upload
   * @throws {ChatError} `too_large`, `quota_exceeded`, `unsupported_media_type`, `read_only`, `cancelled`
   */
  upload(file, { conversation_id, client_id = newId(), kind, onProgress, signal }) {
    const body = new FormData();
    body.append("conversation_id", conversation_id);
    body.append("client_id", client_id);
    if (kind) body.append("kind", kind);
    body.append("file", file, file.name || "file"); // the last: the server has decided by then whether to read it
    return this.api.create("media/", body, { onProgress, signal });
  }

  /** @returns {Promise<object>} an upload as it is now */
  uploadState(upload_id) {
    return this.api.get(`media/${upload_id}/`);
  }

  /** Delete your own upload. @throws {ChatError} `conflict` if it is in a message, with which it is deleted */
  deleteUpload(upload_id) {
    return this.api.delete(`media/${upload_id}/`);
  }

  /**
   * What was sent into a conversation, the newest first.
   * @param {{kind?: string, next?: ?string}} [place] `next` is that of the page before
   * @returns {Promise<{results: object[], next: ?string}>} uploads with `message_id`, `seq`, `created_at` and `sender`
   */
  mediaOf(conversation_id, { kind, next } = {}) {
    if (next) return this.api.get(next);
    return this.api.get(`conversations/${conversation_id}/media/`, { kind, limit: PAGE });
  }

  /** Give a conversation a picture. @param {Blob} file @param {object} [options] `onProgress` as for `setAvatar` */
  async setConversationAvatar(conversation_id, file, { onProgress } = {}) {
    const body = new FormData();
    body.append("file", file);
    await this.api.request("PUT", `conversations/${conversation_id}/avatar/`, { body, onProgress });
    await this.#lookAt(conversation_id);
  }

  async removeConversationAvatar(conversation_id) {
    await this.api.delete(`conversations/${conversation_id}/avatar/`);
    await this.#lookAt(conversation_id);
  }

  async #lookAt(conversation_id) {
    this.store.put(await this.api.get(`conversations/${conversation_id}/`));
  }
}
