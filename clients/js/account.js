/**
 * Actions on the user's own account. `ChatClient` has these methods, and brings `api` and
 * `store` along. A wrong own password is refused as `invalid` about the field it was in.
 */
export class Account {
  // Password and e-mail

  /** All other sign-ins end. @returns {Promise<{sessions_ended: number}>} */
  changePassword({ current_password, new_password }) {
    return this.api.post("auth/password/change/", { current_password, new_password });
  }

  /** Ask for a code by mail; answered alike whether there is an account or not. @returns {Promise<object>} */
  requestPasswordReset({ email }) {
    return this.api.request("POST", "auth/password/reset/", { body: { email }, signed: false });
  }

  /** Set a new password by the code from the mail; all sign-ins end, and none begins. */
  resetPassword({ email, code, new_password }) {
    const body = { email, code, new_password };
    return this.api.request("POST", "auth/password/reset/confirm/", { body, signed: false });
  }

  /** Ask for a code at a new address. @returns {Promise<object>} `{email, expires_in, resend_after}` */
  requestEmailChange({ password, new_email }) {
    return this.api.post("auth/email/change/", { password, new_email });
  }

  /** Confirm the new address; all other sign-ins end. */
  async confirmEmailChange({ code }) {
    this.store.knowMe(await this.api.post("auth/email/change/confirm/", { code }));
  }

  // Sign-ins

  /** @returns {Promise<object[]>} the own sign-ins by device, the last used first */
  sessions() {
    return all(this.api.list("auth/sessions/"));
  }

  endSession(session_id) {
    return this.api.delete(`auth/sessions/${session_id}/`);
  }

  endOtherSessions() {
    return this.api.delete("auth/sessions/");
  }

  // Profile

  /** @param {object} changes any of `username`, `full_name`, `bio` and `settings` (some of them) */
  async updateProfile(changes) {
    this.store.knowMe(await this.api.patch("users/me/", changes));
  }

  /**
   * @param {Blob} file a picture
   * @param {{onProgress?: (share: number) => void}} [options] called with how much was sent, from 0 to 1
   */
  async setAvatar(file, { onProgress } = {}) {
    const body = new FormData();
    body.append("file", file);
    await this.api.request("PUT", "users/me/avatar/", { body, onProgress });
    await this.#lookAtMe();
  }

  async removeAvatar() {
    await this.api.delete("users/me/avatar/");
    await this.#lookAtMe();
  }

  // Blocking

  /** @returns {Promise<object[]>} the users you have blocked, newest first; their ids are in `store.blocked_ids` */
  blockedPeople() {
    return all(this.api.list("users/me/blocks/"));
  }

  async block(user_id) {
    await this.api.put(`users/${user_id}/block/`);
    this.store.setBlocked(user_id, true);
  }

  async unblock(user_id) {
    await this.api.delete(`users/${user_id}/block/`);
    this.store.setBlocked(user_id, false);
  }

  // Personal data

  /** Have all own data put into an archive, in the background. @returns {Promise<object>} its state */
  requestExport() {
    return this.api.create("users/me/export/");
  }

  /** @returns {Promise<?object>} the state of the last one asked for */
  async lastExport() {
    return (await this.api.get("users/me/export/", { limit: 1 })).results[0] ?? null;
  }

  /** @returns {Promise<object>} `{status: queued|running|done|failed, progress, download_url, size, expires_at, …}` */
  exportState(export_id) {
    return this.api.get(`users/me/export/${export_id}/`);
  }

  async #lookAtMe() {
    this.store.knowMe(await this.api.get("users/me/"));
  }
}

/** Every result of a list in one array. */
export async function all(list) {
  const results = [];
  for await (const result of list) results.push(result);
  return results;
}
