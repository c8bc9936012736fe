// What somebody types into a form with data-draft="name" survives a reload, a lost session and a lost network.
// The photos that were sent with it come back with it: the server has them, and the form says which are its own.
// It is kept in this tab only (sessionStorage), under whoever is signed in, never sent anywhere, and forgotten once the server
// has taken it: the page after it then shows a good toast or leads to the new reply (#r-…). Signing out forgets all drafts, in
// other tabs, too; and whoever signs in next forgets those of anybody else before they see a form.
import { announce } from "./toasts.js";
import { words } from "./words.js";

const PREFIX = "draft:";
const SENT = "draft-sent";
const SWITCH = "draft:switch"; // any other form, while the language of its page is changed: kept for one page only
const SIGNED_OUT = "signed-out";
const FORMS = "form[data-draft]";
// Hidden fields that belong to what is typed. The form's own number: sent again because the answer got lost on the way, it is still
// sent once. What stood there when it was opened: a change is judged by that, however often it is taken up again.
const OWN = ["form_key", "stood"];
const PHOTOS = ["photo", "photo_off"];

let waiting;
let isOver = false; // signed out: nothing is kept any more

function owner() {
  return document.querySelector('meta[name="drafts-of"]')?.content || "";
}

function key(form) {
  return `${PREFIX}${owner()}:${form.dataset.draft}`;
}

function fields(form) {
  const passed = ["hidden", "password", "file", "submit", "button"];
  const kept = [...OWN, ...PHOTOS];
  return [...form.elements].filter((field) => field.name && field.tagName !== "FIELDSET" && (kept.includes(field.name) || !passed.includes(field.type)));
}

function isChoice(field) {
  return field.type === "radio" || field.type === "checkbox";
}

function read(form) {
  return fields(form).map((field) => [field.name, isChoice(field) ? field.value : null, isChoice(field) ? field.checked : field.value]);
}

