import { ChatClient } from "../js/chat.js";
import { Auth } from "./auth.js";
import { fill, h } from "./dom.js";
import { Shell } from "./shell.js";

const site_name = document.documentElement.dataset.siteName;
const root = document.getElementById("app");
const chat = new ChatClient({ storage: sessionStorage });
let shell = null;

chat.onSignedOut = showAuth;
keepAboveKeyboard();
begin();

async function begin() {
  try {
    if (await chat.restore()) showShell();
    else showAuth();
  } catch {
    const retry = h("button", { type: "button", class: "primary", onclick: begin }, "Try again");
    fill(
      root,
      h("main", { class: "auth" }, h("div", { class: "card" }, h("p", {}, "The server cannot be reached."), retry)),
    );
  }
}

function showAuth() {
  shell?.close();
  shell = null;
  history.replaceState(null, "", location.pathname);
  fill(root, new Auth(chat, { site_name, onDone: showShell }).element);
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
