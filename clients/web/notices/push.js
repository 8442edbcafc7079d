import { deviceName } from "../device.js";
import { kept } from "../kept.js";

const WORKER = "/sw.js";
/** Where it stands who has switched it on: the subscription stays in the browser when somebody else signs in. */
const WANTED = "chat.push";

/**
 * Whether this browser is pushed to.
 * @returns {Promise<"unsupported" | "unavailable" | "denied" | "off" | "on">} `unavailable`: the server does not push
 */
export async function pushState(chat) {
  if (!isSupported()) return "unsupported";
  if (!(await keyOf(chat))) return "unavailable";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration(WORKER);
  const subscription = await registration?.pushManager.getSubscription();
  return subscription && isWanted(chat) ? "on" : "off";
}

/** Ask for the permission, subscribe and register. Call it by a click. @throws {Error} with a sentence for people */
export async function turnPushOn(chat) {
  if ((await Notification.requestPermission()) !== "granted")
    throw new Error("The browser does not allow this page to notify you.");
  await register(chat, await keyOf(chat));
  kept.setItem(WANTED, chat.store.me.id);
}

export async function turnPushOff(chat) {
  kept.removeItem(WANTED);
  const registration = await navigator.serviceWorker.getRegistration(WORKER);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
  const here = (await chat.devices()).filter(({ provider, is_current }) => provider === "webpush" && is_current);
  await Promise.all(here.map(({ id }) => chat.removeDevice(id)));
}

/** A device belongs to a sign-in, and a subscription may have changed: whoever has it on is registered again. */
export async function renewPush(chat) {
  if (!isSupported() || !isWanted(chat) || Notification.permission !== "granted") return;
  const key = await keyOf(chat);
  if (key) await register(chat, key);
}

/** Close what is shown about a conversation; without one, all of it. */
export async function takeBack(conversation_id = null) {
  const registration = await navigator.serviceWorker?.getRegistration(WORKER).catch(() => null);
  for (const notification of (await registration?.getNotifications()) ?? [])
    if (!conversation_id || notification.data?.conversation_id === conversation_id) notification.close();
}

async function register(chat, key) {
  const subscription = await subscribe(key).catch(() => {
    throw new Error("This browser's push service cannot be reached. Try again later.");
  });
  await chat.addDevice({ provider: "webpush", subscription: subscription.toJSON(), name: deviceName(navigator) });
}

async function subscribe(key) {
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  const held = await pushManager.getSubscription();
  if (held && textOf(held.options.applicationServerKey) === key) return held;
  await held?.unsubscribe(); // made for a key that the server no longer has
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

async function keyOf(chat) {
  return (await chat.pushSetup()).vapid_public_key;
}

function isWanted(chat) {
  return kept.getItem(WANTED) === chat.store.me?.id;
}

/** Browsers offer it on pages that came by https, or from this very machine. */
function isSupported() {
  return "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
}

/** A key as base64url. */
function textOf(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
