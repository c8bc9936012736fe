"""What initiatives keep about people: who edits for whom; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import about, nobodys

PUBLIC = "organisations and what they say of themselves in public"
nobodys(
    "initiative",
    "id public_id slug name about address_line lon lat hours verified_at verified_by_id may_confirm suspended_at created_at",
    why=PUBLIC,
    lasts="as long as the initiative is there: who verified it answers for that",
)
nobodys("initiative_quarter", "initiative_id quarter_id", why=PUBLIC)
about(
    "initiative_editor",
    of="person_id",
    kind="account",
    out="role since",
    inner="initiative_id person_id",
    lasts="as long as the person speaks for the initiative, or the account is there",
)
