"""What people see of the map: their quarter, what is beside it, a marker opened, nothing there, a place's own page."""

from __future__ import annotations

from tests.journeys.looking import Walk


def around(walk: Walk) -> None:
    """Hannelore looks what is where, and what is on next door."""
    walk.visitor.go("/map")
    walk.page.locator(".place-pin").first.wait_for()
    walk.look("the map", picture="map")
    walk.page.locator(".place-pin").first.click()
    walk.page.locator(".place-paper a").first.wait_for()
    walk.look("the map, a marker opened", picture="map-opened")
    walk.page.locator(".place-paper__all").click()
    assert walk.page.locator(".place-list :target").count() == 1, "a marker leads to its place in the list"
    walk.go("/map?nearby=1", "the map, nearby", picture="map-nearby")
    walk.go("/map?show=initiatives", "the map, initiatives")
    with walk.page.expect_navigation():
        walk.page.locator(".place-line a").first.click()
    walk.look("an initiative with its place", picture="initiative-place")
    walk.page.route("**/map.geojson*", lambda route: route.fulfill(status=503))
    walk.go("/map", "the map as it is drawn", picture="map-drawn")
    walk.page.unroute("**/map.geojson*")
    assert walk.page.locator(".pin").count() > 0, "whatever goes wrong, the drawing stays"
    walk.watch.seen[:] = [line for line in walk.watch.seen if "503" not in line]
