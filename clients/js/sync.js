const CROSSING_MS = 300;
const AGAIN_MS = 2_000;
const SNAPSHOT_MESSAGES = 30;
const PAGE = 50;
/** In so many conversations after each reconnect: a peer who sends no receipts is asked about again and again. */
const RENEWED_STATUSES = 10;
const POSITIONS_PER_FRAME = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Keeps the store equal to the server: snapshot, catching up, and reading what was missed. */
export class Sync {
  #store;
  #api;
  #socket;
  #busy = new Map();
  #silences = new Map();

  /** Called each time the store has been brought up to date after connecting. */
  onReady = () => {};

  constructor({ store, api, socket }) {
    this.#store = store;
    this.#api = api;
    this.#socket = socket;
    store.listen((id) => id && this.#awaitVoice(id));
  }

  /** No one is signed in any more. */
  clear() {
    this.#busy = new Map();
    for (const { timer } of this.#silences.values()) clearTimeout(timer);
    this.#silences.clear();
  }

  /** Take one frame from the socket. */
  hear(frame) {
    const { type, conversation_id, seq, data } = frame;
    if (type === "hello") return this.#hello(data);
    if (type === "sync.complete") return this.#readRest(data.conversations);
    if (type === "sync.reset") return this.#orReconnect(() => this.#begin());
    if (type === "conversation.added") return this.#added(data.conversation?.id ?? conversation_id, data.membership);
    if (seq !== undefined && this.#is_beginning) return null;
    const rules = this.#rules(conversation_id);
    const outcome = this.#apply(frame);
    if (outcome === "early") setTimeout(() => this.#fill(conversation_id), CROSSING_MS);
    if (outcome === "unknown" && seq !== undefined) this.fetchConversation(conversation_id);
    const is_my_role = type === "member.updated" && data.member.user.id === this.#store.me?.id;
    if (is_my_role || rules !== this.#rules(conversation_id)) this.#refresh(conversation_id);
    return null;
  }

  /** I came into a conversation, or set one otherwise on another device. */
  #added(id, membership) {
    if (!this.#store.conversations.has(id)) return this.fetchConversation(id);
    if (membership) this.#store.putMembership(id, membership);
    return null;
  }

  /** Take a message from an answer of the server as if it had arrived as an event. */
  hearAnswer(message) {
    const { conversation_id, seq, created_at } = message;
    if (seq <= this.#store.log(conversation_id).position) return this.#store.putMessage(message);
    this.hear({ type: "message.created", conversation_id, seq, ts: created_at, data: { message } });
  }

  /** Load one conversation which is new here. */
  fetchConversation(id) {
    return this.#once(`conversation ${id}`, async () => {
      const [conversation, history] = await Promise.all([
        this.#api.get(`conversations/${id}/`),
        this.#api.get(`conversations/${id}/messages/`, { limit: SNAPSHOT_MESSAGES }),
      ]);
      this.#store.put({ ...conversation, messages: history.results });
      await this.readLog(id);
    }).catch((error) => this.#failed(error, id, () => this.fetchConversation(id)));
  }

  /** Load an older page of history. */
  loadOlder(id) {
    return this.#once(`older ${id}`, async () => {
      const log = this.#store.log(id);
      const until = log.floor;
      if (!log.has_older) return;
      const query = { before: until, limit: PAGE };
      const { results } = await this.#api.get(`conversations/${id}/messages/`, query);
      log.prepend(results, results.length === PAGE);
      if (!log.has_older) log.floor = this.#first(id);
      this.#store.changed(id);
      await this.tellChanges(id, until, results.length);
    });
  }

  /** Messages come without the changes between them; fetch those where `seq`s are missing. */
  async tellChanges(id, until, known) {
    const log = this.#store.log(id);
    if (until - log.floor <= known) return;
    const { entries } = await this.#api.get(`conversations/${id}/log/`, { after: log.floor - 1 });
    entries.filter(({ seq }) => seq < until).forEach((event) => log.tell(event));
    this.#store.changed(id);
  }

  /** Read everything after the own position. */
  readLog(id) {
    return this.#once(`log ${id}`, async () => {
      for (let page = { has_more: true }; page.has_more && this.#store.conversations.has(id);) {
        page = await this.#api.get(`conversations/${id}/log/`, { after: this.#store.log(id).position });
        if (page.reset || page.epoch !== this.#store.epoch) return this.#begin();
        page.entries.forEach((event) => this.#apply(event));
        if (!page.has_more) this.#store.skipTo(id, page.head);
      }
    }).catch((error) => this.#failed(error, id, () => this.readLog(id)));
  }

  /** Whether I had read what came before a message of mine is known here where it was sent here, else at the server. */
  #apply(event) {
    const { type, conversation_id: id, data } = event;
    if (type !== "message.created" || data.message.sender?.id !== this.#store.me?.id) return this.#store.apply(event);
    const sent = this.#store.logs.get(id)?.pending.find(({ client_id }) => client_id === data.message.client_id);
    const outcome = this.#store.apply(event, { has_read: Boolean(sent && sent.marks_read !== false) });
    const is_open = !sent && outcome === "applied" && this.#store.conversations.get(id)?.unread_count > 0;
    if (is_open) this.#once(`refresh ${id}`, () => this.#refresh(id));
    return outcome;
  }

  #hello(hello) {
    const unknown = this.#store.welcome(hello);
    return this.#orReconnect(async () => {
      if (this.#store.epoch !== hello.epoch) return this.#begin();
      await Promise.all(unknown.map((id) => this.fetchConversation(id)));
      this.#catchUp();
      this.#renewStatuses().catch(() => {}); // the next reconnect asks again
    });
  }

  /** How far others have read meanwhile is in no log, but messages say it. Pages show it in direct conversations. */
  async #renewStatuses() {
    const { list, me } = this.#store;
    const last = (id) => this.#store.log(id).entries.findLast(({ message }) => message?.sender?.id === me?.id)?.message;
    const is_open = ({ kind, id }) => kind === "direct" && last(id) && this.#store.status(last(id)) !== "read";
    for (const { id } of list.filter(is_open).slice(0, RENEWED_STATUSES)) {
      const { results } = await this.#api.get(`conversations/${id}/messages/`, { limit: SNAPSHOT_MESSAGES });
      this.#store.putStatuses(id, results);
    }
  }

  /** Forget what was held and start from a snapshot. */
  #begin() {
    return this.#once("snapshot", async () => {
      const named = new Set();
      let page = await this.#api.get("sync/", { per_conversation: SNAPSHOT_MESSAGES });
      for (;;) {
        page.conversations.forEach((conversation) => this.#store.put(conversation));
        page.conversations.forEach(({ id }) => named.add(id));
        if (!page.next) break;
        page = await this.#api.get(page.next);
      }
      for (const id of this.#store.conversations.keys()) if (!named.has(id)) this.#store.remove(id);
      this.#store.epoch = page.epoch;
      this.#store.changed();
    }).then(() => this.#catchUp());
  }

  /** What arrives before a snapshot is complete comes again with the `sync` that follows it. */
  get #is_beginning() {
    return this.#store.epoch === null || this.#busy.has("snapshot");
  }

