import { all } from "./account.js";
import { Messages } from "./messages.js";

const GATHER_MS = 500;

/** After these the server's count may differ from ours: something was read, is gone, or is notified again. What was
 * read is counted for the device that read it, and each knows of its own sign-in. */
const RECOUNTED = [
  "read.updated",
  "message.created",
  "message.deleted",
  "reaction.removed",
  "conversation.added",
  "conversation.removed",
  "conversation.deleted",
];

/**
 * Notifications, their preferences, and the devices that get them. `ChatClient` has these methods; how many are unread is
 * in `store.notices`.
 */
export class Notifications extends Messages {
  #timer = null;

  /**
   * The user's notifications, newest first.
   * @param {{mentions?: boolean, next?: ?string}} [page] `mentions`: nothing else; `next` as the page before gave it
   * @returns {Promise<{results: object[], next: ?string}>}
   */
  notifications({ mentions = false, next = null } = {}) {
    return this.api.get(next ?? (mentions ? "notifications/mentions/" : "notifications/"));
  }

  /** Have the unread counted by the server, into `store.notices`. */
  async countNotifications() {
    const { notices } = this.store;
    const { round } = notices;
    const counts = await this.api.get("notifications/count/");
    if (round !== notices.round) return this.#countSoon(); // the answer is older than what arrived meanwhile
    notices.count(counts);
    this.store.changed();
  }

  /** This one was read, on all own devices. */
  readNotification(notification_id) {
    return this.api.post(`notifications/${notification_id}/read/`);
  }

  /** All were read, or those up to a moment: the `created_at` of the newest that was shown. */
  async readAllNotifications({ until } = {}) {
    this.store.notices.count(await this.api.post("notifications/read-all/", { until }));
    this.store.changed();
  }

  /** @returns {Promise<object>} `{notify, reactions, quiet_hours: {from, until} | null, time_zone, language}` */
  preferences() {
    return this.api.get("notifications/preferences/");
  }

  /** Change the preferences: any of what `preferences` returns. @returns {Promise<object>} all of it */
  changePreferences(changes) {
    return this.api.patch("notifications/preferences/", changes);
  }

  // Devices

  /** @returns {Promise<{providers: string[], vapid_public_key: ?string}>} where the server can push to */
  pushSetup() {
    return this.api.get("notifications/push/");
  }

  /** @returns {Promise<object[]>} the own devices that are pushed to, the newest first */
  devices() {
    return all(this.api.list("users/me/devices/"));
  }

  /**
   * Have this device pushed to, as long as the sign-in lasts. Repeating it is harmless.
   * @param {{provider: "webpush" | "fcm", subscription?: object, token?: string, name?: string}} device
   * @returns {Promise<object>} `{id, provider, name, created_at, is_current}`
   */
  addDevice(device) {
    return this.api.post("users/me/devices/", device);
  }

  removeDevice(device_id) {
    return this.api.delete(`users/me/devices/${device_id}/`);
  }

  /** Count again where a frame may have changed what is unread. Called with every frame. */
  recountAfter({ type, data }) {
    if (type === "hello") return this.countNotifications().catch(() => {});
    const is_again = type === "notification.created" && data.notification.kind === "reaction";
    const is_others = type === "read.updated" && data.user_id !== this.store.me?.id;
    const is_news = type === "message.created" && data.message.sender?.id !== this.store.me?.id;
    const is_read = type === "notification.read";
    if (is_again || is_read || (this.store.notices.unread && RECOUNTED.includes(type) && !is_others && !is_news))
      this.#countSoon();
  }

  #countSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.store.me) this.countNotifications().catch(() => {});
    }, GATHER_MS);
  }
}
