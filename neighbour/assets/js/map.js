// The map of quarters: outlines and names from our own server, tiles only where the operator has set some.
// Everything on it is also in the list below the map, so the shapes themselves are not tab stops;
// the map takes arrow keys, + and −, and focus on a link that leads to a quarter lights it.
// The GeoJSON: each feature has an id (data-focus names one) and the properties name and url.
import { circleMarker, geoJSON } from "leaflet";
import { draw } from "./leaflets.js";
import { startPlaces } from "./places.js";

const ROOM = 6; // px a quarter must be larger on the screen than its name before the name is written into it

function addQuarters(map, box, data) {
  const shapes = new Map();
  const mine = box.dataset.focus;
  let home = null;
  const layer = geoJSON(data, {
    style: (feature) => ({ className: `quarter-shape${String(feature.id) === mine ? " quarter-shape--mine" : ""}` }),
    onEachFeature: (feature, shape) => {
      const { name, url } = feature.properties;
      shapes.set(url || feature.id, shape);
      if (String(feature.id) === mine) home = shape;
      shape.bindTooltip(written(name), { permanent: true, direction: "center", className: "quarter-label" });
      shape.on("mouseover", () => light(shape, true)).on("mouseout", () => light(shape, false));
      if (url && !box.dataset.pick) shape.on("click", () => location.assign(url));
    },
  }).addTo(map);
  map.fitBounds(home ? home.getBounds().pad(0.6) : layer.getBounds(), { animate: false });
  fitLabels(map, shapes);
  map.on("zoomend", () => fitLabels(map, shapes));
  return shapes;
}

function written(name) {
  const label = document.createElement("span"); // a node, never HTML: names come from the operator's file
  label.textContent = name;
  return label;
}

// A name is written where its quarter is wide and high enough on the screen; the lit one always.
function fitLabels(map, shapes) {
  for (const shape of shapes.values()) {
    const bounds = shape.getBounds();
    const size = map.latLngToContainerPoint(bounds.getSouthEast()).subtract(map.latLngToContainerPoint(bounds.getNorthWest()));
    const label = shape.getTooltip().getElement();
    label?.classList.toggle("is-small", size.x < label.offsetWidth + ROOM || size.y < label.offsetHeight + ROOM);
  }
}

function light(shape, on) {
  shape.getElement()?.classList.toggle("is-lit", on);
  shape.getTooltip().getElement()?.classList.toggle("is-lit", on);
}

function lightFromLinks(shapes) {
  for (const entry of document.querySelectorAll("main a[href]")) {
    const shape = shapes.get(entry.getAttribute("href"));
    if (!shape) continue;
    entry.addEventListener("mouseenter", () => light(shape, true));
    entry.addEventListener("mouseleave", () => light(shape, false));
    entry.addEventListener("focus", () => light(shape, true));
    entry.addEventListener("blur", () => light(shape, false));
  }
}

// A point for a field: a click sets it, and so does Enter, in the middle of what the map shows; what is typed is shown.
function pick(map, field) {
  let mark = null;
  const show = (at) => {
    mark ??= circleMarker(at, { radius: 9, className: "picked-point", interactive: false }).addTo(map);
    mark.setLatLng(at);
  };
  const set = (at) => {
    field.value = `${at.lat.toFixed(5)}, ${at.lng.toFixed(5)}`;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    show(at);
  };
  const typed = () => {
    const [lat, lng] = field.value.split(/[,;\s]+/).map(Number);
    if (field.value && Number.isFinite(lat) && Number.isFinite(lng)) show({ lat, lng });
    return mark;
  };
  if (typed()) map.setView(mark.getLatLng(), 16, { animate: false });
  field.addEventListener("change", typed);
  map.on("click", (event) => set(event.latlng));
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== map.getContainer()) return;
    event.preventDefault();
    set(map.getCenter());
  });
}

async function start(box) {
  const map = draw(box);
  try {
    const answer = await fetch(box.dataset.geojson, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const shapes = addQuarters(map, box, await answer.json());
    if (box.dataset.pick) pick(map, document.getElementById(box.dataset.pick));
    else lightFromLinks(shapes);
  } catch {
    map.remove();
    box.textContent = box.dataset.failed;
  }
}

const box = document.getElementById("map");
if (box) start(box);

const places = document.querySelector(".places-map");
if (places) startPlaces(places);
