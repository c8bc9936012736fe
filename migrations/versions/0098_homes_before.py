"""A proven home that was left or renamed stays sealed for a while, so that a quarrel about the account is asked about there.

Until now the operator wrote to the letterbox of whoever was in last: who steals an account changes the name on the letterbox, or
moves, before they move its mail address. What was proven, by what and when is worked out here, because proofs are walled: with a
card counts the name it was printed with, and nothing counts that was proven after the quarrel's beginning.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, for_the_app, grant, open_wall, wall

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
QUARREL = "EXISTS (SELECT 1 FROM dispute d WHERE d.person_id = home_before.person_id AND d.state = 'objected')"
FUNCTIONS = {
    # The best proof of a home that read so from `named` to `left_at`, given before a moment: not one that waits or was taken back.
    "proof_of_home(bigint, timestamptz, timestamptz, timestamptz)": f"""
CREATE FUNCTION proof_of_home(of_membership bigint, named timestamptz, left_at timestamptz, before timestamptz)
RETURNS TABLE (method text, proven_at timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.method, p.created_at
  FROM proof p LEFT JOIN letter l ON p.source = 'letter ' || l.id,
    LATERAL (SELECT coalesce(l.printed_at, p.created_at) AS at) read
  WHERE p.membership_id = of_membership AND p.created_at < before AND p.held_at IS NULL
    AND (p.ended_at IS NULL OR p.ended_at >= p.expires_at)
    AND (named IS NULL OR read.at > named) AND (left_at IS NULL OR read.at <= left_at)
  ORDER BY p.level = 'verified' DESC, p.created_at DESC LIMIT 1
$$;
""",
    "keep_proven_home(bigint, timestamptz)": f"""
CREATE FUNCTION keep_proven_home(of_membership bigint, at timestamptz) RETURNS void LANGUAGE sql {DEFINER} AS $$
  INSERT INTO home_before (person_id, membership_id, sealed, named_at, left_at)
    SELECT h.person_id, m.id, h.sealed, h.renamed_at, at FROM membership m JOIN home h ON h.person_id = m.person_id
    WHERE m.id = of_membership AND EXISTS (SELECT FROM proof_of_home(m.id, h.renamed_at, NULL, 'infinity'))
$$;
""",
    # The homes of an account that is quarrelled about, oldest first and the present one (without kept_id) last: by what each was
    # proven as it reads, before the quarrel's beginning; whether at least its house was; and the first proof there ever was.
    "homes_of_dispute(bigint)": f"""
CREATE FUNCTION homes_of_dispute(of_person bigint) RETURNS TABLE (kept_id bigint, method text, proven_at timestamptz,
  house_method text, house_proven_at timestamptz, changed_at timestamptz, left_at timestamptz, first_at timestamptz, since timestamptz)
LANGUAGE sql STABLE {DEFINER} AS $$
  WITH quarrel AS (SELECT min(d.since) AS since FROM dispute d WHERE d.person_id = of_person AND d.state = 'objected'),
  homes AS (
    SELECT b.id AS kept_id, b.membership_id, b.named_at, b.left_at, b.named_at AS changed_at FROM home_before b
      WHERE b.person_id = of_person
    UNION ALL (SELECT NULL, m.id, h.renamed_at, NULL, greatest(h.renamed_at, m.created_at) FROM home h
      JOIN membership m ON m.person_id = h.person_id WHERE h.person_id = of_person ORDER BY m.id DESC LIMIT 1))
  SELECT h.kept_id, proof.method, proof.proven_at, house.method, house.proven_at, h.changed_at, h.left_at,
    (SELECT min(p.created_at) FROM proof p WHERE p.person_id = of_person AND p.held_at IS NULL
      AND (p.ended_at IS NULL OR p.ended_at >= p.expires_at)), q.since
  FROM quarrel q CROSS JOIN homes h
    LEFT JOIN LATERAL proof_of_home(h.membership_id, h.named_at, h.left_at, q.since) proof ON true
    LEFT JOIN LATERAL proof_of_home(h.membership_id, NULL, NULL, q.since) house ON true
  WHERE q.since IS NOT NULL AND app_operates() ORDER BY h.kept_id NULLS LAST
$$;
""",
    "forget_homes_before(timestamptz)": f"""
CREATE FUNCTION forget_homes_before(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM home_before b WHERE b.left_at < before AND NOT EXISTS
    (SELECT FROM dispute d WHERE d.person_id = b.person_id AND d.state IN ('waiting', 'objected')) RETURNING 1)
  SELECT count(*) FROM gone
$$;
""",
}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "home_before",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("named_at", moment, nullable=True),
        sa.Column("left_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_before")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_home_before_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name=op.f("fk_home_before_membership_id_membership"),
            ondelete="CASCADE",
        ),
    )
    for column in ("person_id", "membership_id"):
        op.create_index(op.f(f"ix_home_before_{column}"), "home_before", [column])
    grant("SELECT, DELETE", "home_before")
    gone = "person_id = (SELECT app_erasing())"
    wall("home_before", select=f"person_id = (SELECT app_person()) OR {gone}", delete=gone)
    op.execute(
        f"CREATE POLICY home_before_dispute ON home_before FOR SELECT TO {app_role()}"
        f" USING ((SELECT app_operates()) AND {QUARREL})"
    )
    for name, made in FUNCTIONS.items():
        op.execute(made)
        if name.startswith("proof_of_home"):
            op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")  # for the others alone
        else:
            for_the_app(name)


def downgrade() -> None:
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP POLICY home_before_dispute ON home_before")
    open_wall("home_before")
    op.drop_table("home_before")
