// Messages that pass: closable, and new ones for what goes wrong between page and server.
export function closableToasts(root) {
  for (const button of root.querySelectorAll("[data-toast] [data-close]")) {
    button.hidden = false;
    button.addEventListener("click", () => button.closest("[data-toast]").remove());
  }
}

export function announce(text) {
  const area = document.getElementById("toasts");
  if (!area || !text) return;
  const toast = document.createElement("div");
  const said = document.createElement("p");
  toast.className = "toast toast--stop";
  toast.setAttribute("role", "alert");
  said.textContent = text;
  toast.append(said);
  area.replaceChildren(toast);
  setTimeout(() => toast.remove(), 12_000);
}
