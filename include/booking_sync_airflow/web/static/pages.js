// What HTML cannot do by itself inside Airflow's frame: follow Airflow's theme, leave the frame, fetch what takes long.
"use strict";

const host = (() => {
  try {
    return window.parent === window ? null : window.parent.document;
  } catch {
    return null; // framed by another origin, which the headers forbid anyway
  }
})();

const COLOURS = { back: "bg", ink: "fg", soft: "fg-muted", line: "border" };

function followTheme() {
  const root = document.documentElement;
  const top = host && host.documentElement;
  const theme = top ? (top.classList.contains("dark") ? "dark" : "light") : localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  if (!top) return;
  const style = window.parent.getComputedStyle(top);
  for (const [ours, theirs] of Object.entries(COLOURS)) {
    const value = style.getPropertyValue(`--chakra-colors-${theirs}`).trim();
    if (value) root.style.setProperty(`--${ours}`, value);
  }
}

// Airflow's frame may not navigate the window above it, and HubSpot refuses to be shown in a frame. Forms and links in
// Airflow's own document may navigate: so a copy is put there, and used.
function inTop(element, use) {
  const copy = host.importNode(element, true);
  copy.hidden = true;
  host.body.append(copy);
  use(copy);
  copy.remove();
}

document.addEventListener("submit", (event) => {
  if (!host || !event.target.matches("form[data-top]")) return;
  event.preventDefault();
  inTop(event.target, (form) => form.submit());
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-top], a[data-new]");
  if (!host || !link || event.button !== 0) return;
  event.preventDefault();
  if ("new" in link.dataset) window.parent.open(link.href, "_blank", "noopener");
  else inTop(link, (copy) => copy.click());
});

async function load(place) {
  const answer = await fetch(place.dataset.load, { headers: { Accept: "text/html" } });
  if (answer.ok) place.innerHTML = await answer.text(); // made by our own templates, which escape
}

// What is there already, and is loaded again every few seconds while somebody looks at it.
function refresh(place) {
  setTimeout(async () => {
    if (!document.hidden && !place.contains(document.activeElement)) await load(place).catch(() => undefined);
    refresh(place);
  }, Number(place.dataset.refresh) * 1000);
}

function sayOnce() {
  // The sentence that the address asks for must not come back when the page is loaded again.
  const address = new URL(window.location.href);
  if (!address.searchParams.has("done")) return;
  address.searchParams.delete("done");
  window.history.replaceState(null, "", address);
}

followTheme();
sayOnce();
if (host) new MutationObserver(followTheme).observe(host.documentElement, { attributeFilter: ["class", "style"] });
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-load]:not([data-refresh])").forEach(load);
  document.querySelectorAll("[data-refresh]").forEach(refresh);
});
