"""What comes to hang in further quarters because its author shows it more widely is new there from that moment on.

Until now only what went next door by its plan was (0033): whatever else was shown more widely kept its own time everywhere, so that
no issue named it where it came to hang a day later. Whom an issue has told of it already is not told again, however often it goes
and comes: where it hung before is remembered, and since when.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, put_in

revision = "0124"
down_revision = "0123"
branch_labels = None
depends_on = None

WIDEN = import_module("migrations.versions.0033_posts_in_full").WIDEN
AS_IT_WAS = WIDEN[WIDEN.index("CREATE OR REPLACE FUNCTION keep_reach()") : WIDEN.index("END $$;") + len("END $$;")]


# ``fresh`` is the moment as a key (core/columns.id_at), where its author shows it to others than before. Where it hung until now
# it keeps its time; so it does where it hung once, but for a quarter whose next issue came when it was gone already.
KEPT = put_in(
    AS_IT_WAS,
    ("AS $$\nBEGIN", "AS $$\nDECLARE was reach[]; fresh uuid;\nBEGIN"),
    (
        "    DELETE FROM reach WHERE",
        "    was := ARRAY(SELECT r FROM reach r WHERE r.contribution_id = NEW.id);\n    DELETE FROM reach WHERE",
    ),
    (
        "  ELSIF NEW.state = 'published' THEN\n",
        """  ELSIF NEW.state = 'published' THEN
    IF NEW.audience <> OLD.audience THEN
      fresh := greatest((SELECT w.since FROM widening w WHERE w.contribution_id = NEW.id), (lpad(to_hex(
        floor(extract(epoch FROM NEW.reached_at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid);
    END IF;
""",
    ),
    (
        "CASE WHEN b.quarter_id IS NULL THEN w.since END\n",
        """CASE WHEN u.quarter_id IS NOT NULL THEN u.since
      WHEN b.quarter_id IS NOT NULL THEN b.since ELSE fresh END
""",
    ),
    (
        """    LEFT JOIN reach_of(NEW.id, NEW.quarter_id, 'quarter') b ON b.quarter_id = r.quarter_id
    LEFT JOIN widening w ON w.contribution_id = NEW.id;
""",
        """    LEFT JOIN unnest(was) u ON u.quarter_id = r.quarter_id
    LEFT JOIN reach_before b ON b.contribution_id = NEW.id AND b.quarter_id = r.quarter_id AND (fresh IS NULL OR
      coalesce((SELECT min(e.opened_at) FROM edition e WHERE e.quarter_id = b.quarter_id
                AND e.cut > coalesce(b.since, NEW.id)) <= b.gone_at, true));
""",
    ),
    (
        "  END IF;\n  RETURN NULL;\nEND $$;",
        """  END IF;
  IF TG_OP = 'UPDATE' AND NEW.quarter_id = OLD.quarter_id THEN
    INSERT INTO reach_before (contribution_id, quarter_id, since, gone_at)
    SELECT NEW.id, u.quarter_id, u.since, coalesce(CASE WHEN NEW.edited_at IS DISTINCT FROM OLD.edited_at THEN NEW.edited_at END,
      CASE WHEN NEW.reached_at IS DISTINCT FROM OLD.reached_at THEN NEW.reached_at END, now())
    FROM unnest(was) u
    WHERE NOT EXISTS (SELECT 1 FROM reach r WHERE r.contribution_id = NEW.id AND r.quarter_id = u.quarter_id)
    ON CONFLICT (contribution_id, quarter_id) DO UPDATE SET since = excluded.since, gone_at = excluded.gone_at;
  END IF;
  RETURN NULL;
END $$;""",
    ),
)
# What went next door and is down at the moment: its rows, which knew since when, are gone.
WIDENED = """
INSERT INTO reach_before (contribution_id, quarter_id, since, gone_at)
SELECT c.id, r.quarter_id, w.since, coalesce(c.edited_at, now())
FROM widening w JOIN contribution c ON c.id = w.contribution_id, reach_of(c.id, c.quarter_id, c.audience) r
WHERE w.since IS NOT NULL AND c.state <> 'published'
  AND r.quarter_id NOT IN (SELECT b.quarter_id FROM reach_of(c.id, c.quarter_id, 'quarter') b)
"""


def upgrade() -> None:
    op.add_column("contribution", sa.Column("reached_at", sa.DateTime(timezone=True)))
    op.execute(f"GRANT UPDATE (reached_at) ON contribution TO {app_role()}")
    op.create_table(  # without a key to the quarter: where one goes its rows say nothing any more, and stand in nobody's way
        "reach_before",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Uuid()),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            ondelete="CASCADE",
            name=op.f("fk_reach_before_contribution_id_contribution"),
        ),
        sa.PrimaryKeyConstraint("contribution_id", "quarter_id", name=op.f("pk_reach_before")),
    )
    op.execute("ALTER TABLE reach_before ENABLE ROW LEVEL SECURITY")
    op.execute(WIDENED)
    op.execute(KEPT)


def downgrade() -> None:
    op.execute(AS_IT_WAS)
    op.drop_table("reach_before")
    op.drop_column("contribution", "reached_at")
