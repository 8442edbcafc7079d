import { durationText } from "./files.js";
import { h, icon } from "./dom.js";

const STEP_S = 5;
const BARS = 64;

let playing = null;

/** What is heard: play it, see its waves, and go to a place in it. */
export function playerElement(file, { tabIndex = 0 } = {}) {
  const { kind, filename, duration, waveform } = file;
  const is_waiting = file.status === "processing" && !file.preview; // the server gives it out when it is clean
  const name = kind === "voice" ? "the voice message" : filename;
  const audio = new Audio();
  audio.preload = "none";
  audio.append(...sourcesOf(file));
  const length = () => (Number.isFinite(audio.duration) && audio.duration) || duration || 0;
  const bars = (waveform ?? Array(BARS).fill(0)).map((level) => barElement(level));
  const time = h("span", { class: "clock", "data-testid": "play-time" }, durationText(duration));
  const wave = h(
    "div",
    {
      class: "wave",
      role: "slider",
      tabIndex,
      "aria-label": `Place in ${name}`,
      onclick: seekTo,
      onkeydown: key,
    },
    bars,
  );
  const button = h("button", {
    type: "button",
    class: "play",
    "data-testid": "play",
    tabIndex,
    disabled: is_waiting,
    onclick: toggle,
  });
  audio.addEventListener("timeupdate", draw);
  audio.addEventListener("play", begin);
  audio.addEventListener("pause", draw);
  audio.lastChild.addEventListener("error", () => element.classList.add("broken"));
  audio.addEventListener("error", () => element.classList.add("broken"));
  audio.addEventListener("ended", () => (audio.currentTime = 0));
  const element = h("div", { class: "player", "data-testid": kind }, button, wave, time, audio);
  draw();
  return element;

  function toggle() {
    if (is_waiting) return;
    if (!audio.paused) return audio.pause();
    if (element.classList.contains("broken")) audio.load();
    element.classList.remove("broken");
    audio.play().catch(() => {});
  }

  /** One at a time is heard. */
  function begin() {
    if (playing !== audio) playing?.pause();
    playing = audio;
    draw();
  }

  function seekTo({ clientX }) {
    const { left, width } = wave.getBoundingClientRect();
    seek(((clientX - left) / width) * length());
  }

  function key(event) {
    const { currentTime } = audio;
    const places = { ArrowRight: currentTime + STEP_S, ArrowLeft: currentTime - STEP_S, Home: 0, End: length() };
    if (event.key === " " || event.key === "Enter") toggle();
    else if (event.key in places) seek(places[event.key]);
    else return;
    event.preventDefault();
  }

  function seek(seconds) {
    audio.currentTime = Math.min(Math.max(0, seconds), length());
    draw();
  }

  function draw() {
    const { currentTime, paused } = audio;
    const share = length() ? currentTime / length() : 0;
    bars.forEach((bar, at) => bar.classList.toggle("heard", at < share * bars.length));
    button.replaceChildren(icon(paused ? "play" : "pause"));
    button.setAttribute("aria-label", is_waiting ? `Preparing ${name}` : paused ? `Play ${name}` : "Pause");
    const shown = paused && !currentTime ? length() : currentTime;
    time.textContent = length() ? durationText(shown) : "";
    describe(currentTime);
  }

  function describe(currentTime) {
    const values = { valuemin: 0, valuemax: Math.round(length()), valuenow: Math.round(currentTime) };
    for (const [name, value] of Object.entries(values)) wave.setAttribute(`aria-${name}`, value);
    wave.setAttribute("aria-valuetext", `${durationText(currentTime)} of ${durationText(length())}`);
  }
}

/** Be silent: what plays elsewhere is to be heard, or recorded over. */
export function hush() {
  playing?.pause();
}

/** What was sent, and for devices that do not play it the same as AAC. */
function sourcesOf({ content_url, mime_type, aac_url }) {
  const sent = h("source", { src: content_url });
  if (!aac_url) return [sent];
  sent.type = mime_type;
  return [sent, h("source", { src: aac_url, type: "audio/mp4" })];
}

function barElement(level) {
  const bar = h("i");
  bar.style.height = `${Math.max(8, level)}%`;
  return bar;
}
