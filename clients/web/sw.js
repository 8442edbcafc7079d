/**
 * The service worker: shows what is pushed to this browser, and leads to it. It keeps no pages and answers no requests.
 * A push is `{title, body, tag, badge, data: {kind, conversation_id, message_id, seq}}`, as the server sends it.
 */
const ANSWER_MS = 500;
const UNREADABLE = { title: "New notification", body: "Open the chat to see it.", tag: "unreadable" };
const PICTURES = { icon: "/static/web/icon.png", badge: "/static/web/badge.png" };

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("push", (event) => event.waitUntil(tell(read(event.data))));
addEventListener("notificationclick", (event) => event.waitUntil(follow(event.notification)));
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(subscribeAnew(event.oldSubscription)));

/** Browsers take the permission away from who is pushed to and shows nothing, so there is always something. */
function read(data) {
  try {
    const push = data.json();
    return push.title ? push : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}

async function tell({ title, body, tag = "", badge, data = {} }) {
  setBadge(badge);
  if (await isLookedAt(data.conversation_id)) return;
  await registration.showNotification(title, { body, tag, renotify: Boolean(tag), data, ...PICTURES });
}

async function follow(notification) {
  notification.close();
  const place = placeOf(notification.data ?? {});
  const [page] = await pages();
  if (!page) return clients.openWindow(`/${place}`);
  page.postMessage({ type: "open", place });
  await page.focus().catch(() => {}); // only a click of somebody allows it
}

/** The fragment by which the page goes there. A `message` stands for all that is unread in its conversation. */
function placeOf({ kind, conversation_id, seq }) {
  if (!conversation_id || kind === "invitation") return "#/notifications";
  return kind === "message" || !seq ? `#/c/${conversation_id}` : `#/c/${conversation_id}/${seq}`;
}

/** Where the browser does not say what the old one was, the page subscribes when it is opened the next time. */
async function subscribeAnew(old) {
  if (old?.options) await registration.pushManager.subscribe(old.options);
  for (const page of await pages()) page.postMessage({ type: "subscribed" });
}

/** Whether somebody looks at this conversation at this moment: a window is asked, for its address may be an old one. */
async function isLookedAt(conversation_id) {
  if (!conversation_id) return false;
  const focused = (await pages()).filter((page) => page.focused);
  const answers = await Promise.all(focused.map((page) => ask(page, { type: "looks_at", conversation_id })));
  return answers.includes(true);
}

function ask(page, question) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(() => resolve(null), ANSWER_MS); // a page that is loading, or one of another version
    page.postMessage(question, [port2]);
  });
}

/** The windows with the chat, not those with the console or the documents; the last one that was used first. */
async function pages() {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  return windows.filter(({ url }) => new URL(url).pathname === "/");
}

/** How much is unread, on the icon of an installed page. */
function setBadge(count) {
  if (Number.isInteger(count)) navigator.setAppBadge?.(count).catch(() => {});
}
