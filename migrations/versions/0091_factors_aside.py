"""What an account had to sign in with is put aside when silence gives it away, and comes back if the operator turns that round.

The application's role can neither read nor write what lies aside: the functions below are the only way in and out, so nothing
there opens an account meanwhile. When the links of a quarrel were last sent again; which operators share a household with an
account that is quarrelled about.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0091"
down_revision = "0088"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
PUT = f"""
CREATE FUNCTION put_factors_aside(of_dispute bigint, at timestamptz) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE who bigint := (SELECT d.person_id FROM dispute d WHERE d.id = of_dispute);
BEGIN
  INSERT INTO factor_aside (dispute_id, person_id, aside_at, credential_id, public_key, sign_count, transports, name, created_at, used_at)
    SELECT of_dispute, who, at, f.credential_id, f.public_key, f.sign_count, f.transports, f.name, f.created_at, f.used_at
    FROM passkey f WHERE f.person_id = who;
  INSERT INTO factor_aside (dispute_id, person_id, aside_at, sealed, last_step, created_at, used_at)
    SELECT of_dispute, who, at, f.sealed, f.last_step, f.created_at, f.used_at FROM authenticator f WHERE f.person_id = who;
  INSERT INTO factor_aside (dispute_id, person_id, aside_at, code_hash, created_at, used_at)
    SELECT of_dispute, who, at, f.code_hash, f.created_at, f.used_at FROM recovery_code f WHERE f.person_id = who;
END $$;
"""
# What is still there has been used since, perhaps, and stays as it is.
GIVE_BACK = f"""
CREATE FUNCTION give_factors_back(of_dispute bigint) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE found boolean := EXISTS (SELECT FROM factor_aside a WHERE a.dispute_id = of_dispute);
BEGIN
  INSERT INTO passkey (person_id, credential_id, public_key, sign_count, transports, name, created_at, used_at)
    SELECT a.person_id, a.credential_id, a.public_key, a.sign_count, a.transports, a.name, a.created_at, a.used_at
    FROM factor_aside a WHERE a.dispute_id = of_dispute AND a.credential_id IS NOT NULL ORDER BY a.created_at ON CONFLICT DO NOTHING;
  INSERT INTO authenticator (person_id, sealed, last_step, created_at, used_at)
    SELECT a.person_id, a.sealed, a.last_step, a.created_at, a.used_at
    FROM factor_aside a WHERE a.dispute_id = of_dispute AND a.sealed IS NOT NULL ON CONFLICT DO NOTHING;
  INSERT INTO recovery_code (person_id, code_hash, created_at, used_at)
    SELECT a.person_id, a.code_hash, a.created_at, a.used_at
    FROM factor_aside a WHERE a.dispute_id = of_dispute AND a.code_hash IS NOT NULL ON CONFLICT DO NOTHING;
  RETURN found;
END $$;
"""
FUNCTIONS = {
    "put_factors_aside(bigint, timestamptz)": PUT,
    "give_factors_back(bigint)": GIVE_BACK,
    "drop_factors_aside(bigint)": f"""
CREATE FUNCTION drop_factors_aside(of_person bigint) RETURNS void LANGUAGE sql {DEFINER}
AS $$ DELETE FROM factor_aside WHERE person_id = of_person $$;
""",
    "forget_factors_aside(timestamptz)": f"""
CREATE FUNCTION forget_factors_aside(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM factor_aside WHERE aside_at < before RETURNING 1) SELECT count(*) FROM gone
$$;
""",
    # Whoever had seen its number could otherwise make a passkey of the same number their own, and keep the owner's from coming back.
    "passkey_is_aside(bytea)": f"""
CREATE FUNCTION passkey_is_aside(credential bytea) RETURNS boolean LANGUAGE sql STABLE {DEFINER}
AS $$ SELECT EXISTS (SELECT FROM factor_aside a WHERE a.credential_id = credential) $$;
""",
    # Memberships are walled, and who shares whose household is said of operators and quarrels only.
    "operators_at_home_with_quarrels()": f"""
CREATE FUNCTION operators_at_home_with_quarrels() RETURNS TABLE (account bigint, operator bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT DISTINCT m.person_id, n.person_id FROM dispute d JOIN membership m ON m.person_id = d.person_id
    JOIN membership n ON n.household_hash = m.household_hash AND n.person_id <> m.person_id
    JOIN person p ON p.id = n.person_id AND p.is_operator
$$;
""",
}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("dispute", sa.Column("links_at", moment, nullable=True))
    op.create_table(
        "factor_aside",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dispute_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("aside_at", moment, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=True),
        sa.Column("transports", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_aside")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_factor_aside_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_factor_aside_person_id_person"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("num_nonnulls(credential_id, sealed, code_hash) = 1", name=op.f("ck_factor_aside_one")),
    )
    for column in ("dispute_id", "person_id", "credential_id"):
        op.create_index(op.f(f"ix_factor_aside_{column}"), "factor_aside", [column])
    grant("SELECT, DELETE", "factor_aside")
    gone = "person_id = (SELECT app_erasing())"
    wall("factor_aside", select=gone, delete=gone)
    for name, made in FUNCTIONS.items():
        op.execute(made)
        for_the_app(name)


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    open_wall("factor_aside")
    op.drop_table("factor_aside")
    op.drop_column("dispute", "links_at")
