// The map of what is where. The server has drawn it already; this makes it one that can be moved and looked at closer, from
// the same markers as GeoJSON. Whatever goes wrong, the drawing stays, and all of it is in the list below.
import { DomUtil, divIcon, geoJSON, layerGroup, marker } from "leaflet";
import { draw } from "./leaflets.js";

const LEVELS = [9, 8, 7]; // resolutions of the grid, the finest first, and metres from marker to marker
const APART = { 9: 348, 8: 920, 7: 2435 };
const FINGER = 44; // px between two markers

export async function startPlaces(box) {
  try {
    const data = await ask(box, null);
    const drawing = [...box.childNodes];
    box.replaceChildren();
    box.classList.add("is-live");
    try {
      live(box, data);
    } catch (error) {
      box.replaceChildren(...drawing);
      box.classList.remove("is-live");
      throw error;
    }
  } catch {
    // the drawing stays
  }
}

async function ask(box, level) {
  const address = new URL(box.dataset.places, location.href);
  if (level) address.searchParams.set("grid", level);
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function live(box, data) {
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", box.dataset.label);
  box.setAttribute("aria-describedby", "map-says");
  const map = draw(box);
  const is = (what) => (feature) => feature.properties.what === what;
  const ground = geoJSON(data, {
    filter: (feature) => !is("place")(feature),
    interactive: false,
    style: ({ properties }) => ({ className: properties.what === "streets" ? "street" : `area area--${properties.own ? "own" : "beside"}` }),
  }).addTo(map);
  const own = ground.getLayers().find((shape) => shape.feature.properties.own);
  const nearby = new URL(box.dataset.places, location.href).searchParams.has("nearby");
  map.fitBounds((nearby ? ground : own || ground).getBounds().pad(0.05), { animate: false });
  const pins = layerGroup().addTo(map);
  let shown = null;
  const show = (level, features) => {
    shown = level;
    const held = pins.getLayers().find((each) => each.isPopupOpen() || each.getElement() === document.activeElement);
    const was = held && { at: held.getLatLng(), isOpen: held.isPopupOpen() };
    pins.clearLayers();
    for (const feature of features.filter(is("place"))) pins.addLayer(pin(box, feature));
    if (!was) return;
    // whoever was at a marker is at the one that stands nearest now
    const [next] = pins.getLayers().sort((one, other) => map.distance(one.getLatLng(), was.at) - map.distance(other.getLatLng(), was.at));
    if (was.isOpen) next?.openPopup();
    else next?.getElement().focus({ preventScroll: true });
  };
  const follow = async () => {
    const level = levelFor(map);
    if (level === shown) return;
    shown = level; // so that it is asked for once
    try {
      const found = await ask(box, level);
      if (level === shown) show(level, found.features);
    } catch {
      // what stands there still leads to its place in the list
    }
  };
  show(null, data.features);
  follow();
  map.on("zoomend", follow);
}

function levelFor(map) {
  const middle = map.getCenter();
  const metres = map.distance(middle, map.containerPointToLatLng(map.latLngToContainerPoint(middle).add([100, 0]))) / 100;
  return LEVELS.find((level) => APART[level] / metres >= FINGER) || LEVELS.at(-1);
}

function pin(box, { properties, geometry }) {
  const [lon, lat] = geometry.coordinates;
  const face = document.createElement("span");
  face.textContent = properties.count;
  const icon = divIcon({ className: `place-pin place-pin--${properties.tone}`, html: face, iconSize: [40, 40] });
  const made = marker([lat, lon], { icon, keyboard: true, riseOnHover: true });
  made.bindPopup(() => paper(box, properties, made), { autoPanPadding: [12, 12], minWidth: 190, maxWidth: 230 });
  made.on("add", () => made.getElement().setAttribute("aria-label", properties.label));
  made.on("popupopen", ({ popup }) => {
    popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", box.dataset.close);
    popup.getElement().querySelector("a")?.focus({ preventScroll: true });
  });
  return made;
}

// Nodes, never HTML: titles are what neighbours have written.
function paper(box, properties, made) {
  const sheet = DomUtil.create("div", "place-paper");
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    made.closePopup();
    made.getElement()?.focus({ preventScroll: true });
  });
  DomUtil.create("p", "place-paper__name", sheet).textContent = properties.name;
  const list = DomUtil.create("ul", "", sheet);
  for (const thing of properties.things) {
    const link = DomUtil.create("a", "", DomUtil.create("li", "", list));
    link.href = thing.url;
    link.textContent = thing.title;
  }
  const all = DomUtil.create("a", "place-paper__all", sheet);
  all.href = properties.url;
  all.textContent = box.dataset.all;
  return sheet;
}
