import { isMuted } from "../muting.js";
import { badgeText } from "./sentences.js";

const FACE =
  '<rect width="32" height="32" rx="8" fill="#4655d4"/><path d="M8 9h16v11H15l-5 4v-4H8z" fill="#fff"/>' +
  '<circle cx="22" cy="10" r="10" fill="#d93025"/>';

/**
 * How much waits to be looked at: unread notices. One stands for all that is unread in a conversation, as on the app's
 * badge after a push. Messages are told of a moment after they come, and in large conversations not at all, so unread
 * conversations that are not muted count at least.
 */
export function waitingCount({ list, notices }) {
  const is_waiting = ({ unread_count, membership }) => unread_count > 0 && !(membership && isMuted(membership));
  return Math.max(notices.unread, list.filter(is_waiting).length);
}

/** Shows a count where the page is seen without being looked at: in its title, its icon and the app's badge. */
export class Sign {
  #site_name;
  #count = null;
  #icon = document.querySelector("link[rel=icon]");
  #plain = this.#icon.href;

  constructor(site_name) {
    this.#site_name = site_name;
  }

  show(count) {
    document.title = count ? `(${count}) ${this.#site_name}` : this.#site_name;
    if (count === this.#count) return;
    this.#count = count;
    this.#icon.href = count ? iconWith(count) : this.#plain;
    setAppBadge(count);
  }
}

/** Browsers know it for installed pages; a refusal is nobody's concern. */
function setAppBadge(count) {
  const is_set = count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
  is_set?.catch(() => {});
}

function iconWith(count) {
  const text = count > 9 ? "9+" : badgeText(count);
  const look = 'text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="14" fill="#fff"';
  const drawn = `${FACE}<text x="22" y="15" ${look}>${text}</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${drawn}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
