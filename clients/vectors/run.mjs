/** Does what another implementation asks for: `{action, …}` on stdin, the outcome or `{code}` on stdout, as JSON. */
import { backedUp, own, seenByOthers } from "../js/crypto/cast.js";
import { decode, encode } from "../js/crypto/canonical.js";
import * as crypt from "../js/crypto/index.js";

const all = (names, get) => Promise.all(names.map(get));
const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

const ACTIONS = {
  async seal_message({ sender, recipients, place, ...message }) {
    const [device, readers] = [await own(sender), await all(recipients, seenByOthers)];
    return crypt.sealMessage({ ...message, ...place, device, recipients: readers });
  },
  async open_message({ sender, reader, place, envelope }) {
    const [from, devices] = [await seenByOthers(sender), [await own(reader)]];
    return crypt.openMessage({ envelope, ...place, sender: from, devices });
  },
  async seal_file({ plain }) {
    const { stream, secrets } = crypt.sealFile(new Blob([decode(plain)]));
    return { sealed: encode(await bytesOf(stream)), ...(await secrets) };
  },
  async open_file({ sealed, ...secrets }) {
    return encode(await bytesOf(crypt.openFile(new Blob([decode(sealed)]), secrets)));
  },
  wrap_backup: ({ devices, ...backup }) => crypt.wrapBackup({ ...backup, keys: devices.map(backedUp) }),
  async open_backup(asked) {
    const { devices, notes } = await crypt.openBackup(asked);
    return { devices: devices.map(({ id, bundle }) => ({ id, bundle })), notes };
  },
  async sign_rotation({ device, next }) {
    return crypt.signRotation({ device: await own(device), next: await own(next) });
  },
};

let text = "";
for await (const piece of process.stdin.setEncoding("utf8")) text += piece;
const { action, ...asked } = JSON.parse(text);
const outcome = await ACTIONS[action](asked).catch((error) => {
  if (!(error instanceof crypt.CryptoError)) throw error;
  return { code: error.code };
});
process.stdout.write(JSON.stringify(outcome));
