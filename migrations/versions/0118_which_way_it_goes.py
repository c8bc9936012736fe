"""Whoever asked is told which way the thing was going, too: theirs to somebody who looked for it, or somebody's to them.

They may not see the offer any more – it was taken down, or is shown in fewer quarters – and yet the mail about its end has to thank
for help, or say that something is gone.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0118"
down_revision = "0117"
branch_labels = None
depends_on = None

CATEGORY = """
-- Of what kind it is that I asked for, whatever has become of it; beside asked_title (0040).
CREATE FUNCTION asked_category(mine uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.category FROM ask a JOIN contribution c ON c.id = a.offer_id WHERE a.id = mine AND a.person_id = app_person()
$$;
"""


def upgrade() -> None:
    op.execute(CATEGORY)
    for_the_app("asked_category(uuid)")


def downgrade() -> None:
    op.execute("DROP FUNCTION asked_category(uuid)")
