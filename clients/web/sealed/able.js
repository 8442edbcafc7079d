/** What a browser that can keep no keys is told where it would show them. */
export const UNABLE = "This browser can keep no keys, so it is no device that reads end to end.";

/** Why one cannot write in an end-to-end conversation here, as a sentence; null where one can. */
export function unableText({ sealing }, id) {
  if (!sealing.isSealed(id) || !sealing.is_loaded || sealing.is_able) return null;
  return "This browser can keep no keys, so it cannot read or write what is end-to-end encrypted.";
}
