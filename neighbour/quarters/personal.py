"""What quarters keep: nothing about anybody; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import nobodys

MAP = "the city's map and sums over quarters"

nobodys("city", "id name time_zone language geo_version opens_at", why=MAP)
nobodys(
    "quarter",
    "id key name slug households geometry outline area_m2 lon lat checksum changed_at created_at opened_at",
    why=MAP,
)
nobodys("adjacency", "quarter_id neighbour_id border_m", why=MAP)
nobodys("quarter_stat", "quarter_id households_on_board members readers", why=MAP)
nobodys("former_quarter", "slug key name became_id gone_at", why=MAP)
nobodys("quarter_plan", "id on_day state ended_at told created_at", why=MAP)
nobodys("plan_border", "plan_id one other border_m", why=MAP)
nobodys("plan_entry", "plan_id address_id to_key", why=MAP)
nobodys("plan_house", "plan_id address_hash from_key to_key other_key cell", why=MAP, ends="plans")
nobodys("plan_link", "plan_id from_key to_key area_m2 is_main", why=MAP)
nobodys("plan_move", "plan_id from_key to_key entries households people choosers", why=MAP)
nobodys("plan_quarter", "plan_id key change name slug households geometry outline area_m2 lon lat checksum", why=MAP)
