import { toast } from "../dialog.js";
import { h } from "../dom.js";
import { sentenceOf } from "../words.js";

const A_MINUTE_MS = 60_000;

/** Open a sealed file here, and have the browser save it under its real name. */
export async function saveFile(chat, file) {
  try {
    const url = URL.createObjectURL(await chat.sealing.files.open(file));
    h("a", { href: url, download: file.filename }).click();
    setTimeout(() => URL.revokeObjectURL(url), A_MINUTE_MS);
  } catch (error) {
    toast(error.code === "offline" ? sentenceOf(error) : "This file could not be verified, so it was not saved.");
  }
}
