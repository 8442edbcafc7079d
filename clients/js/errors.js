/**
 * A refusal, the same for HTTP (problem+json) and for socket replies, or the lack of an answer
 * (`offline`, `timeout`), which leaves open whether the action was done. `cancelled` means that the caller gave up.
 *
 * @property {string} code stable code of the contract; treat unknown codes by `status`
 * @property {number} status HTTP status, 0 on the socket and when there was no answer
 * @property {{field: string, code: string, detail: string}[]} errors refusals by field
 * @property {?number} retry_after seconds until another try makes sense
 * @property {?string} request_id what to quote to the operator
 */
export class ChatError extends Error {
  constructor({ code = "internal", status = 0, detail, title, errors, retry_after, request_id } = {}) {
    super(detail || title || code);
    this.name = "ChatError";
    this.code = code;
    this.status = status;
    this.errors = errors ?? [];
    this.retry_after = retry_after ?? null;
    this.request_id = request_id ?? null;
  }

  /** True when the action may or may not have been done: repeat it with the same bytes. */
  get is_unanswered() {
    return this.code === "offline" || this.code === "timeout";
  }

  /** True when the same request is welcome again after `retry_after`. */
  get is_passing() {
    return ["rate_limited", "slow_mode", "unavailable"].includes(this.code) || [429, 503].includes(this.status);
  }

  /** True when the server no longer accepts these credentials. */
  get is_sign_out() {
    return this.status === 401 || ["not_authenticated", "token_invalid"].includes(this.code);
  }

  /** All that was said about one field, or nothing. @param {string} field */
  about(field) {
    const said = this.errors.filter((error) => error.field === field).map(({ detail }) => detail);
    return said.length ? said.join(" ") : null;
  }

  /** What was said about other fields than these. @param {string[]} fields */
  besides(fields) {
    return this.errors.filter(({ field }) => !fields.includes(field)).map(({ detail }) => detail);
  }

  static offline(detail = "No connection to the server.") {
    return new ChatError({ code: "offline", detail });
  }

  static cancelled() {
    return new ChatError({ code: "cancelled", detail: "It was cancelled." });
  }

  /** @param {Response} response whatever a proxy in between may have made of it */
  static async from(response) {
    const problem = (await response.json().catch(() => null)) ?? {};
    const header = Number(response.headers.get("Retry-After"));
    return new ChatError({
      ...problem,
      code: problem.code ?? (response.status >= 500 ? "unavailable" : "invalid"),
      detail: problem.detail ?? response.statusText,
      status: response.status,
      retry_after: problem.retry_after ?? (header > 0 ? header : null),
    });
  }
}

/**
 * What the server has answered. An answer that breaks off, or the page of a network that wants a sign-in of its own, is none.
 * @param {Response} response @returns {Promise<any>} @throws {ChatError}
 */
export function readAnswer(response) {
  return response.json().catch(() => {
    throw ChatError.offline();
  });
}
