"""When something urgent was made something else, and until when it would have held: a slip of the hand, taken back within ten
minutes, goes on as it was.

Until now any change of its words within the last ten minutes counted as that, so an alert whose end had been told – or that had run
out – came back, longer and wider than it was, without anybody hearing of it.

And an earlier wording stays with those it was written for: whoever takes words out before more quarters read them means it so. Those
that are kept already have the reach of today, as nobody knows any other.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0121"
down_revision = "0120"
branch_labels = None
depends_on = None

COLUMNS = ("calmed_at", "calmed_until")
AS_IT_WAS = import_module("migrations.versions.0043_calendars")
#: those who could read it then: where it hung, or whom a reach as wide as the present one takes in
THEN = """c.quarter_id = ANY ((SELECT app_quarters())::int[]) OR revision.audience IN ('city', 'public')
  OR (revision.audience = 'nearby' AND c.audience IN ('quarter', 'nearby'))
  OR (revision.audience = 'quarter' AND c.audience = 'quarter')"""


def _readable(by_whom: str) -> str:
    below = f"({by_whom}) OR (c.author_id = {AS_IT_WAS.ME} AND NOT c.is_left)"
    return f"""editor_id = {AS_IT_WAS.ME}
  OR EXISTS (SELECT 1 FROM contribution c WHERE c.id = revision.contribution_id AND ({below}))"""


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("post", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("revision", sa.Column("audience", sa.Text()))
    op.execute("UPDATE revision r SET audience = c.audience FROM contribution c WHERE c.id = r.contribution_id")
    op.alter_column("revision", "audience", nullable=False)
    readable = _readable(f"{AS_IT_WAS.REACHED} AND ({THEN})")
    op.execute(f"ALTER POLICY revision_select ON revision USING ({readable})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY revision_select ON revision USING ({_readable(AS_IT_WAS.REACHED)})")
    op.drop_column("revision", "audience")
    for name in COLUMNS:
        op.drop_column("post", name)
