// A way out of a page that nobody beside one should see: it is emptied at once, and "back" does not lead to it.
export function leaveAtOnce() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-leave]");
    if (!link) return;
    event.preventDefault();
    document.title = "";
    document.body.hidden = true;
    location.replace(link.href);
  });
}
