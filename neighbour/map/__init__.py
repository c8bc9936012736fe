"""The map of one's quarter: what is on, what there is to have and who works here, as a drawing and as a list that says the same.

Where a thing stands. Everything is put onto the public grid (``residency.cells``) before anything else is done with it, and no
page or file of this room holds a coordinate that is not made of centres of its cells:

* an event stands where its author says it is, if the city's register knows the place. That is known to whoever reads the event,
  house number included; but a map gathers, and many an event is in somebody's yard: who invites often would have their house
  found at a glance. So it stands in its cell, and the address is read where the event is read;
* an initiative stands where its own paper says. Many a small association has the address of whoever keeps its books;
* an offer lies in a home, so it stands nowhere, unless its author lets their offers stand in their public cell; then only
  those see it there who have proven to live in the same quarter, and nobody who is protected has a cell at all;
* whatever is at no point is in the list, under its quarter.

Same cell, same answer: nothing tells apart two homes in one cell, and no distance is computed from anything that is one.
The list is the page; the drawing needs neither scripts nor tiles, and the map that scripts make of it shows nothing more.
Kinds hang themselves in through ``contributions.placing``; initiatives are no kind, and their layer is here.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the page, its entry in the navigation, the layer of initiatives, and the small map of a single place."""
    from neighbour.contributions import placing
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.map.drawing import one_place
    from neighbour.map.initiatives import LAYER
    from neighbour.map.views import views
    from neighbour.policy import Permission

    placing.register(LAYER)
    app.register_blueprint(views)
    app.jinja_env.globals["place_map"] = one_place
    app.extensions["nav"].append(
        {
            "order": 40,
            "endpoint": "map.show",
            "label": __("Map"),
            "icon": "map",
            "permission": Permission.BOARD_READ,
            "instead_of": "quarters.index",
        }
    )
