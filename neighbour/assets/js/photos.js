// Photos: sent in pieces that go on where the network broke, and looked at one by one. Without this file a form sends them
// whole, and each photo is a link to a page of its own.
import { words } from "./words.js";

const PIECE = 512 * 1024;
const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds between two tries; the last one again and again
const GIVE_UP = 40;
const EDGE = 1920; // of the largest size the server draws (photos.EDGES)
const SMALL = 600 * 1024; // below it a file goes as it is
const previews = new Map();

// Sending -------------------------------------------------------------------------------------------------------------

function headers(more) {
  const token = document.querySelector('meta[name="csrf-token"]');
  return { "X-CSRFToken": token ? token.content : "", ...more };
}

class Refused extends Error {}

async function ask(url, options) {
  const answer = await fetch(url, { ...options, headers: headers(options.headers), credentials: "same-origin" });
  if (answer.status === 422) throw new Refused((await answer.json()).says);
  if (answer.status === 429) throw new Refused(words.slow);
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 409 && answer.status !== 408) throw new Refused("");
  if (answer.status >= 500) throw new TypeError("the server did not answer");
  return answer;
}

function online(seconds) {
  return new Promise((go) => {
    const timer = setTimeout(done, seconds * 1000);
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      go();
    }
    window.addEventListener("online", done);
  });
}

// Try until it works; ``say`` hears that the network is away.
async function again(work, say) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused || tries >= GIVE_UP) throw error;
      say();
      await online(PAUSES[Math.min(tries, PAUSES.length - 1)]);
    }
  }
}

function wait(milliseconds) {
  return new Promise((go) => setTimeout(go, milliseconds));
}

// A photo as large as it will be shown, drawn on this device: a tenth of the data, and nothing of where it was taken leaves it.
// What cannot be drawn here goes as it is; the server draws everything anew, whatever comes.
async function shrunk(file) {
  if (file.size <= SMALL || !file.type.startsWith("image/")) return file;
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, EDGE / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(whole.width * scale);
    canvas.height = Math.round(whole.height * scale);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    const small = await new Promise((go) => canvas.toBlob(go, "image/jpeg", 0.9));
    return small && small.size < file.size ? small : file;
  } catch {
    return file;
  }
}

async function send(file, url, show) {
  const key = crypto.randomUUID();
  const begin = () => ask(url, { method: "POST", headers: { "Upload-Length": String(file.size), "Upload-Key": key } });
  const begun = await again(begin, () => show(null));
  const { uid } = await begun.json();
  const place = begun.headers.get("Location");
  let at = Number(begun.headers.get("Upload-Offset"));
  let pause = Number(begun.headers.get("Upload-Pause"));
  while (at < file.size) {
    show(at / file.size);
    await wait(pause);
    at = await again(async () => {
      const piece = file.slice(at, at + PIECE);
      const begin = performance.now();
      const sent = await ask(place, { method: "PATCH", body: piece, headers: { "Upload-Offset": String(at), "Content-Type": "application/offset+octet-stream" } });
      pause = Math.max(0, Number(sent.headers.get("Upload-Pause")) - (performance.now() - begin)); // sending took its time already
      return Number(sent.headers.get("Upload-Offset"));
    }, () => show(null));
  }
  return uid;
}

// A line of the list of what is sent. The list itself stays while the rest of the sheet is put in anew (hx-preserve), so what is under
// way goes on, and what has failed can be read as long as the page is open.
function line(list, name, sheet) {
  const item = document.createElement("li");
  item.className = "photo-entry";
  const picture = document.createElement("div");
  picture.className = "photo-entry__picture";
  const text = document.createElement("p");
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  const side = document.createElement("div");
  side.className = "photo-entry__words";
  side.append(text, bar);
  item.append(picture, side);
  list.append(item);
  const say = (words) => (text.textContent = name ? `${name}: ${words}` : words);
  return {
    item,
    picture,
    show(sent) {
      say(sent === null ? sheet.dataset.waiting : sheet.dataset.sending);
      if (sent !== null) bar.value = sent;
    },
    fail(reason) {
      bar.remove();
      item.dataset.failed = name;
      text.className = "error";
      text.tabIndex = -1;
      text.setAttribute("role", "alert");
      say(reason || sheet.dataset.lost);
    },
  };
}

// A small picture of what is being sent, drawn here: the page may show no file of this device.
async function preview(file, place) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: 192 });
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.setAttribute("aria-hidden", "true");
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    place.replaceChildren(canvas);
    return canvas;
  } catch {
    return null;
  }
}

function showPreviews() {
  for (const place of document.querySelectorAll("[data-preview]")) {
    const canvas = previews.get(place.dataset.preview);
    if (canvas && !place.querySelector("img")) place.prepend(canvas);
  }
}

