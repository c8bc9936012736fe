// Forms: show a password, say that something is under way, lead to the first error.
export function improveForms(root) {
  for (const button of root.querySelectorAll("[data-reveal]")) reveal(button);
  const errors = root.querySelector("[data-focus]");
  if (errors) errors.focus();
}

function reveal(button) {
  const input = document.getElementById(button.dataset.reveal);
  const label = button.firstChild;
  const show = label.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    label.textContent = shown ? button.dataset.hide : show;
    input.focus();
  });
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.classList.contains("btn")) button.setAttribute("aria-busy", "true");
});
// Coming back with the browser's back button: nothing is under way any more.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll('.btn[aria-busy="true"]')) button.removeAttribute("aria-busy");
});
