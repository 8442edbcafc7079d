export { openBackup, rewrapBackup, wrapBackup } from "./backup.js";
export { readDevice, readRotation, signRotation } from "./bundles.js";
export { makeDevice } from "./device.js";
export { CODES, CryptoError } from "./errors.js";
export { openFile, sealFile } from "./files.js";
export { fingerprint, safetyNumber } from "./fingerprints.js";
export { Seen, openMessage, sealMessage } from "./messages.js";
export { IndexedStorage, MemoryStorage, forgetDevice, loadDevice, saveDevice } from "./storage.js";
export { CURVE, RSA, isSupported, supportedSuites } from "./suites.js";