let sending = 0;
let after = null; // the button that was pressed while photos were still under way
let unread = null; // what is wrong with one of them, to be pointed at once the sheet is there again

async function take(input) {
  const sheet = input.closest("[data-upload]");
  const form = input.form;
  const list = sheet.querySelector("[data-uploads]");
  const room = Number(sheet.dataset.most) - form.querySelectorAll('[name="photo"]').length - sending;
  const files = [...input.files];
  input.value = "";
  const anew = new Set(["", ...files.map((file) => file.name)]); // chosen once more: what was said of them is over
  for (const item of list.querySelectorAll("[data-failed]")) if (anew.has(item.dataset.failed)) item.remove();
  const lines = files.slice(0, Math.max(0, room)).map((file) => [file, line(list, file.name, sheet)]);
  if (lines.length < files.length) line(list, "", sheet).fail(sheet.dataset.full);
  sending += lines.length;
  for (const [file, shown] of lines) {
    try {
      await sendOne(file, shown, sheet.dataset.upload);
    } catch (error) {
      shown.fail(error instanceof Refused ? error.message : "");
    } finally {
      sending -= 1;
    }
  }
  if (sending === 0) allSent(form, list);
}

async function sendOne(file, shown, url) {
  const canvas = await preview(file, shown.picture);
  const uid = await send(await shrunk(file), url, shown.show);
  if (canvas) previews.set(uid, canvas);
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "photo";
  field.value = uid;
  shown.item.replaceChildren(field);
  shown.item.hidden = true;
  field.dispatchEvent(new Event("input", { bubbles: true })); // or a draft would not know of it
}

// On with the button that was pressed meanwhile, unless a photo would be missing without a word: pressed again, it goes without.
function allSent(form, list) {
  const button = after;
  after = null;
  const failed = button ? [...list.querySelectorAll("[data-failed]:not([data-known])")] : [];
  for (const item of failed) item.dataset.known = "";
  if (button && !failed.length) {
    form.requestSubmit(button);
    return;
  }
  if (failed.length) {
    unread = failed[0].querySelector(".error");
    button.removeAttribute("aria-busy");
  }
  if (list.querySelector('[name="photo"]')) list.closest("[data-upload]").dispatchEvent(new CustomEvent("photos-sent"));
  else point();
}

function point() {
  if (unread) unread.focus();
  unread = null;
}

// The sheet is there again: what it shows now needs no line any more. A photo that came while another request was on its way is asked
// for once more.
function tidy() {
  for (const list of document.querySelectorAll("[data-uploads]")) {
    const sheet = list.closest("[data-upload]");
    const shown = new Set([...sheet.querySelectorAll("ol [name=photo]")].map((field) => field.value));
    for (const field of list.querySelectorAll("[name=photo]")) if (shown.has(field.value)) field.closest("li").remove();
    const left = [...list.querySelectorAll("[name=photo]:not([data-asked])")];
    if (sending || !left.length) continue;
    for (const field of left) field.dataset.asked = "";
    sheet.dispatchEvent(new CustomEvent("photos-sent"));
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches('[data-upload] input[type="file"]')) take(event.target);
});
document.addEventListener("submit", (event) => {
  if (sending > 0 && event.target.querySelector("[data-upload]")) {
    event.preventDefault();
    after = event.submitter;
  }
}, true);
document.addEventListener("htmx:afterSwap", tidy); // before a draft is kept, or it would have the photo twice
document.addEventListener("htmx:afterSettle", () => {
  showPreviews();
  point();
});

// Looking -------------------------------------------------------------------------------------------------------------

function lightbox(photos) {
  const dialog = document.getElementById(photos.dataset.lightbox);
  const links = [...photos.querySelectorAll("a")];
  if (!dialog || !links.length || !dialog.showModal) return;
  const stage = dialog.querySelector("[data-stage]");
  let at = 0;

  function show(number) {
    at = (number + links.length) % links.length;
    const picture = links[at].querySelector("picture").cloneNode(true);
    for (const one of picture.querySelectorAll("[sizes]")) one.sizes = "100vw";
    picture.querySelector("img").loading = "eager";
    stage.replaceChildren(picture);
    dialog.querySelector("[data-words]").textContent = `${picture.querySelector("img").alt} (${at + 1}/${links.length})`;
  }

  for (const [number, link] of links.entries()) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(number);
      dialog.showModal();
    });
  }
  for (const button of dialog.querySelectorAll("[data-step]")) {
    button.hidden = links.length < 2;
    button.addEventListener("click", () => show(at + Number(button.dataset.step)));
  }
  dialog.querySelector("[data-shut]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") show(at + 1);
    if (event.key === "ArrowLeft") show(at - 1);
  });
  dialog.addEventListener("close", () => links[at].focus()); // back to the photo that was looked at last
}

for (const photos of document.querySelectorAll("[data-lightbox]")) lightbox(photos);
