import { ChatClient } from "../js/chat.js";
import { Auth } from "./auth.js";
import { fill, h } from "./dom.js";
import { guardComposing } from "./keys.js";
import { watchBack } from "./places.js";
import { watchPresses } from "./press.js";
import { Shell } from "./shell.js";
import { farewellOf, sentenceOf } from "./words.js";

const AGAIN_S = 5;

const site_name = document.documentElement.dataset.siteName;
const root = document.getElementById("app");
const chat = new ChatClient();
let shell = null;
let again = null;

chat.onSignedOut = (why) => showAuth(farewellOf(why));
guardComposing();
keepAboveKeyboard();
watchPresses();
watchBack();
begin();

async function begin() {
  clearTimeout(again);
  try {
    if (await chat.restore()) showShell();
    else showAuth();
  } catch (error) {
    showTrouble(error);
  }
}

/** Nobody knows yet whether somebody is signed in here, so neither page would be right. */
function showTrouble(error) {
  const retry = h("button", { type: "button", class: "primary", onclick: begin }, "Try again");
  fill(
    root,
    h("main", { class: "auth" }, h("div", { class: "card" }, h("p", { role: "status" }, sentenceOf(error)), retry)),
  );
  again = setTimeout(begin, (error.retry_after ?? AGAIN_S) * 1000);
}

function showAuth(notice) {
  shell?.close();
  shell = null;
  // An invitation waits until somebody is signed in.
  if (!location.hash.startsWith("#/invite/")) history.replaceState(null, "", location.pathname);
  fill(root, new Auth(chat, { site_name, notice, onDone: showShell }).element);
}

function showShell() {
  shell = new Shell(chat, { site_name });
  fill(root, shell.element);
  chat.start();
}

/** Safari lays its keyboard over the page without telling the layout. */
function keepAboveKeyboard() {
  const fit = () =>
    visualViewport.scale === 1 && document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
  visualViewport?.addEventListener("resize", fit);
}
