"""Which desk a case lies on depends on its own person and its kind, never on who else lives where they say.

Until now the case of whoever gave a protected person's name and house lay with the operators. A steward with two puppets of her
name in two houses read off the team's list from which of them one was missing. Whatever is looked at quietly lies with the
operators: that there is such a case says that somebody of this name lives there. And what there is to say of namesakes the
database says to operators alone. A no to what is looked at quietly counts only where an operator was one of the two: until now two
of the team could say it, and what was proven ended with its day for ever. What was decided without an operator goes to one.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0086"
down_revision = "0083"
branch_labels = None
depends_on = None

NAMES, QUIET = (import_module(f"migrations.versions.{name}") for name in ("0039_namesakes", "0075_quiet_cases"))
FOR_OPERATORS = "(p.is_protected OR c.kind = 'quiet')"
# Both functions begin their condition with the seat that is asked about.
SEAT, TO_OPERATORS = "m.id = seat AND", "m.id = seat AND (SELECT app_operates()) AND"

# The case stands as one about which two did not agree. Only of proofs that stand: nothing follows from the others.
REVIEWED = """
UPDATE proof_case c SET state = 'contested', decided_at = NULL, reason = NULL
WHERE c.kind = 'quiet' AND c.state = 'refused'
  AND EXISTS (SELECT 1 FROM proof f WHERE f.id = c.proof_id AND f.ended_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM case_half h JOIN person p ON p.id = h.by_person_id
                  WHERE h.case_id = c.id AND h.says IS NOT NULL AND p.is_operator)
"""


def _again(text: str) -> str:
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    op.execute(NAMES._cases_of().replace("p.is_protected", FOR_OPERATORS))
    for text in (NAMES.NAMESAKE, QUIET.METHODS):
        op.execute(_again(text).replace(SEAT, TO_OPERATORS))
    op.execute(REVIEWED)


def downgrade() -> None:  # what an operator decided since stays decided
    op.execute(NAMES._cases_of().replace("p.is_protected", NAMES.FOR_OPERATORS))
    for text in (NAMES.NAMESAKE, QUIET.METHODS):
        op.execute(_again(text))
