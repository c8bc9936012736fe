// Where the keyboard stands: whoever stands in a piece of the page that htmx replaces goes on in the new piece, not at
// the top of the page; and in a row that slides, what is focused comes into view as a whole (Chromium is content with
// an edge of it).
const STOPS = "a[href], button, summary, input:not([type=hidden]), select, textarea";

export function keepFocus() {
  document.addEventListener("focusin", ({ target }) => {
    if (target.closest(".chips--slide, .chips--row, .sub-filters, .week__row")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  let stood = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    stood = event.detail.shouldSwap && event.detail.target.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!stood || document.activeElement !== document.body) return;
    const first = event.target.matches(STOPS) ? event.target : event.target.querySelector(STOPS);
    stood = !first; // the first piece may be a heading
    first?.focus({ preventScroll: true });
  });
}
