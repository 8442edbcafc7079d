import { newId } from "./ids.js";
import { Media } from "./media.js";
import { View } from "./view.js";

const PAGE = 50;

/**
 * Actions on existing messages: change them, react, pin, answer in a thread, look at their past.
 * `ChatClient` has these methods. What they change arrives as an event, and is then in the store.
 */
export class Messages extends Media {
  /**
   * Change the text of your own message, and which uploads it has. End to end it is sealed again.
   * @param {{attachment_ids?: string[]}} [changes] they stay as they are when none are given
   */
  async edit(message_id, content, { attachment_ids } = {}) {
    const change = (body) => this.api.patch(`messages/${message_id}/`, body);
    const message = this.store.find(message_id) ?? (await this.api.get(`messages/${message_id}/`));
    if (!this.sealing.isSealed(message.conversation_id)) {
      this.store.putMessage(await change({ content, attachment_ids }));
      return;
    }
    const place = { conversation_id: message.conversation_id, client_id: newId(), replaces: message_id };
    const kept = ({ upload_id }) => !attachment_ids || attachment_ids.includes(upload_id);
    const { attachments } = await this.sealing.open(message);
    const said = { content, attachments: attachments.filter(kept) };
    const { client_id } = place;
    const send = (sealed) => change({ ...sealed, client_id, attachment_ids });
    this.store.putMessage(await this.sealing.sealUntil(place, said, send));
  }

  /** Delete your own message, or any as a moderator; a tombstone stays. */
  delete(message_id) {
    return this.api.delete(`messages/${message_id}/`);
  }

  /** @throws {ChatError} `invalid` if it is not an emoji, `read_only`, `blocked` */
  react(message_id, emoji) {
    return this.api.put(`messages/${message_id}/reactions/${encodeURIComponent(emoji)}/`);
  }

  /** Take a reaction back. */
  unreact(message_id, emoji) {
    return this.api.delete(`messages/${message_id}/reactions/${encodeURIComponent(emoji)}/`);
  }

  /** @returns {Promise<object[]>} `{content, replaced_at}`: earlier versions, newest first */
  async pastOf(message_id) {
    const { results } = await this.api.get(`messages/${message_id}/history/`, { limit: 100 });
    const message = this.store.find(message_id);
    if (!message?.envelope) return results;
    return Promise.all(results.map((row) => this.sealing.openPast(message, row)));
  }

  /** @returns {Promise<{read: object[], delivered: object[]}>} `{user, at}` each; empty in large conversations */
  receipts(message_id) {
    return this.api.get(`messages/${message_id}/receipts/`);
  }

  /**
   * Report a message to the operators.
   * @param {{reason: string, comment?: string}} report `reason` is one of `spam`, `abuse`, `violence`, `sexual`,
   *   `illegal` and `other`
   */
  report(message_id, { reason, comment }) {
    return this.api.post(`messages/${message_id}/report/`, { reason, comment });
  }

  // Pins

  pin(message_id) {
    return this.api.put(`messages/${message_id}/pin/`);
  }

  unpin(message_id) {
    return this.api.delete(`messages/${message_id}/pin/`);
  }

  /** Load the pinned messages into `store.pins`, last pinned first; from then on they follow the server. */
  async loadPins(conversation_id) {
    const { results } = await this.api.get(`conversations/${conversation_id}/pins/`, { limit: 100 });
    this.store.putPins(conversation_id, results);
  }

  // Threads

  /**
   * Look at the thread that a message begins: its last replies, below that message, are in `store.views` under its id
   * and stay as they are at the server until `closeView`.
   * @returns {Promise<View>}
   */
  async openThread(conversation_id, root_id) {
    // The view already receives what is written while the answer is on its way.
    const view = this.store.open(root_id, new View({ conversation_id, thread_id: root_id }));
    try {
      const [root, page] = await Promise.all([
        this.api.get(`messages/${root_id}/`),
        this.api.get(`messages/${root_id}/replies/`, { limit: PAGE }),
      ]);
      this.store.markThreadRead(root_id, page.last_read_seq); // a later one may have arrived meanwhile
      view.read_seq = this.store.thread_marks.get(root_id);
      view.prepend([root, ...page.results], page.previous !== null);
    } catch (error) {
      this.store.close(root_id);
      throw error;
    }
    this.store.changed(conversation_id);
    return view;
  }

  /** Load older replies, between the first message and those that are there. */
  async loadOlderReplies(root_id) {
    const view = this.store.views.get(root_id);
    if (!view?.has_older || view.is_busy) return;
    const before = view.entries[1]?.seq;
    await view.busy(async () => {
      const page = await this.api.get(`messages/${root_id}/replies/`, { before, limit: PAGE });
      view.prepend(page.results, page.previous !== null);
    });
    this.store.changed(view.conversation_id);
  }

  /** Learn how far a thread was read, also before. */
  async loadThreadMark(conversation_id, root_id) {
    const { last_read_seq } = await this.api.get(`messages/${root_id}/replies/`, { limit: 1 });
    this.store.markThreadRead(root_id, last_read_seq);
    this.store.changed(conversation_id);
  }

  /** Everything in a thread up to this reply was seen. */
  async markThreadRead(root_id, reply) {
    if (!this.store.markThreadRead(root_id, reply.seq)) return;
    this.store.changed(reply.conversation_id);
    await this.api.post(`messages/${reply.id}/read/`);
  }

  // Far above

  /**
   * Load the messages around a `seq` that is not loaded into `store.views`, under the conversation's id. A `seq` that is
   * loaded needs no view, and closes an open one.
   */
  async lookAround(conversation_id, seq) {
    if (this.store.log(conversation_id).covers(seq)) return this.closeView(conversation_id);
    const page = await this.api.get(`conversations/${conversation_id}/messages/`, { around: seq, limit: PAGE });
    const view = new View({ conversation_id });
    view.prepend(page.results, page.previous !== null);
    this.#meet(this.store.open(conversation_id, view));
  }

  /** Load more of what stands above or below in the view of a conversation. @param {"before" | "after"} side */
  async widenView(conversation_id, side) {
    const view = this.store.views.get(conversation_id);
    if (!view || view.is_busy || (side === "before" && !view.has_older)) return;
    const seq = side === "before" ? view.entries[0].seq : view.entries.at(-1).seq;
    await view.busy(async () => {
      const page = await this.api.get(`conversations/${conversation_id}/messages/`, { [side]: seq, limit: PAGE });
      if (side === "before") view.prepend(page.results, page.previous !== null);
      else page.results.forEach((message) => view.hold(message));
    });
    this.#meet(view);
  }

  /** Leave a thread, or come back to the newest messages of a conversation. */
  closeView(id) {
    this.store.close(id);
  }

  // Search

  /**
   * Find messages by their words, in all conversations or in one.
   * @param {{q: string, conversation?: string, sender?: string, before?: string, after?: string}} query
   * @returns {Promise<object[]>} `{message, snippet, highlights}`; highlights are `[start, end]` in the snippet
   */
  async searchMessages(query) {
    return (await this.api.get("messages/search/", { limit: 30, ...query })).results;
  }

  /** A view that has come down to what is loaded becomes part of it. */
  #meet(view) {
    const { conversation_id } = view;
    const log = this.store.log(conversation_id);
    if (view.entries.length && view.entries.at(-1).seq + 1 >= log.floor) {
      log.prepend(view.messages, view.has_older);
      this.store.close(conversation_id);
    }
    this.store.changed(conversation_id);
  }
}