  /** What the rights of its members depend on, besides their roles. */
  #rules(id) {
    const { members_can_invite, is_read_only, is_frozen } = this.#store.conversations.get(id) ?? {};
    return `${members_can_invite} ${is_read_only} ${is_frozen}`;
  }

  /** Take a conversation as the server has it: what I may do in it, and how far I have read. */
  async #refresh(id) {
    if (!this.#store.conversations.has(id)) return;
    await this.#api.get(`conversations/${id}/`).then(
      (conversation) => this.#store.put(conversation),
      () => {},
    );
  }

  /** When a moderator's silence is over, no event says that the user may write again. */
  #awaitVoice(id) {
    const until = this.#store.conversations.get(id)?.membership?.silenced_until ?? null;
    const held = this.#silences.get(id);
    if (until === (held?.until ?? null)) return;
    clearTimeout(held?.timer);
    this.#silences.delete(id);
    const left = new Date(until) - Date.now();
    if (left <= 0) return;
    const over = () => {
      this.#silences.delete(id);
      if (left < LONGEST_TIMER_MS) this.#refresh(id);
      else this.#awaitVoice(id);
    };
    const timer = setTimeout(over, Math.min(left, LONGEST_TIMER_MS));
    timer.unref?.(); // Node ends when nothing else is left to do
    this.#silences.set(id, { until, timer });
  }

  #catchUp() {
    const { epoch, positions } = this.#store;
    const all = Object.entries(positions);
    for (let at = 0; at === 0 || at < all.length; at += POSITIONS_PER_FRAME) {
      const some = Object.fromEntries(all.slice(at, at + POSITIONS_PER_FRAME));
      this.#socket.notify("sync", { epoch, positions: some });
    }
    this.onReady();
  }

  /** All conversations are named: those that began while this client was away, too. */
  #readRest(conversations) {
    if (this.#is_beginning) return;
    for (const [id, { head, has_more }] of Object.entries(conversations)) {
      if (!this.#store.conversations.has(id)) this.fetchConversation(id);
      else if (has_more && head > this.#store.log(id).position) this.readLog(id);
    }
  }

  /** Two frames may cross on their way, so a missing `seq` gets a moment before it is read. */
  #fill(id) {
    if (this.#store.logs.get(id)?.has_gap) this.readLog(id);
  }

  #first(id) {
    return (this.#store.conversations.get(id)?.membership?.visible_from_seq ?? 0) + 1;
  }

  #once(what, work) {
    const busy = this.#busy;
    if (!busy.has(what))
      busy.set(
        what,
        work().finally(() => busy.delete(what)),
      );
    return busy.get(what);
  }

  #orReconnect(work) {
    return work().catch(() => this.#socket.lose());
  }

  #failed(error, id, again) {
    if (error.status === 404) this.#store.remove(id);
    else if (this.#socket.state === "online") setTimeout(again, (error.retry_after ?? 0) * 1000 || AGAIN_MS);
  }
}
