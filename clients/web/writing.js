import { h } from "./dom.js";
import { momentText, nameOf, waitText } from "./words.js";

const REASONS = { rate_limited: "you are writing too fast", slow_mode: "slow mode is on" };

/** Why one cannot write in a conversation, as a sentence; null where one can. */
export function barOf(store, id) {
  const { capabilities, peer, membership, is_frozen } = store.conversations.get(id);
  if (is_frozen) return "This conversation is frozen: nobody writes here until the operators let them.";
  if (store.blocked_ids.has(peer?.id)) return `You blocked ${nameOf(store.person(peer))}.`;
  if (capabilities?.includes("send_message") !== false) return null;
  if (isSilenced(membership)) return `A moderator has muted you until ${momentText(membership.silenced_until)}.`;
  return "Only owners and admins write here.";
}

/** Whether a moderator lets a member not write at this moment. */
export function isSilenced({ silenced_until }, now = Date.now()) {
  return new Date(silenced_until ?? 0) > now;
}

/** How many seconds slow mode lets one wait since the last own message or edit; admins do not wait. */
export function slowSeconds(store, id, now = Date.now()) {
  const { slow_mode_seconds = 0, membership } = store.conversations.get(id) ?? {};
  if (!slow_mode_seconds || membership?.role !== "member") return 0;
  const own = store.log(id).entries.filter(({ message }) => message?.sender.id === store.me.id);
  if (!own.length) return 0;
  const last = Math.max(...own.map(({ message }) => new Date(message.edited_at ?? message.created_at)));
  const left = slow_mode_seconds - (now - last) / 1000;
  return Math.max(0, Math.min(slow_mode_seconds, left));
}

/** Why an own message is not sent yet, and when it will be. */
export function holdUpText({ waits_for, retry_at }, now = Date.now()) {
  return `Sending again in ${leftText(retry_at, now)}: ${REASONS[waits_for] ?? "the server is busy"}.`;
}

/** When a file that a limit holds back will be sent. */
export function waitingText(retry_at, now = Date.now()) {
  return `Sending again in ${leftText(retry_at, now)}.`;
}

/** What a limit holds back says so, second by second. */
export function holdUpElement(textOf, retry_at) {
  const element = h("p", { class: "hold-up", role: "timer", "data-testid": "hold-up" });
  const tick = () => {
    element.textContent = textOf();
    if (retry_at > Date.now()) setTimeout(() => element.isConnected && tick(), 1_000);
  };
  tick();
  return element;
}

function leftText(retry_at, now) {
  return waitText(Math.max(0, (retry_at - now) / 1000));
}
