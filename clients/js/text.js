const BLANK = /^[\p{White_Space}\p{Cc}\p{Cs}\p{DI}\ufff9-\ufffb\u2800\u{16fe4}\u{1d159}]*$/u;
const STYLES = /[\u{fe0e}\u{fe0f}]/gu;

/** Whether two emoji are one, spelled with or without variation selectors: the server counts them together. */
export function isSameEmoji(one, other) {
  return one.replace(STYLES, "") === other.replace(STYLES, "");
}

/** Whether nothing of a text can be seen: the server takes no such message. */
export function isBlank(text) {
  return BLANK.test(text);
}
