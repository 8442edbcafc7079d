import { readFileSync } from "node:fs";

import { readDevice } from "./bundles.js";
import { decode } from "./canonical.js";
import { importPrivate, suiteOf } from "./suites.js";

/** The cast of the tests, and the vectors: what was sealed once and opens for ever. Only in Node. */
export const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url)));

const DEVICES = vectors("devices");

/** An own device of the cast, by its name, such as `alice-phone`. */
export async function own(name) {
  const { id, user_id, bundle, ...keys } = DEVICES[name];
  const suite = suiteOf(bundle.suite);
  const encryption_key = await importPrivate(suite.encryption, decode(keys.encryption_key));
  const signing_key = await importPrivate(suite.signing, decode(keys.signing_key));
  return { id, user_id, bundle, encryption_key, signing_key };
}

/** The same device as others see it. */
export const seenByOthers = (name) => readDevice(DEVICES[name]);

/** The key of a device as it goes into a backup. */
export function backedUp(name) {
  const { id, bundle, encryption_key, signing_key } = DEVICES[name];
  return { device: id, bundle, encryption_key, signing_key };
}

export const namesOfDevices = Object.keys(DEVICES);
