import { newId } from "../ids.js";

/**
 * Files of messages that were not sent yet, in the records of this browser. Those for end-to-end conversations lie there as
 * they will leave; what opens them is hidden.
 */
export class KeptFiles {
  #records;
  #sealing;

  /** @param {{records: Records, sealing: Sealing}} options */
  constructor({ records, sealing }) {
    this.#records = records;
    this.#sealing = sealing;
  }

  /** @param {{key: string, conversation_id: string, file: Blob, is_sent: boolean}} parcel @returns {Promise<boolean>} whether it is kept */
  async keep(user_id, { is_sent, ...parcel }) {
    await this.#sealing.load();
    const row = this.#sealing.isSealed(parcel.conversation_id) ? await this.#hidden(parcel, is_sent) : parcel;
    return row !== null && this.#records.put(user_id, "files", row);
  }

  delete(user_id, key) {
    return this.#records.delete(user_id, "files", key);
  }

  /** @returns {Promise<object[]>} what was kept by pages that are gone */
  async recall(user_id) {
    const rows = await this.#records.adopt(user_id, "files");
    const shown = await Promise.all(rows.map((row) => (row.hidden ? this.#shown(row).catch(() => null) : row)));
    return shown.filter(Boolean);
  }

  /** What was uploaded is sealed again each time, and other bytes want another `client_id`. */
  async #hidden({ file, ...parcel }, is_sent) {
    const { files, rest } = this.#sealing;
    if (!rest) return null;
    const client_id = is_sent ? newId() : parcel.key;
    const { blob, ...secrets } = await files.prepare(file, client_id);
    const hidden = await rest.hide({ ...parcel, client_id, secrets, name: file.name ?? "", type: file.type });
    return { key: parcel.key, blob, hidden };
  }

  async #shown({ blob, hidden }) {
    await this.#sealing.load();
    const { files, rest } = this.#sealing;
    const told = await rest?.show(hidden);
    if (!told) return null;
    const { secrets, name, type, ...parcel } = told;
    return { ...parcel, file: await files.takeUp({ blob, ...secrets }, parcel.client_id, { name, type }) };
  }
}
