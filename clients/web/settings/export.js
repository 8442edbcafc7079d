import { fill, h } from "../dom.js";
import { momentText, sentenceOf } from "../words.js";
import { sectionElement } from "./section.js";

const AGAIN_MS = 2_000;
const FIRST = "Put my data together";

/** An archive of one's own data: asked for, waited for, downloaded. */
export function exportElement(chat, signal) {
  let timer = null;
  const state = h("p", { role: "status", "data-testid": "export-state" });
  const progress = h("progress", { max: 100, hidden: true, "aria-label": "Putting your data together" });
  const error = h("p", { class: "error", role: "alert" });
  const link = h("a", { class: "primary", download: true, hidden: true, "data-testid": "export-link" });
  const start = h(
    "button",
    { type: "button", class: "quiet", "data-testid": "export-start", onclick: () => follow(chat.requestExport()) },
    FIRST,
  );
  signal.addEventListener("abort", () => clearTimeout(timer));
  follow(chat.lastExport());
  return sectionElement(
    "Download my data",
    h("p", { class: "note" }, "Your profile, your conversations and everything you wrote, in one file."),
    state,
    progress,
    error,
    h("div", { class: "deeds" }, link, start),
  );

  async function follow(answer) {
    start.disabled = true;
    fill(error);
    try {
      draw(await answer);
    } catch (refusal) {
      fill(error, sentenceOf(refusal));
      start.disabled = false;
    }
  }

  /** @param {?object} archive its state */
  function draw(archive) {
    const is_busy = ["queued", "running"].includes(archive?.status);
    const is_ready = archive?.status === "done" && new Date(archive.expires_at) > new Date();
    fill(state, is_busy || is_ready ? sentence(archive) : null);
    fill(error, archive?.status === "failed" ? "Your data could not be put together. Try again later." : null);
    fill(start, is_ready ? "Put it together anew" : FIRST);
    start.disabled = is_busy;
    progress.hidden = !is_busy;
    progress.value = archive?.progress ?? 0;
    link.hidden = !is_ready;
    if (is_ready) link.href = archive.download_url;
    if (is_ready) fill(link, `Download (${sizeText(archive.size)})`);
    if (is_busy && !signal.aborted) timer = setTimeout(() => follow(chat.exportState(archive.id)), AGAIN_MS);
  }
}

function sentence({ status, expires_at }) {
  if (status === "done") return `It is ready, and can be downloaded until ${momentText(expires_at)}.`;
  return status === "queued" ? "Your data will be put together in a moment…" : "Your data is being put together…";
}
