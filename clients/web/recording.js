import { toast } from "./dialog.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { durationText } from "./files.js";
import { soundOf } from "./measuring.js";
import { hush } from "./player.js";

/** The first plays on every device; of the others the server makes one that does. */
const TYPES = ["audio/mp4;codecs=mp4a.40.2", "audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const LONGEST_MS = 15 * 60_000;
const SHORTEST_MS = 500;
const TICK_MS = 200;
const BITS = 32_000;

/** Whether this browser records; it does not on plain-http hosts other than localhost. */
export function canRecord() {
  return Boolean(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia);
}

/** Recording a voice message: how long it is, how to give it up, to look at it first or to send it at once. */
export class Recording {
  #on;
  #stream = null;
  #recorder = null;
  #begun_at = 0;
  #timer = null;
  #clock = h("span", { class: "clock", role: "timer", "data-testid": "recording-time" });

  /** Stands where the text stood. */
  element = h("div", { class: "recording", role: "group", "aria-label": "Recording a voice message", hidden: true });

  /** @param {object} on `began()`, `ended()`, `take(file, facts)`, `send(file, facts)` */
  constructor(on) {
    this.#on = on;
    const stop = iconButton("stop", "Stop and listen", {
      "data-testid": "stop-recording",
      onclick: () => this.#finish("take"),
    });
    const send = {
      type: "button",
      class: "send",
      "aria-label": "Send the voice message",
      "data-testid": "send-recording",
    };
    fill(
      this.element,
      iconButton("close", "Discard the recording", { "data-testid": "cancel-recording", onclick: () => this.cancel() }),
      h("span", { class: "pulse", "aria-hidden": "true" }),
      this.#clock,
      h("span", { class: "hint", "aria-hidden": "true" }, "Recording…"),
      stop,
      h("button", { ...send, onclick: () => this.#finish("send") }, icon("send")),
    );
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

  get is_on() {
    return this.#stream !== null;
  }

  /** Ask for the microphone, and begin. */
  async begin() {
    if (this.is_on) return;
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      return toast(error.name === "NotFoundError" ? "There is no microphone." : "The microphone cannot be used here.");
    }
    hush();
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(this.#stream, { mimeType, audioBitsPerSecond: BITS });
    this.#recorder.start();
    this.#begun_at = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
    this.element.hidden = false;
    this.#on.began();
    this.element.querySelector("[data-testid=stop-recording]").focus();
  }

  /** Give it up. */
  cancel() {
    if (this.is_on) this.#end();
  }

  get #length() {
    return performance.now() - this.#begun_at;
  }

  #tick() {
    if (!this.element.isConnected) return this.cancel(); // somebody has gone elsewhere
    this.#clock.textContent = durationText(Math.floor(this.#length / 1000));
    if (this.#length > LONGEST_MS) this.#finish("take");
  }

  async #finish(action) {
    const recorder = this.#recorder;
    if (!recorder || recorder.state === "inactive") return;
    const is_short = this.#length < SHORTEST_MS;
    const seconds = this.#length / 1000;
    const parts = await partsOf(recorder);
    this.#end();
    if (is_short) return toast("That was too short.");
    const type = recorder.mimeType.split(";")[0];
    const file = new File(parts, `voice.${type.split("/")[1]}`, { type });
    this.#on[action](file, { kind: "voice", duration: seconds, ...(await soundOf(file)) });
  }

  #end() {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    this.#stream.getTracks().forEach((track) => track.stop());
    this.#stream = this.#recorder = null;
    this.element.hidden = true;
    this.#on.ended();
  }
}

/** Everything that was recorded comes with the end. */
function partsOf(recorder) {
  return new Promise((resolve) => {
    recorder.addEventListener("dataavailable", ({ data }) => resolve([data]), { once: true });
    recorder.stop();
  });
}
