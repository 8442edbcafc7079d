/** Files of some kinds as one list, page after page, the newest first. */
export class Pages {
  #chat;
  #id;
  #sources;

  constructor(chat, id, kinds) {
    this.#chat = chat;
    this.#id = id;
    this.#sources = kinds.map((kind) => ({ kind, held: [], next: null, has_begun: false }));
  }

  /** Whether there may be more. */
  get has_more() {
    return this.#sources.some((source) => source.held.length || !source.has_begun || source.next);
  }

  /** The next files; what is older than the end of what was read of another kind waits for that. */
  async more() {
    await Promise.all(this.#sources.map((source) => this.#read(source)));
    const ends = this.#sources.filter(({ next }) => next).map(({ held }) => held.at(-1).seq);
    const end = Math.max(0, ...ends);
    const files = this.#sources.flatMap(({ held }) => held.filter(({ seq }) => seq >= end));
    for (const source of this.#sources) source.held = source.held.filter(({ seq }) => seq < end);
    return files.sort((a, b) => b.seq - a.seq);
  }

  async #read(source) {
    if (source.held.length || (source.has_begun && !source.next)) return;
    const { results, next } = await this.#chat.mediaOf(this.#id, source);
    Object.assign(source, { held: results, next, has_begun: true });
  }
}
