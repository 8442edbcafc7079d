/**
 * Says when the page does not load: no module of it would be there to do so. It is no module itself, stands before all other
 * files, and goes on by reloading, for a browser asks for a module that failed only once in the life of a page.
 */
(() => {
  const LATE_MS = 15_000;
  const FAILED = "This page could not be loaded completely. The server may be away for a moment, or there is a new version.";
  const LATE = "This page takes long to load.";
  const UNSTYLED = "Some of this page could not be loaded, so it looks different.";

  addEventListener("error", ({ target }) => tell(target), true);
  setTimeout(() => isLoading() && say(LATE), LATE_MS);

  /** A file of the page is not there, or a module of it has thrown before anything was shown. */
  function tell(target) {
    if (target instanceof HTMLLinkElement) return whenThere(target.rel === "stylesheet" ? sayAbove : () => {});
    const is_ours = target === window || target instanceof HTMLScriptElement;
    if (is_ours) whenThere(() => isLoading() && say(FAILED));
  }

  function whenThere(action) {
    if (document.body && document.readyState !== "loading") action();
    else addEventListener("DOMContentLoaded", action, { once: true });
  }

  function isLoading() {
    return document.querySelector("#app .loading") !== null;
  }

  function say(text) {
    const [status, way] = document.querySelectorAll("#app .loading p");
    status.textContent = text;
    way.classList.remove("late");
    way.replaceChildren(buttonElement());
  }

  function sayAbove() {
    if (document.querySelector("[data-testid=unstyled]")) return;
    const strip = document.createElement("div");
    Object.assign(strip, { className: "banner", role: "status" });
    strip.dataset.testid = "unstyled";
    strip.append(`${UNSTYLED} `, buttonElement());
    document.body.prepend(strip);
  }

  function buttonElement() {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "primary", textContent: "Try again" });
    button.addEventListener("click", () => location.reload());
    return button;
  }
})();
