import { released } from "./press.js";

const PROPERTIES = new Set(["value", "disabled", "hidden", "tabIndex", "htmlFor", "popover"]);
const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Text goes in as text, never as markup, so nothing needs escaping.
 * `onclick` and the like are listeners; a few names are properties; all others are attributes.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

/** Put other children into an element. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/**
 * Make `parent` show `items`, each with a unique `key`. Elements stay as long as their key stays,
 * so focus, selection and places survive a redraw; listeners therefore belong on their children. A part with the same
 * `data-keep` stays itself too, and so does an only child with `data-stays`, which then has no listeners either: who is on
 * it with the keyboard stays there.
 */
export function fillKeyed(parent, items, make) {
  const held = parent.keyed ?? new Map();
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const keys = new Set(items.map(({ key }) => key));
  for (const [key, { element }] of held) if (!keys.has(key)) element.remove(); // first, so that others need not move
  parent.keyed = new Map();
  let next = parent.firstElementChild;
  for (const item of items) {
    const version = JSON.stringify(item);
    const old = held.get(item.key);
    if (old && old.version !== version) adopt(old.element, make(item));
    const element = old?.element ?? make(item);
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
    parent.keyed.set(item.key, { element, version });
  }
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true }); // was moved
}

/** One of the pictures in `ICONS`, for decoration: name the button itself. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon and says its name. */
export function iconButton(name, label, props) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...props }, icon(name));
}

/** Call `draw` once, soon, however often it is asked for; not while a pointer is pressed. */
export function soon(draw) {
  let is_asked = false;
  return () => {
    if (is_asked) return;
    is_asked = true;
    const go = async () => {
      await released();
      is_asked = false;
      draw();
    };
    // Hidden pages get no animation frames, but their title and read marks matter.
    if (document.hidden) setTimeout(go, 100);
    else requestAnimationFrame(go);
  };
}

/** Make an element look like a fresh one and stay itself: somebody may be on it, or come back to it. */
function adopt(element, fresh) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  // What plays goes on playing, and what was loaded does not flicker.
  for (const kept of element.querySelectorAll("[data-keep]"))
    fresh.querySelector(`[data-keep="${kept.dataset.keep}"]`)?.replaceWith(kept);
  for (const { name } of [...element.attributes]) if (!fresh.hasAttribute(name)) element.removeAttribute(name);
  for (const { name, value } of fresh.attributes) element.setAttribute(name, value);
  const [only] = element.children;
  if (element.childElementCount === 1 && "stays" in only.dataset) {
    adopt(only, fresh.firstElementChild);
    return;
  }
  element.replaceChildren(...fresh.childNodes);
  if (!focused || focused === element) return;
  const { testid } = focused.dataset;
  ((testid && element.querySelector(`[data-testid="${testid}"]`)) || element).focus({ preventScroll: true });
}

function present(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false);
}

const ICONS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  send: "M5 12h13M12 5l7 7-7 7",
  edit: "M4 20h4L19 9l-4-4L4 16v4z",
  group: "M9 11a3 3 0 100-6 3 3 0 000 6zM3 19c0-3 3-5 6-5s6 2 6 5M16 11a3 3 0 000-6M17 14c2.5.5 4 2.5 4 5",
  channel: "M10 4L8 20M16 4l-2 16M5 9h15M4 15h15",
  check: "M5 13l4 4L19 7",
  checks: "M2 13l4 4L16 7M11 16l1 1L22 7",
  clock: "M12 7v5l3 2M12 21a9 9 0 100-18 9 9 0 000 18z",
  alert: "M12 8v5M12 16.5h.01M12 21a9 9 0 100-18 9 9 0 000 18z",
  chat: "M4 5h16v11H9l-5 4V5z",
  smile: "M12 21a9 9 0 100-18 9 9 0 000 18zM8.5 14c1.7 2.2 5.3 2.2 7 0M9 9.5h.01M15 9.5h.01",
  pin: "M9 3h6l-1 6 4 4v2H6v-2l4-4-1-6zM12 15v6",
  search: "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L21 21",
  bell: "M6 16v-5.5a6 6 0 0112 0V16l2 2H4zM10 21.5h4",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3",
  muted: "M6 16V11a6 6 0 0110-4.5M18 11v5H8M10.5 20h3M4 4l16 16",
  next: "M9 5l7 7-7 7",
  clip: "M20 11l-8.5 8.5a5 5 0 01-7-7L13 4a3.5 3.5 0 015 5l-8.5 8.5a1.5 1.5 0 01-2.5-2.5L15 7",
  mic: "M12 15a3 3 0 003-3V6a3 3 0 00-6 0v6a3 3 0 003 3zM6 11.5a6 6 0 0012 0M12 17.5V21",
  play: "M8 5l11 7-11 7V5z",
  pause: "M8 5v14M16 5v14",
  stop: "M7 7h10v10H7z",
  file: "M14 3H6v18h12V7l-4-4zM14 3v4h4",
  document: "M14 3H6v18h12V7l-4-4zM14 3v4h4M9 12h6M9 16h6",
  audio: "M9 18V6l10-2v12M9 18a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0zM19 16a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0z",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.5h.01",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  link: "M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1 1M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1-1",
};
