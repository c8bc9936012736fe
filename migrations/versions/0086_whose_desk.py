"""Which desk a case lies on depends on its own person and its kind, never on who else lives where they say.

Until now the case of whoever gave a protected person's name and house lay with the operators. A steward with two puppets of her
name in two houses read off the team's list from which of them one was missing. Whatever is looked at quietly lies with the
operators: that there is such a case says that somebody of this name lives there. And what there is to say of namesakes the
database says to operators alone.
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


def _again(text: str) -> str:
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    op.execute(NAMES._cases_of().replace("p.is_protected", FOR_OPERATORS))
    for text in (NAMES.NAMESAKE, QUIET.METHODS):
        op.execute(_again(text).replace(SEAT, TO_OPERATORS))


def downgrade() -> None:
    op.execute(NAMES._cases_of().replace("p.is_protected", NAMES.FOR_OPERATORS))
    for text in (NAMES.NAMESAKE, QUIET.METHODS):
        op.execute(_again(text))
