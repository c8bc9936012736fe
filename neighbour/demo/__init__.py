"""Altenbrück, the demo city: drawn, peopled and written by this project.

``data/`` holds the content as plain text: the plan of the town (``plan.toml``), what was drawn from it
(``quarters.geojson``, ``addresses.csv``), its people and two months of their board.
``drawing`` and ``houses`` draw, ``city``, ``people`` and ``posts`` read the content, ``seed`` fills an empty
instance with it through the rooms' own services. Times in the content are "days ago", so the town always
looks as if it were written this morning. May import every room; only the command line and ``neighbour up`` import it.
"""
