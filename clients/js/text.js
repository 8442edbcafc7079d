const ATTACHING =
  "[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Bopo}\\p{sc=Hang}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}]";
const BEGIN = "(?!\\p{DI})[\\p{L}\\p{N}]";
const REST = "(?:(?!\\p{DI})\\p{M}|[\\u200C\\u200D])*";
const NAME = `${BEGIN}${REST}(?:${BEGIN}${REST}|[_.\\-])*`;
const BEFORE = `(?<!(?!${ATTACHING})[\\p{L}\\p{M}\\p{N}])[@＠]`;
const AT = new RegExp(`${BEFORE}(?<name>${NAME})`, "gu");
const BEGUN = new RegExp(`${BEFORE}(?<name>[\\p{L}\\p{M}\\p{N}\\u200C\\u200D_.\\-]*)$`, "u");
const JOINT = new RegExp(
  `(?<!^)(?![\\p{M}\\u200C\\u200D])(?:(?=${ATTACHING})|(?<=${ATTACHING}[\\p{M}\\u200C\\u200D]*))`,
  "gu",
);
const HOST = "(?<![\\p{L}\\p{M}\\p{N}.\\-@＠])(?:[\\p{L}\\p{M}\\p{N}\\-]{1,63}\\.)+\\p{L}{2,63}(?::\\d{1,5})?/";
const HANDLE = "[@＠][\\p{L}\\p{M}\\p{N}_.\\-]{1,64}[@＠](?:[\\p{L}\\p{M}\\p{N}\\-]{1,63}\\.)+\\p{L}{2,63}";
const ADDRESS = new RegExp(
  `(?:(?<![A-Za-z0-9+.\\-])[A-Za-z][A-Za-z0-9+.\\-]{0,31}://|(?<![\\p{L}\\p{N}])www\\.|${HOST})[^\\s<>"]*|${HANDLE}`,
  "gu",
);
const TICKS = /`+/gu;
const MOST = 100;
const NAME_SIZE = 32;
const LONGEST = 3 * NAME_SIZE;
const BLANK = /^[\p{White_Space}\p{Cc}\p{Cs}\p{DI}\ufff9-\ufffb\u2800\u{16fe4}\u{1d159}]*$/u;
const ALIKE = { æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ı: "i" };
const LETTER = /[\p{L}\p{M}\p{N}]/u;
const ALONE = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Mymr}\p{sc=Khmr}]/u;
const PICTURE = /(?!\p{ASCII})[\p{ExtPict}\p{RI}]/u;
const NOTHING = /[\p{Cf}\p{Me}\p{DI}\p{EMod}\u0640]/u;
const DIGIT = /\p{Nd}/u;
const LAST_ACCENT = "\u0345";
const JOINING = /[\p{Pd}\p{Pc}'’ʼ.]+/gu;
const GIVEN = /(?<![가-힣])[가-힣]{1,2}?([가-힣]{1,2})(?![가-힣])/gu;
/** What became of each character that was met. */
const foldings = new Map();
const STYLES = /[\u{fe0e}\u{fe0f}]/gu;

/** Whether two emoji are one, spelled with or without variation selectors: the server counts them together. */
export function isSameEmoji(one, other) {
  return one.replace(STYLES, "") === other.replace(STYLES, "");
}

/** Whether nothing of a text can be seen: the server takes no such message. */
export function isBlank(text) {
  return BLANK.test(text);
}

/** A name as it may stand in a line: without controls, breaks of lines, and what turns the direction of writing. */
export function harmless(name) {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]+/gu, "").trim() || "file";
}

/** By what names are compared: case, width and what is not seen make no difference. */
export function nameKey(name) {
  const folded = [...name.replace(/\p{DI}+/gu, "").normalize("NFKC")].map(caseless);
  return folded.join("").normalize("NFKC");
}

/**
 * Whether a search finds a user of these names, as on the server: each word of the search is the beginning of one of
 * theirs, without regard to case and accents.
 */
export function isFoundBy(asked, ...names) {
  const theirs = names.flatMap(readingsOf).flatMap(wordsOf);
  const wanted = wordsOf(asked);
  return wanted.length > 0 && wanted.every((word) => theirs.some((one) => one.startsWith(word)));
}

/**
 * Where in a text those are addressed whose names have these keys, as the server finds them: not in addresses of the
 * web or of mail, nor in code; where a name could end twice, at the longer one.
 * @param {string} text
 * @param {{has(key: string): boolean}} keys
 * @returns {{begin: number, end: number, key: string}[]}
 */
export function mentionsIn(text, keys) {
  if (!/[@＠]/u.test(text)) return [];
  const said = without(codesIn(text), text);
  const plain = without([...said.matchAll(ADDRESS)].map(spanOf), said);
  return [...plain.matchAll(AT)].slice(0, MOST).flatMap(({ index, groups: { name } }) => {
    for (const end of endsOf(name)) {
      const key = nameKey(name.slice(0, end));
      if ([...key].length <= NAME_SIZE && keys.has(key)) return [{ begin: index, end: index + 1 + end, key }];
    }
    return [];
  });
}

/** The name that is being written at the end of a text, after its `@`; null when there is none. */
export function begunIn(text) {
  return text.match(BEGUN)?.groups.name ?? null;
}

/** A character as Unicode folds it: `ẞ` is small `ß` first, and then `ss`. */
function caseless(char) {
  return char === "ı" ? char : char.toLowerCase().toUpperCase().toLowerCase();
}

/** A name as it is written, in one, and the given name in a Korean one. */
function readingsOf(name) {
  const given = [...name.normalize("NFC").matchAll(GIVEN)].map(([, found]) => found);
  return [name, name.replace(JOINING, ""), ...given];
}

function wordsOf(text) {
  for (const char of text) if (!foldings.has(char)) foldings.set(char, folded(char));
  return [...text].map((char) => foldings.get(char)).join("").split(" ").filter(Boolean);
}

function folded(char) {
  if (NOTHING.test(char)) return "";
  if (PICTURE.test(char) && !LETTER.test(char)) return ` ${char} `;
  const plain = [...char.normalize("NFKD")].map(caseless).join("").normalize("NFKD");
  return [...plain].map((letter) => [...(ALIKE[letter] ?? letter)].map(part).join("")).join("");
}

function part(letter) {
  if (NOTHING.test(letter) || isAccent(letter)) return "";
  if (!LETTER.test(letter)) return " ";
  if (ALONE.test(letter) || PICTURE.test(letter)) return ` ${letter} `;
  return DIGIT.test(letter) ? String(valueOf(letter)) : letter;
}

/** Whether Unicode gives it a combining class: such signs go before the one of the highest class. */
function isAccent(sign) {
  return (LAST_ACCENT + sign).normalize("NFD") !== LAST_ACCENT + sign;
}

/** What a digit of any script counts: those of a script stand in a row, from zero on. */
function valueOf(digit) {
  let value = 0;
  while (value < 9 && DIGIT.test(String.fromCodePoint(digit.codePointAt(0) - value - 1))) value += 1;
  return value;
}

function endsOf(run) {
  const joints = [...run.matchAll(JOINT)].map(({ index }) => index);
  const ends = new Set();
  for (let end of [run.length, ...joints.reverse()]) {
    for (ends.add(end); ".-".includes(run[end - 1]); ends.add(end)) end -= 1;
  }
  return [...ends].filter((end) => [...run.slice(0, end)].length <= LONGEST);
}

function without(spans, text) {
  let [plain, at] = ["", 0];
  for (const [begin, end] of spans) {
    plain += text.slice(at, begin) + " ".repeat(end - begin);
    at = end;
  }
  return plain + text.slice(at);
}

function codesIn(text) {
  const runs = [...text.matchAll(TICKS)].map(spanOf);
  const following = new Map();
  const closing = runs.map(() => undefined);
  for (let at = runs.length - 1; at >= 0; at -= 1) {
    const size = runs[at][1] - runs[at][0];
    closing[at] = following.get(size);
    following.set(size, at);
  }
  const spans = [];
  for (let at = 0; at < runs.length; at += 1) {
    const [begin, content] = runs[at];
    const close = closing[at];
    if (close === undefined) continue;
    if (content - begin < 3 && text.slice(content, runs[close][0]).includes("\n")) continue;
    spans.push([begin, runs[close][1]]);
    at = close;
  }
  return spans;
}

function spanOf({ 0: found, index }) {
  return [index, index + found.length];
}
