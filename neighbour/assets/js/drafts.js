// What somebody types into a form with data-draft="name" survives a reload, a lost session and a lost network.
// It is kept in this tab only (sessionStorage), never sent anywhere, and forgotten once the server has taken it:
// the page after it then shows a good toast or leads to the new reply (#r-…). Signing out forgets all drafts.
import { words } from "./words.js";

const PREFIX = "draft:";
const SENT = "draft-sent";
const SWITCH = "draft:switch"; // any other form, while the language of its page is changed: kept for one page only

function key(form) {
  return PREFIX + form.dataset.draft;
}

function fields(form) {
  return [...form.elements].filter((field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type) && field.tagName !== "FIELDSET");
}

function isChoice(field) {
  return field.type === "radio" || field.type === "checkbox";
}

function read(form) {
  return fields(form).map((field) => [field.name, isChoice(field) ? field.value : null, isChoice(field) ? field.checked : field.value]);
}

function touched(form) {
  return fields(form).some((field) => !isChoice(field) && field.tagName !== "SELECT" && field.value.trim() !== "");
}

function note(form, text) {
  let status = form.querySelector("[data-draft-note]");
  if (!status) {
    status = document.createElement("p");
    status.className = "hint draft-note";
    status.setAttribute("role", "status");
    status.dataset.draftNote = "";
    form.append(status);
  }
  status.textContent = text;
}

function save(form) {
  if (touched(form)) {
    sessionStorage.setItem(key(form), JSON.stringify(read(form)));
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format();
    note(form, (words.saved || "").replace("{time}", time));
  } else {
    sessionStorage.removeItem(key(form));
  }
}

function restore(form) {
  const kept = sessionStorage.getItem(key(form));
  if (!kept || form.querySelector(".error-list")) return; // after an error the server has put the text back itself
  if (fill(form, JSON.parse(kept))) note(form, words.restored || "");
}

function fill(form, values) {
  const now = fields(form);
  let changed = false;
  for (const [name, option, value] of values) {
    const field = now.find((one) => one.name === name && (option === null || one.value === option));
    if (!field) continue;
    if (isChoice(field)) field.checked = value;
    else if (field.value !== value) {
      field.value = value;
      changed = true;
    }
  }
  return changed;
}

function forgetSent() {
  const sent = sessionStorage.getItem(SENT);
  if (sent && (document.querySelector(".toast--good") || location.hash.startsWith("#r-"))) sessionStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}

function forgetAll() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

function formOfThePage() {
  return document.querySelector("main form[method=post]:has(input:not([type=hidden]), textarea):not([data-draft])");
}

function keepForSwitch() {
  const form = formOfThePage();
  if (form && touched(form)) sessionStorage.setItem(SWITCH, JSON.stringify({ page: location.pathname, action: form.action, values: read(form) }));
}

function restoreAfterSwitch() {
  const kept = JSON.parse(sessionStorage.getItem(SWITCH) || "null");
  sessionStorage.removeItem(SWITCH);
  const form = formOfThePage();
  if (kept && form && kept.page === location.pathname && kept.action === form.action) fill(form, kept.values);
}

export function keepDrafts() {
  forgetSent();
  restoreAfterSwitch();
  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
  let waiting;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-draft]");
    if (!form) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => save(form), 400);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-draft]")) {
      save(form);
      sessionStorage.setItem(SENT, key(form));
    }
    if (form.matches('form[action^="/language/"]')) keepForSwitch();
    if (form.matches("form[data-forget-drafts]")) forgetAll();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (form && event.detail.successful && event.detail.requestConfig.verb === "post") sessionStorage.removeItem(key(form));
  });
}
