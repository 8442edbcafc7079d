import { Account, all } from "./account.js";

/**
 * Actions on conversations and their members. `ChatClient` has these methods; it brings `api`,
 * `store` and `keep` along. What a role does not allow is refused as `permission_denied`; a conversation's
 * `capabilities` say so in advance.
 */
export class Conversations extends Account {
  /**
   * The direct conversation with a person, made if need be; there is one of each mode.
   * @param {{encryption?: "server" | "e2ee"}} [mode]
   * @returns {Promise<object>}
   */
  openDirect(user_id, { encryption } = {}) {
    return this.keep(this.api.create("conversations/", { kind: "direct", user_id, encryption }));
  }

  /**
   * Asking again after an answer was lost gives the one that was created then.
   * @param {{name: string, member_ids: string[], encryption?: "server" | "e2ee"}} group
   * @returns {Promise<object>} the conversation
   */
  createGroup({ name, member_ids, encryption }) {
    return this.keep(this.api.create("conversations/", { kind: "group", name, member_ids, encryption }));
  }

  /** Begin a public channel. @param {{name: string, description?: string}} channel @returns {Promise<object>} */
  createChannel({ name, description }) {
    return this.keep(this.api.create("conversations/", { kind: "channel", name, description }));
  }

  /** @returns {Promise<object[]>} public channels */
  async discover() {
    return (await this.api.get("conversations/discover/")).results;
  }

  /** Join a public channel. @returns {Promise<object>} the conversation */
  async join(conversation_id) {
    await this.api.post(`conversations/${conversation_id}/join/`);
    return this.keep({ id: conversation_id });
  }

  /** @throws {ChatError} `last_owner` while others would be left without one */
  async leave(conversation_id) {
    await this.api.delete(`conversations/${conversation_id}/members/me/`);
    this.store.remove(conversation_id);
  }

  /**
   * Change a conversation for everybody.
   * @param {object} changes any of `name`, `description`, `members_can_invite`, `is_read_only`, `slow_mode_seconds`
   */
  async editConversation(conversation_id, changes) {
    this.store.put(await this.api.patch(`conversations/${conversation_id}/`, changes));
  }

  /** End a conversation for everybody. */
  async deleteConversation(conversation_id) {
    await this.api.delete(`conversations/${conversation_id}/`);
    this.store.remove(conversation_id);
  }

  /**
   * Change your own settings in a conversation.
   * @param {object} changes any of `nickname`, `muted_until` (a time or null), `notify` (`all`, `mentions`, `none`),
   *   `is_pinned`, `is_archived`, `is_marked_unread`
   */
  async editOwnMembership(conversation_id, changes) {
    await this.api.patch(`conversations/${conversation_id}/members/me/`, changes);
    this.store.putMembership(conversation_id, changes);
  }

  // Members

  /** Load who is in a conversation into `store.members`. */
  async loadMembers(conversation_id, limit = 200) {
    const members = [];
    for await (const member of this.api.list(`conversations/${conversation_id}/members/`)) {
      if (members.push(member) >= limit) break;
    }
    this.store.putMembers(conversation_id, members, members.length < limit);
  }

  /** @returns {Promise<object[]>} members whose username or full name begins so; the store keeps those it has */
  async searchMembers(conversation_id, search) {
    return (await this.api.get(`conversations/${conversation_id}/members/`, { search, limit: 20 })).results;
  }

  /** @param {string[]} user_ids */
  addMembers(conversation_id, user_ids) {
    return this.api.post(`conversations/${conversation_id}/members/`, { user_ids });
  }

  removeMember(conversation_id, user_id) {
    return this.api.delete(`conversations/${conversation_id}/members/${user_id}/`);
  }

  /** @param {"owner" | "admin" | "member"} role @throws {ChatError} `last_owner` */
  changeRole(conversation_id, user_id, role) {
    return this.api.patch(`conversations/${conversation_id}/members/${user_id}/`, { role });
  }

  /** Let a member not write until a time, in ISO 8601; null lets them write again. */
  silence(conversation_id, user_id, silenced_until) {
    return this.api.patch(`conversations/${conversation_id}/members/${user_id}/`, { silenced_until });
  }

  /** Remove a user, if they are a member, and keep them out. */
  ban(conversation_id, user_id, reason = "") {
    return this.api.post(`conversations/${conversation_id}/bans/`, { user_id, reason });
  }

  /** Lift a ban. */
  unban(conversation_id, user_id) {
    return this.api.delete(`conversations/${conversation_id}/bans/${user_id}/`);
  }

  /** @returns {Promise<object[]>} `{user, banned_by, reason, created_at}`, newest first */
  bans(conversation_id) {
    return all(this.api.list(`conversations/${conversation_id}/bans/`));
  }

  // Invitations

  /**
   * Make a link into a conversation; without a time or a number it holds until it is deleted.
   * @param {{expires_at?: ?string, max_uses?: ?number}} [bounds]
   * @returns {Promise<object>} `{token, expires_at, max_uses, uses, …}`
   */
  invite(conversation_id, { expires_at = null, max_uses = null } = {}) {
    return this.api.create(`conversations/${conversation_id}/invites/`, { expires_at, max_uses });
  }

  /** @returns {Promise<object[]>} the invite links that still work, newest first */
  invites(conversation_id) {
    return all(this.api.list(`conversations/${conversation_id}/invites/`));
  }

  deleteInvite(conversation_id, token) {
    return this.api.delete(`conversations/${conversation_id}/invites/${token}/`);
  }

  /** Come into a conversation by a link. @returns {Promise<object>} the conversation */
  acceptInvite(token) {
    return this.keep(this.api.post(`invites/${encodeURIComponent(token)}/accept/`));
  }

  // People

  /** @returns {Promise<object[]>} who of a conversation is online, as far as they show it; `watch` follows changes */
  online(conversation_id) {
    return all(this.api.list("users/online/", { conversation: conversation_id }));
  }

  /** @returns {Promise<object[]>} public profiles */
  async searchPeople(search) {
    return (await this.api.get("users/", { search, limit: 20 })).results;
  }

  /** Report a user to the operators. @param {{reason: string, comment?: string}} report as for messages */
  reportPerson(user_id, { reason, comment }) {
    return this.api.post(`users/${user_id}/report/`, { reason, comment });
  }
}
