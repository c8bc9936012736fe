// The script of every page. Every page works without it; it only makes small steps shorter.
import htmx from "htmx.org/dist/htmx.esm.js";
import { keepAgoFresh } from "./ago.js";
import { copyFields } from "./copy.js";
import { keepDrafts } from "./drafts.js";
import { keepFocus } from "./focus.js";
import { improveForms } from "./forms.js";
import { leaveAtOnce } from "./leave.js";
import { closeMenus } from "./menus.js";
import { openMaps } from "./pickers.js";
import { announce, closableToasts } from "./toasts.js";
import { words } from "./words.js";

// No code from text, nothing from elsewhere, nothing kept outside this page (the content security policy forbids the first two anyway).
Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  includeIndicatorStyles: false,
  historyCacheSize: 0,
  scrollBehavior: "auto",
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRFToken"] = token.content;
});
document.addEventListener("htmx:sendError", () => announce(words.offline));
document.addEventListener("htmx:responseError", (event) => {
  // A page we may not change in place (signed out, taken down): let the browser go there and show what the server says.
  const status = event.detail.xhr.status;
  announce(status === 429 ? words.slow : words.failed);
});

function start(root) {
  copyFields(root);
  openMaps(root);
  keepAgoFresh(root);
  improveForms(root);
  closableToasts(root);
}

closeMenus();
leaveAtOnce();
keepDrafts();
keepFocus();
start(document);
document.addEventListener("htmx:afterSettle", (event) => start(event.target));
