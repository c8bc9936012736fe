// A Leaflet map in a box of ours: our own buttons' words, tiles only where the operator has set some, and the wheel
// scrolls the page until the map has the focus.
import { control, map as makeMap, tileLayer } from "leaflet";

export function draw(box) {
  const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = makeMap(box, { fadeAnimation: moves, zoomAnimation: moves, markerZoomAnimation: moves, zoomControl: false, attributionControl: false, zoomSnap: 0.25, scrollWheelZoom: false, maxZoom: 18 });
  control.zoom({ zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut }).addTo(map);
  if (box.dataset.tiles) {
    const credit = control.attribution({ prefix: false }).addTo(map);
    if (box.dataset.attribution) credit.addAttribution(box.dataset.attribution);
    tileLayer(box.dataset.tiles).addTo(map);
  }
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  return map;
}
