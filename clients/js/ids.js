/** `crypto.randomUUID` is missing on plain-http hosts other than localhost; this is not. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
