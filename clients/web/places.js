/**
 * Where the page is, and what lies over it. A place is the fragment of the address. While dialogs, menus or a thread lie
 * over it there is one entry more in the browser's history, however many they are: Back takes it away and closes the
 * uppermost of them, and the entry is gone as well when they are closed otherwise.
 */
const NARROW = "(max-width: 720px)";
const CONVERSATION = /^#\/c\/([\w-]+)/;

let layers = [];
let is_leaving = false;
let afterwards = null;

/** From now on Back closes what lies over the page. What lay there before a reload does so no more. */
export function watchBack() {
  addEventListener("popstate", popped);
  if (isOver()) leave();
}

/** Below a conversation that a telephone was sent to there is the list, as if it had been chosen there. */
export function putListBelow() {
  const { hash, pathname } = location;
  if (history.state || !isNarrow() || !CONVERSATION.test(hash)) return;
  history.replaceState(null, "", pathname);
  history.pushState({ has_list: true }, "", hash);
}

/**
 * Something lies over the page while its element is in it.
 * @param {() => void} close takes it away
 * @returns {() => void} to be called when it is gone, however it went
 */
export function cover(element, close) {
  const layer = { element, close };
  layers.push(layer);
  guard();
  return () => {
    layers = layers.filter((one) => one !== layer);
    setTimeout(release); // whatever closes one thing may open another
  };
}

/** Go to a place, from under whatever lies over the page; null is the list. */
export function go(hash) {
  while (layers.length) layers.pop().close();
  if (is_leaving || isOver()) {
    afterwards = () => go(hash);
    return leave();
  }
  if (!hash) return goToList();
  if (isBeside(hash)) history.pushState({ has_list: !location.hash }, "", hash);
  else rename(hash);
  tell();
}

/** The page is elsewhere already: call the present entry so, whatever lies over it. */
export function rename(hash) {
  history.replaceState(history.state, "", hash ?? location.pathname);
}

/** Whether Back is to come back from there: from another conversation, and on a telephone only to the list. */
function isBeside(hash) {
  const [from, to] = [location.hash, hash].map((one) => one.match(CONVERSATION)?.[1]);
  return Boolean(to) && from !== to && !(from && isNarrow());
}

function goToList() {
  if (history.state?.has_list) return leave();
  rename(null);
  tell();
}

function tell() {
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function popped() {
  const was_leaving = is_leaving;
  is_leaving = false;
  if (was_leaving) {
    const next = afterwards;
    afterwards = null;
    next?.();
  } else if (isOver()) {
    if (!present().length) leave(); // forward again, to what was closed
  } else present().pop()?.close();
  if (present().length) guard();
}

/** Those that are still there: what goes with an element around it says nothing. */
function present() {
  layers = layers.filter(({ element }) => element.isConnected);
  return layers;
}

function guard() {
  if (!is_leaving && !isOver()) history.pushState({ ...history.state, is_over: true }, "");
}

function release() {
  if (!is_leaving && isOver() && !present().length) leave();
}

function leave() {
  if (!is_leaving) history.back();
  is_leaving = true;
}

function isOver() {
  return Boolean(history.state?.is_over);
}

/** Whether the list and a conversation are shown one at a time. */
export function isNarrow() {
  return matchMedia(NARROW).matches;
}