function touched(form) {
  return fields(form).some((field) => field.name === "photo" || field.type !== "hidden" && !isChoice(field) && field.tagName !== "SELECT" && field.value.trim() !== "");
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

function keep(form) {
  if (isOver || !owner()) return false;
  const others = ofOtherKinds(form);
  if (touched(form) || others.length) {
    sessionStorage.setItem(key(form), JSON.stringify([...read(form), ...others]));
    return true;
  }
  sessionStorage.removeItem(key(form));
  return false;
}

// What was typed on another kind's tab: a price waits there while the place of an event is looked at.
function ofOtherKinds(form) {
  const here = new Set(read(form).map(([name, option]) => JSON.stringify([name, option])));
  const kept = JSON.parse(sessionStorage.getItem(key(form)) || "[]");
  const isOther = ([name, option, value]) => value && !here.has(JSON.stringify([name, option]));
  return kept.filter((each) => isOther(each) && ![...OWN, ...PHOTOS].includes(each[0]) && !each[0].startsWith("alt-"));
}

function save(form) {
  clearTimeout(waiting);
  waiting = undefined;
  if (keep(form)) {
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format();
    note(form, (words.saved || "").replace("{time}", time));
  }
}

function restore(form) {
  const kept = sessionStorage.getItem(key(form));
  if (!kept || "asSent" in form.dataset || form.querySelector(".error-list")) return; // the server has put the text back itself
  const values = JSON.parse(kept);
  const isFilled = fill(form, values);
  if (bringPhotos(form, values) || isFilled) note(form, words.restored || "");
}

// The form names its photos at once, so that they go with it whatever happens next; the server shows them (askForPhotos).
function bringPhotos(form, values) {
  const sheet = form.querySelector("[data-upload]");
  const names = (pairs) => JSON.stringify(pairs.filter(([name]) => PHOTOS.includes(name)).map(([name, , value]) => [name, value]).sort(byName));
  if (!sheet || names(values) === names(read(form))) return false;
  for (const old of sheet.querySelectorAll("ol.photo-list, [name=photo_off]")) old.remove();
  for (const [name, , value] of values) {
    if (!PHOTOS.includes(name) && !name.startsWith("alt-")) continue;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    sheet.append(field);
  }
  sheet.dataset.brought = "";
  return true;
}

function byName([one], [other]) {
  return one < other ? -1 : Number(one > other); // those of one name stay in their order
}

function askForPhotos() {
  for (const sheet of document.querySelectorAll("[data-brought]")) sheet.dispatchEvent(new CustomEvent("photos-sent"));
}

function fill(form, values) {
  const now = fields(form);
  let changed = false;
  for (const [name, option, value] of values) {
    if (PHOTOS.includes(name)) continue;
    const field = now.find((one) => one.name === name && (option === null || one.value === option));
    if (!field) continue;
    if (isChoice(field)) field.checked = value;
    else if (field.value !== value) {
      field.value = value;
      changed = changed || field.type !== "hidden";
    }
  }
  return changed;
}

function isAsServed(field) {
  if (field.type === "radio") return field.checked === field.defaultChecked || !field.checked; // the one that is chosen speaks
  if (field.type === "checkbox") return field.checked === field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value === field.defaultValue;
  return field.selectedIndex === Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
}

// What the server says about a field (whom it reaches, the next dates) is of the page as it was served: it is asked again for
// what is chosen otherwise, by the draft or by the browser itself.
function tellOfChanges() {
  for (const form of document.querySelectorAll(FORMS)) {
    for (const field of fields(form)) if (!isAsServed(field)) field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function forgetSent() {
  const sent = sessionStorage.getItem(SENT);
  if (sent && (document.querySelector(".toast--good") || location.hash.startsWith("#r-"))) sessionStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}

function forget(isToGo) {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX) && isToGo(name)) sessionStorage.removeItem(name);
}

function forgetOthers() {
  const mine = `${PREFIX}${owner()}:`;
  if (owner()) forget((name) => name !== SWITCH && !name.startsWith(mine));
}

function forgetAll() {
  isOver = true;
  clearTimeout(waiting);
  forget(() => true);
}

// The other tabs of this browser: what stands in their forms goes, too.
function listenForSigningOut() {
  const channel = new BroadcastChannel(SIGNED_OUT);
  channel.addEventListener("message", () => {
    forgetAll();
    for (const form of document.querySelectorAll(FORMS)) for (const field of fields(form)) if (!isChoice(field) && field.tagName !== "SELECT") field.value = "";
  });
  return channel;
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

// Without a network nothing is sent: the page stays as it is instead of giving way to the browser's own.
function stayWithoutNetwork(event) {
  if (navigator.onLine || !event.target.matches(FORMS)) return;
  event.preventDefault();
  event.stopPropagation();
  save(event.target);
  announce(words.offline);
}

export function keepDrafts() {
  const channel = listenForSigningOut();
  forgetSent();
  forgetOthers();
  restoreAfterSwitch();
  for (const form of document.querySelectorAll(FORMS)) restore(form);
  document.addEventListener("htmx:load", tellOfChanges, { once: true }); // earlier nobody would hear it
  document.addEventListener("htmx:load", askForPhotos, { once: true });
  document.addEventListener("input", (event) => {
    const form = event.target.closest(FORMS);
    if (!form) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => save(form), 400);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const form = event.target.closest?.(FORMS);
    if (form && event.target.matches("[data-upload]")) keep(form); // photos came, moved or went
  });
  // Gone faster than that: by a link, the tab's end, another program on the phone.
  addEventListener("pagehide", () => {
    if (waiting) for (const form of document.querySelectorAll(FORMS)) save(form);
  });
  document.addEventListener("submit", stayWithoutNetwork, true);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches(FORMS)) {
      save(form);
      if (!event.defaultPrevented) sessionStorage.setItem(SENT, key(form)); // or it waits for photos, and goes later or not at all
    }
    if (form.matches('form[action^="/language/"]')) keepForSwitch();
    if (form.matches("form[data-forget-drafts]")) {
      forgetAll();
      channel.postMessage(SIGNED_OUT);
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.(FORMS);
    if (form && event.target === form && event.detail.successful && event.detail.requestConfig.verb === "post") sessionStorage.removeItem(key(form));
  });
}
