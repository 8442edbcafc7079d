/** A server for tests: HTTP answers by path, and sockets whose frames the test reads and writes. */
export class FakeServer {
  sockets = [];
  requests = [];
  #answers = new Map();

  constructor() {
    const server = this;
    this.WebSocket = class {
      constructor(url) {
        this.url = url;
        this.sent = [];
        this.is_closed = false;
        server.sockets.push(this);
        queueMicrotask(() => this.onopen?.());
      }
      send(text) {
        this.sent.push(JSON.parse(text));
      }
      close() {
        this.is_closed = true;
      }
      /** The server says something. */
      say(frame) {
        this.onmessage?.({ data: JSON.stringify(frame) });
      }
      reply(id, data) {
        this.say({ type: "reply", id, ok: true, data });
      }
      refuse(id, error) {
        this.say({ type: "reply", id, ok: false, error });
      }
      end(code) {
        this.onclose?.({ code });
      }
      commands(type) {
        return this.sent.filter((frame) => frame.type === type);
      }
    };
    this.fetch = (url, init) => this.#answer(new URL(url), init);
  }

  /** Answer `METHOD path` (below /api/v1/) with JSON, or with what a function of the request returns. */
  on(request, answer) {
    this.#answers.set(request, answer);
  }

  get socket() {
    return this.sockets.at(-1);
  }

  asked(request) {
    return this.requests.filter((asked) => asked.name === request);
  }

  async #answer(url, { method = "GET", body, headers }) {
    const name = `${method} ${url.pathname.replace("/api/v1/", "")}`;
    const query = Object.fromEntries(url.searchParams);
    const request = { name, query, body: typeof body === "string" ? JSON.parse(body) : body, headers };
    this.requests.push(request);
    const answer = this.#answers.get(name);
    if (!answer) throw new TypeError("network");
    const { status = 200, ...json } = typeof answer === "function" ? await answer(request) : answer;
    return new Response(status === 204 ? null : JSON.stringify(json), { status });
  }
}

/** Let everything that waits for a promise go on. */
export async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A storage like `localStorage`, for this test alone. */
export function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

export const alice = { id: "alice", username: "alice" };
export const bob = { id: "bob", username: "bob" };

export function message(seq, { sender = bob, ...fields } = {}) {
  return {
    id: `m${seq}`,
    conversation_id: "c",
    seq,
    changed_seq: seq,
    sender,
    client_id: `k${seq}`,
    content: `text ${seq}`,
    created_at: `2026-01-01T00:00:${String(seq).padStart(2, "0")}Z`,
    is_deleted: false,
    ...fields,
  };
}

export function created(seq, fields) {
  return { type: "message.created", conversation_id: "c", seq, ts: "", data: { message: message(seq, fields) } };
}

export function conversation(fields = {}) {
  const membership = { role: "member", last_read_seq: 0, last_delivered_seq: 0, visible_from_seq: 0 };
  return { id: "c", kind: "group", name: "c", seq: 0, unread_count: 0, member_count: 2, membership, ...fields };
}
