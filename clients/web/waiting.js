const AGAIN_MS = 1_000;

/**
 * A file as it is once the server has looked at it: asked for again and again while somebody is there to see it.
 * @param {() => boolean} is_wanted asked after the first pause: whoever asks may not have shown it yet
 * @returns {Promise<object>} the file; the same where nothing had to be waited for
 */
export async function whenReady(chat, file, is_wanted) {
  let found = file;
  while (found.status === "processing" && !file.sealed) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    if (!is_wanted()) return file;
    found = { ...found, ...(await chat.uploadState(file.id).catch(() => ({}))) };
  }
  return found;
}
