import { CryptoError } from "../crypto/errors.js";
import { ChatError } from "../errors.js";

const SENTENCES = {
  unsupported: "This browser cannot read or write what is sealed end to end.",
  no_device: "This browser is not yet a device that reads here. Try again in a moment.",
  log_forked: "The server shows keys that contradict those it showed before. Nothing is sealed for them.",
  log_went_back: "The server shows older keys than it showed before. Nothing is sealed for them.",
  keys_unanswered: "There is a new device that you have not confirmed. Nothing is sent until you decide.",
  stale_devices: "The devices here change faster than a message can be sealed for them. Try again in a moment.",
};

/** What a server answers with that contradicts itself, or shows keys that cannot be. */
export const ALARMING = ["log_forked", "log_went_back", "bundle_invalid", "rotation_invalid", "bad_key"];

/**
 * A refusal of the sealing itself, in the shape of those of the server.
 * @param {string} code
 * @param {string} [user_id] whose keys it is about
 * @returns {ChatError}
 */
export function refusal(code, user_id) {
  return Object.assign(new ChatError({ code, detail: SENTENCES[code] }), { user_id });
}

/** Whatever went wrong, in the shape of a refusal: what cryptography says has a `code` and a sentence too. */
export function asRefusal(error) {
  if (error instanceof ChatError) return error;
  const code = error instanceof CryptoError ? error.code : "internal";
  return new ChatError({ code, detail: error.message });
}
