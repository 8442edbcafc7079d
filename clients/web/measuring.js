const PATIENCE_MS = 3_000;
const LEVELS = 64;

/**
 * What is known of a file before the server has looked at it, so that its place is right from the start; nothing where
 * this browser cannot read it.
 * @returns {Promise<{width?: number, height?: number, duration?: number}>}
 */
export async function factsOf(file) {
  const family = file.type.split("/")[0];
  const measure = { image: sizeOf, video: lengthOf, audio: lengthOf }[family];
  if (!measure) return {};
  const url = URL.createObjectURL(file);
  const facts = await Promise.race([measure(url, family), patience()]).catch(() => ({}));
  URL.revokeObjectURL(url);
  return facts;
}

/** @returns {Promise<{duration?: number, waveform?: number[]}>} what a recording sounds like */
export async function soundOf(file) {
  const context = new OfflineAudioContext(1, 1, 8_000);
  const sound = await file
    .arrayBuffer()
    .then((bytes) => context.decodeAudioData(bytes))
    .catch(() => null);
  return sound ? { duration: sound.duration, waveform: levelsOf(sound.getChannelData(0)) } : {};
}

/** The loudest moment of each of 64 parts, from 0 to 100 of the loudest of all. */
export function levelsOf(samples, count = LEVELS) {
  const peaks = Array.from({ length: count }, (_, at) => {
    const [from, to] = [at, at + 1].map((part) => Math.floor((part * samples.length) / count));
    let peak = 0;
    for (let sample = from; sample < to; sample++) peak = Math.max(peak, Math.abs(samples[sample]));
    return peak;
  });
  const loudest = Math.max(...peaks) || 1;
  return peaks.map((peak) => Math.round((peak / loudest) * 100));
}

function sizeOf(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = reject;
    image.src = url;
  });
}

function lengthOf(url, family) {
  return new Promise((resolve, reject) => {
    const media = document.createElement(family);
    media.preload = "metadata";
    media.onloadedmetadata = () => {
      const { videoWidth: width, videoHeight: height } = media;
      resolve({
        ...(width && { width, height }),
        ...(Number.isFinite(media.duration) && { duration: media.duration }),
      });
    };
    media.onerror = reject;
    media.src = url;
  });
}

function patience() {
  return new Promise((resolve) => setTimeout(() => resolve({}), PATIENCE_MS));
}
