"""Looks begin anew where the letterbox reads differently, once for a case, and what was said before is kept.

Until now each new spelling, and the re-sealing of all homes, began every look anew: whoever is doubted changed a full stop between
the two looks, for ever. After a proof it happens once in 30 days, whatever there is to look at.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

NAMES, WORDS, DESK = (
    import_module(f"migrations.versions.{name}") for name in ("0039_namesakes", "0076_words", "0086_whose_desk")
)
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
HALF = "uq_case_half_case_id_by_person_id"
# `renamed_at` is written where the name reads differently at the same house (`residency/homes.py`).
RENAMED = f"""
DROP TRIGGER look_anew ON home;
CREATE OR REPLACE FUNCTION look_anew() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  DELETE FROM visit v WHERE v.person_id = NEW.person_id AND v.confirmed_at IS NULL;
  IF EXISTS (SELECT 1 FROM membership m WHERE m.person_id = NEW.person_id AND m.ended_at IS NULL AND m.level <> 'unproven')
     AND EXISTS (SELECT 1 FROM proof_case c WHERE c.person_id = NEW.person_id AND c.anew_at > NEW.renamed_at - interval '30 days')
  THEN
    RETURN NULL;
  END IF;
  WITH anew AS (
    UPDATE proof_case c SET state = 'open', anew_at = NEW.renamed_at
    WHERE c.person_id = NEW.person_id AND c.state IN ('open', 'contested') AND c.anew_at IS NULL
      AND EXISTS (SELECT 1 FROM case_half h WHERE h.case_id = c.id) RETURNING c.id),
  unsaid AS (DELETE FROM case_half h USING anew WHERE h.case_id = anew.id AND h.says IS NULL)
  UPDATE case_half h SET voided_at = NEW.renamed_at FROM anew WHERE h.case_id = anew.id AND h.says IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER look_anew AFTER UPDATE OF renamed_at ON home FOR EACH ROW
WHEN (OLD.renamed_at IS DISTINCT FROM NEW.renamed_at) EXECUTE FUNCTION look_anew();
"""
SAID = "h.says IS NOT NULL", "h.says IS NOT NULL AND h.voided_at IS NULL"


def _cases_of() -> str:
    return NAMES._cases_of().replace("p.is_protected", DESK.FOR_OPERATORS)


def upgrade() -> None:
    for table, column in (("home", "renamed_at"), ("proof_case", "anew_at"), ("case_half", "voided_at")):
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(HALF, "case_half", type_="unique")
    valid = sa.text("voided_at IS NULL")
    op.create_index(HALF, "case_half", ["case_id", "by_person_id"], unique=True, postgresql_where=valid)
    op.execute(RENAMED)
    op.execute(_cases_of().replace(*SAID))


def downgrade() -> None:
    op.execute(_cases_of())
    op.execute("DROP TRIGGER look_anew ON home; DROP FUNCTION look_anew()")
    op.execute(WORDS.RENAMED)
    op.execute("DELETE FROM case_half WHERE voided_at IS NOT NULL")
    op.drop_index(HALF, "case_half")
    op.create_unique_constraint(HALF, "case_half", ["case_id", "by_person_id"])
    for table, column in (("home", "renamed_at"), ("proof_case", "anew_at"), ("case_half", "voided_at")):
        op.drop_column(table, column)
