const STYLES = /[\u{fe0e}\u{fe0f}]/gu;

/** Whether two emoji are one, spelled with or without variation selectors: the server counts them together. */
export function isSameEmoji(one, other) {
  return one.replace(STYLES, "") === other.replace(STYLES, "");
}
