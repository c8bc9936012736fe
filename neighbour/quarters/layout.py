"""Quarters as they are and as they will be, side by side: whose ground becomes whose, and who lives near a new border.

Pure geometry; knows neither the database nor people. A house may choose between its quarter and another only where the
border between them is new: the other one has ground that belonged to the house's quarter until then, and lies within
``NEAR_M`` of the house.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from neighbour.quarters.geometry import Plane
from neighbour.quarters.index import Index, Place

NEAR_M = 100.0
NOTHING_M2 = 50.0  # less ground than this changed hands by a pencil's width


@dataclass(frozen=True)
class Link:
    """Ground of quarter ``was`` that will be quarter ``now``'s."""

    was: str
    now: str
    area_m2: float


@dataclass(frozen=True)
class Layout:
    """A change: boundaries by key, before and after. ``plan_id``: where it is stored. ``numbers``: key → number of the
    quarters there are."""

    plan_id: int
    before: Mapping[str, BaseGeometry]
    after: Mapping[str, BaseGeometry]
    numbers: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def touched(self) -> set[str]:
        """Keys of all quarters that come, go, or have another border than before."""
        keys = self.before.keys() | self.after.keys()
        return {key for key in keys if not _same(self.before.get(key), self.after.get(key))}

    @cached_property
    def links(self) -> list[Link]:
        """Whose ground becomes another's, the largest piece first."""
        old = sorted(self.touched & self.before.keys())
        new = sorted(self.touched & self.after.keys())
        tree = STRtree([self._flat(self.after[key]) for key in new])
        found = []
        for key in old:
            ground = self._flat(self.before[key])
            for position in tree.query(ground, predicate="intersects"):
                area = float(shapely.intersection(ground, tree.geometries[position]).area)
                if new[position] != key and area > NOTHING_M2:
                    found.append(Link(key, new[position], round(area, 1)))
        return sorted(found, key=lambda link: (-link.area_m2, link.was, link.now))

    @cached_property
    def heirs(self) -> dict[str, str]:
        """Quarters that go, and which one takes over what belongs to no single address: whoever gets most ground."""
        gone = self.before.keys() - self.after.keys()
        heirs: dict[str, str] = {}
        for link in self.links:
            if link.was in gone:
                heirs.setdefault(link.was, link.now)
        return heirs

    def key_at(self, lon: float, lat: float) -> str | None:
        """The key of the quarter that will hold a point."""
        place = self._index.place(lon, lat)
        return place.key if place else None

    def beside(self, point: tuple[float, float], was: str | None, now: str) -> str | None:
        """The quarter that a house may choose instead of ``now``: beyond a new border close by; None for most. was: where
        it is today."""
        near = [
            (self._metres(point, key), key)
            for key in self._grounds.get(was or "", ())
            if key != now and key in self.after
        ]
        distance, key = min(near, default=(NEAR_M + 1, ""))
        return key if distance <= NEAR_M else None

    @cached_property
    def _index(self) -> Index:
        keys = list(self.after)
        return Index([Place(number, key, key) for number, key in enumerate(keys)], list(self.after.values()))

    @cached_property
    def _plane(self) -> Plane:
        return Plane([*self.before.values(), *self.after.values()])

    def _flat(self, shape: BaseGeometry) -> BaseGeometry:
        return self._plane.to_metres(shape)

    @cached_property
    def _grounds(self) -> dict[str, set[str]]:
        """Key of a quarter → who will have ground of it, itself included."""
        grounds: dict[str, set[str]] = defaultdict(set)
        for link in self.links:
            grounds[link.was] |= {link.was, link.now}
        return grounds

    @cached_property
    def _flats(self) -> dict[str, BaseGeometry]:
        shapes = {key: self._flat(self.after[key]) for key in self.touched & self.after.keys()}
        shapely.prepare(np.array(list(shapes.values()), dtype=object))
        return shapes

    def _metres(self, where: tuple[float, float], key: str) -> float:
        point = shapely.points(np.array(where) * self._plane.scale)
        shape = self._flats[key]
        return float(shapely.distance(shape, point)) if shapely.dwithin(shape, point, NEAR_M) else NEAR_M + 1


def _same(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    return one is not None and other is not None and shapely.to_wkb(one) == shapely.to_wkb(other)
