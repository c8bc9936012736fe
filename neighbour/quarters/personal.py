"""What quarters keep: nothing about anybody; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import nobodys

MAP = "the city's map and sums over quarters"

nobodys("city", "id name time_zone language geo_version", why=MAP)
nobodys(
    "quarter",
    "id key name slug households geometry outline area_m2 lon lat checksum changed_at created_at",
    why=MAP,
)
nobodys("adjacency", "quarter_id neighbour_id border_m", why=MAP)
nobodys("quarter_stat", "quarter_id households_on_board members readers", why=MAP)
