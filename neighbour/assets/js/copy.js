// A button that puts what a field holds onto the clipboard, and a field that is marked as a whole when one comes to it.
import { announce } from "./toasts.js";

export function copyFields(root) {
  for (const field of root.querySelectorAll("[data-select]")) field.addEventListener("focus", () => field.select());
  for (const button of root.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // without HTTPS there is none: the field is marked, the keyboard copies
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(field.value);
        announce(button.dataset.done);
      } catch {
        field.focus();
      }
    });
  }
}
