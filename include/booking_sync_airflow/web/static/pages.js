// Two things that HTML cannot do by itself inside Airflow's frame: follow Airflow's theme, and leave the frame.
"use strict";

const framed = (() => {
  try {
    return window.parent !== window && Boolean(window.parent.document.documentElement);
  } catch {
    return false; // framed by another origin, which the headers forbid anyway
  }
})();

const COLOURS = { back: "bg", ink: "fg", soft: "fg-muted", line: "border", card: "bg-panel", quiet: "bg-subtle" };

function followTheme() {
  const root = document.documentElement;
  const host = framed ? window.parent.document.documentElement : null;
  const chosen = host ? (host.classList.contains("dark") ? "dark" : "light") : localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  if (!host) return;
  const style = window.parent.getComputedStyle(host);
  for (const [ours, theirs] of Object.entries(COLOURS)) {
    const value = style.getPropertyValue(`--chakra-colors-${theirs}`).trim();
    if (value) root.style.setProperty(`--${ours}`, value);
  }
}

// HubSpot refuses to be shown in a frame, and Airflow's frame may not navigate the window above it. A form that lives
// in Airflow's own document may: so the form is sent from there.
function sendFromTop(event) {
  if (!framed || !event.target.matches("form[data-top]")) return;
  event.preventDefault();
  const form = window.parent.document.importNode(event.target, true);
  form.action = event.target.action;
  form.hidden = true;
  window.parent.document.body.append(form);
  form.submit();
}

followTheme();
if (framed) {
  new MutationObserver(followTheme).observe(window.parent.document.documentElement, {
    attributeFilter: ["class", "style"],
  });
}
document.addEventListener("submit", sendFromTop);
