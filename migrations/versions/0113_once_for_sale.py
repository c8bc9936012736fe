"""What was ever offered for sale counts as that, whatever its author makes of it afterwards.

The market counts sales of six months. Counted by what an offer is today, "gone" and a change to a gift emptied the count; so the
database keeps it, in a column that the application may not change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0113"
down_revision = "0112"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
KEEP = f"""
CREATE FUNCTION begin_for_sale() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  NEW.was_for_sale := EXISTS (SELECT FROM contribution WHERE id = NEW.id AND category = 'sell');
  RETURN NEW;
END $$;
CREATE TRIGGER begin_for_sale BEFORE INSERT ON offer FOR EACH ROW EXECUTE FUNCTION begin_for_sale();

CREATE FUNCTION turn_to_sale() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE offer SET was_for_sale = true WHERE id = NEW.id AND NOT was_for_sale;
  RETURN NULL;
END $$;
CREATE TRIGGER turn_to_sale AFTER UPDATE OF category ON contribution FOR EACH ROW
WHEN (NEW.kind = 'offer' AND NEW.category = 'sell') EXECUTE FUNCTION turn_to_sale();
"""


def upgrade() -> None:
    op.add_column("offer", sa.Column("was_for_sale", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE offer SET was_for_sale = true FROM contribution c WHERE c.id = offer.id AND c.category = 'sell'")
    op.execute(KEEP)


def downgrade() -> None:
    op.execute("DROP TRIGGER turn_to_sale ON contribution")
    op.execute("DROP TRIGGER begin_for_sale ON offer")
    for function in ("turn_to_sale", "begin_for_sale"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_column("offer", "was_for_sale")
