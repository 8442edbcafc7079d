import { Banner } from "./banner.js";
import { closeAll, confirm, toast } from "./dialog.js";
import { fill, h, icon, soon } from "./dom.js";
import { keepPage } from "./dropping.js";
import { hearWorker } from "./notices/arrivals.js";
import { openCentre } from "./notices/centre.js";
import { renewPush, takeBack } from "./notices/push.js";
import { Sign, waitingCount } from "./notices/sign.js";
import { Pane } from "./pane.js";
import { go, isNarrow, putListBelow, rename } from "./places.js";
import { hush } from "./player.js";
import { Sidebar } from "./sidebar.js";
import { Unkept } from "./unkept.js";
import { sentenceOf } from "./words.js";

const WATCHED = 200;
const PLACE = /^#\/c\/([\w-]+)(?:\/(\d+))?$/;
const CENTRE = "#/notifications";
const INVITE = /^#\/invite\/([\w-]+)$/;

/** The signed-in page: conversations beside the open one; on a phone one at a time. */
export class Shell {
  #chat;
  #sidebar;
  #banner;
  #sign;
  #pane = null;
  #is_entering = false;
  #is_going_to_search = false;
  #place = h("main", { class: "place" });
  #ended = new AbortController();
  #draw = soon(() => this.#drawNow());

  /** The whole of it. */
  element = h("div", { class: "shell" });

  constructor(chat, { site_name }) {
    this.#chat = chat;
    this.#banner = new Banner(chat);
    this.#sign = new Sign(site_name);
    this.#sidebar = new Sidebar(chat, { open, onSignOut: () => this.#signOut() });
    const unkept = new Unkept(chat);
    unkept.draw();
    const banners = h("div", { class: "banners" }, this.#banner.element, unkept.element);
    this.element.append(banners, this.#sidebar.element, this.#place);
    putListBelow();
    this.#listen();
    this.#renewPush();
    this.#draw();
  }

  close() {
    this.#ended.abort();
    this.#sign.show(0);
    takeBack();
    this.#pane?.close();
    hush();
    closeAll();
  }

  #listen() {
    const { signal } = this.#ended;
    const silence = this.#chat.store.listen(this.#draw);
    signal.addEventListener("abort", silence);
    this.#chat.onConnection = (state) => signal.aborted || this.#banner.show(state);
    addEventListener("hashchange", this.#draw, { signal });
    this.#sidebar.element.addEventListener("click", follow);
    addEventListener("offline", () => this.#banner.show(this.#chat.connection), { signal });
    addEventListener("focus", () => this.#lookAgain(), { signal });
    addEventListener("blur", () => this.#pane?.lookAway(), { signal });
    addEventListener("keydown", (event) => this.#key(event), { signal });
    addEventListener("beforeunload", (event) => this.#chat.is_kept || event.preventDefault(), { signal });
    keepPage(signal);
    document.addEventListener("visibilitychange", () => this.#pane?.markSeen(), { signal });
    document.addEventListener("close", () => this.#pane?.markSeen(), { capture: true, signal });
    hearWorker(
      {
        open: go,
        subscribed: () => this.#renewPush(),
        looksAt: (id) => this.#pane?.id === id && this.#pane.is_shown,
      },
      signal,
    );
  }

  #lookAgain() {
    this.#pane?.markSeen();
    if (this.#pane) takeBack(this.#pane.id);
  }

  /** In silence: nobody has asked for anything, and the next start tries again. */
  #renewPush() {
    renewPush(this.#chat).catch(() => {});
  }

  #drawNow() {
    if (this.#ended.signal.aborted) return;
    const { store } = this.#chat;
    const [, token] = location.hash.match(INVITE) ?? [];
    if (token && store.epoch !== null) this.#enter(token);
    if (location.hash === CENTRE && store.epoch !== null) {
      rename(null);
      openCentre(this.#chat, open);
    }
    const [, id, seq] = location.hash.match(PLACE) ?? [];
    const is_known = store.conversations.has(id);
    if (id && !is_known && store.epoch !== null) {
      rename(null);
      return this.#draw();
    }
    this.#show(is_known ? id : null, Number(seq));
    this.#sidebar.draw(id);
    if (this.#is_going_to_search && !this.#pane) this.#search();
    this.#sign.show(waitingCount(store));
    this.#watch();
  }

  #show(id, seq) {
    if (id && seq) rename(`#/c/${id}`);
    if (this.#pane && this.#pane.id === id) {
      this.#pane.draw();
      if (seq) this.#pane.visit(seq);
      return;
    }
    this.#pane?.close();
    this.#pane = id ? new Pane(this.#chat, id, { onBack: () => open(null) }) : null;
    this.element.classList.toggle("is-open", Boolean(id));
    fill(
      this.#place,
      this.#pane?.element ??
        h("div", { class: "nothing" }, icon("chat"), h("p", {}, "Choose a conversation, or start a new one.")),
    );
    this.#pane?.begin(seq);
    if (id) takeBack(id);
  }

  /** Come into a conversation by an invitation. */
  async #enter(token) {
    if (this.#is_entering) return;
    this.#is_entering = true;
    rename(null);
    try {
      open((await this.#chat.acceptInvite(token)).id);
    } catch (error) {
      toast(error.status === 404 ? "This invitation leads nowhere any more." : sentenceOf(error));
    }
    this.#is_entering = false;
  }

  #key(event) {
    const is_search = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (!is_search || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (!this.#pane || !isNarrow()) return this.#search();
    this.#is_going_to_search = true; // nothing that is hidden takes the focus
    open(null);
  }

  #search() {
    this.#is_going_to_search = false;
    this.#sidebar.search();
  }

  /** Presence is wanted for the people in the list and in the open conversation. */
  #watch() {
    const { store } = this.#chat;
    const peers = store.list.flatMap(({ peer }) => peer?.id ?? []);
    const members = [...(store.members.get(this.#pane?.id)?.keys() ?? [])];
    this.#chat.watch([...new Set([...peers, ...members])].filter((id) => id !== store.me?.id).slice(0, WATCHED));
  }

  async #signOut() {
    const loss = "What you have written and not sent yet will be deleted from this browser.";
    if (!(await this.#chat.isAllSent()) && !(await confirm("Sign out?", loss, "Sign out"))) return;
    await this.#chat.signOut().catch((error) => toast(sentenceOf(error)));
  }
}

/** Go to a conversation, perhaps to a place in it, or back to the list. */
function open(id, seq) {
  go(id ? `#/c/${[id, seq].filter(Boolean).join("/")}` : null);
}

/** A link to a conversation is followed as whatever else leads there; in a new tab it is the browser's. */
function follow(event) {
  const link = event.target.closest('a[href^="#/"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
}
