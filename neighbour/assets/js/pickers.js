// A map to choose a point on is loaded when somebody asks for it: the button brings its style and its script.
export function openMaps(root) {
  for (const button of root.querySelectorAll("[data-open-map]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: button.dataset.style });
      const script = Object.assign(document.createElement("script"), { src: button.dataset.script });
      const box = document.getElementById(button.dataset.openMap);
      box.hidden = false;
      button.hidden = true;
      script.addEventListener("load", () => box.focus());
      style.addEventListener("load", () => document.head.append(script)); // the map measures itself once it is styled
      document.head.append(style);
    });
  }
}
