import { unopenedText } from "./sealed/words.js";

const MINUTE = 60;
const HOUR = 3_600;
const LARGEST_BOX = { width: 360, height: 400 };
const SMALLEST_PX = 120;
const NAMES = { image: "Photo", video: "Video" };
const TYPES = { image: "Photo", video: "Video", audio: "Recording", file: "File" };
const MANY = { image: "photos", video: "videos", voice: "voice messages" };

/** Kinds that are looked at; the others are listened to, or downloaded. */
export function isVisual({ kind, status, is_parcel = false }) {
  return (kind === "image" || kind === "video") && (is_parcel || status !== "failed");
}

/** "0:12", "1:02:03" */
export function durationText(seconds) {
  const whole = Math.max(0, Math.round(seconds ?? 0));
  const two = (number) => String(number).padStart(2, "0");
  const rest = `${Math.floor((whole % HOUR) / MINUTE)}:${two(whole % MINUTE)}`;
  return whole < HOUR ? rest : `${Math.floor(whole / HOUR)}:${rest.padStart(5, "0")}`;
}

/** What one file is called in a line: "Photo", "Voice message 0:12", "File plan.pdf". */
export function fileText({ kind, filename, duration }) {
  if (kind === "voice") return duration ? `Voice message ${durationText(duration)}` : "Voice message";
  return NAMES[kind] ?? (kind === "audio" ? filename : `File ${filename}`);
}

/** What some files are called in a line: "3 photos", "2 files". */
export function filesText(files) {
  if (files.length < 2) return files.map(fileText).join("");
  const [{ kind }] = files;
  const are_alike = files.every((file) => file.kind === kind);
  return `${files.length} ${(are_alike && MANY[kind]) || "files"}`;
}

/** One line for a message: its text, or else what files it has; of a quote only the type of them may be known. */
export function summaryOf({ content, attachments, content_type, sealing }) {
  if (sealing) return unopenedText(sealing);
  return content || filesText(attachments ?? []) || TYPES[content_type] || "";
}

/** How large a single picture is shown, in pixels; what does not say is shown as a square. */
export function boxOf({ width, height }) {
  if (!width || !height) return { width: 240, height: 240 };
  const scale = Math.min(LARGEST_BOX.width / width, LARGEST_BOX.height / height, 1);
  const fit = (side) => Math.round(Math.max(SMALLEST_PX, side * scale));
  return { width: fit(width), height: fit(height) };
}

/** The address of the larger thumbnail. */
export function largeOf(thumbnail_url) {
  if (thumbnail_url.startsWith("blob:")) return thumbnail_url;
  return `${thumbnail_url}${thumbnail_url.includes("?") ? "&" : "?"}size=large`;
}

/** Which files can be sent, and why the others cannot. @returns {{files: File[], refusal: ?string}} */
export function admitted(files, { held = 0, most = 10, largest = Infinity }) {
  const empty = files.find(({ size }) => size === 0);
  const big = files.find(({ size }) => size > largest);
  const good = files.filter(({ size }) => size > 0 && size <= largest);
  const room = Math.max(0, most - held);
  return { files: good.slice(0, room), refusal: refusalOf({ empty, big, is_many: good.length > room, most, largest }) };
}

/** "12 kB", "3.4 MB", "2.1 GB" */
export function sizeText(bytes) {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  const [size, unit] = bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${(Math.round(size * 10) / 10).toLocaleString()} ${unit}`;
}

function refusalOf({ empty, big, is_many, most, largest }) {
  if (big) return `“${big.name}” is too large: ${sizeText(big.size)}, and ${sizeText(largest)} is the most.`;
  if (is_many) return `A message carries ${most} files at most.`;
  return empty ? `“${empty.name}” is empty.` : null;
}
