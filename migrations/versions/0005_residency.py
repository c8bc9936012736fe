"""Gazetteer, homes, letters, memberships."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REFUSE_NAME = "refuse_letters(bytea, boolean, timestamptz)"

# Whoever holds a card has no account: this is the one way by which its refusal code reaches other people's
# rows. A whole house is refused only while nobody has proven to live there – one neighbour must not be able to
# shut the letterboxes of forty. Answers whether the code is one of ours, and nothing else.
REFUSE = """
CREATE FUNCTION refuse_letters(code_hash bytea, whole_house boolean, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  card letter%ROWTYPE;
  targets bytea[];
BEGIN
  SELECT * INTO card FROM letter WHERE refusal_hashes @> ARRAY[code_hash];
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  targets := card.name_hashes;
  IF whole_house AND NOT EXISTS (SELECT 1 FROM home h JOIN membership m ON m.person_id = h.person_id
      WHERE h.address_hash = card.address_hash AND m.ended_at IS NULL AND m.level = 'verified') THEN
    targets := targets || card.address_hash;
  END IF;
  INSERT INTO letter_refusal (target_hash, since) SELECT unnest(targets), at ON CONFLICT DO NOTHING;
  UPDATE letter SET state = 'refused' WHERE state IN ('requested', 'printed')
    AND (id = card.id OR name_hashes && targets OR address_hash = ANY (targets));
  RETURN true;
END $$;
"""


def upgrade() -> None:
    op.create_table(
        "letter_refusal",
        sa.Column("target_hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("target_hash", name=op.f("pk_letter_refusal")),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("street_key", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("quarter_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["quarter_id"], ["quarter.id"], name=op.f("fk_address_quarter_id_quarter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("street_key", "postcode", "street", "number", "suffix", name="uq_address_entry"),
    )
    op.create_index(op.f("ix_address_quarter_id"), "address", ["quarter_id"], unique=False)
    op.create_table(
        "address_access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_address_access_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_access")),
    )
    op.create_index(op.f("ix_address_access_person_id"), "address_access", ["person_id"], unique=False)
    op.create_table(
        "home",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_hashes", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("word_hashes", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_home_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["quarter_id"], ["quarter.id"], name=op.f("fk_home_quarter_id_quarter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home")),
        sa.UniqueConstraint("person_id", name=op.f("uq_home_person_id")),
    )
    op.create_index(op.f("ix_home_address_hash"), "home", ["address_hash"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name_hashes", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("code_hashes", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("refusal_hashes", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'printed', 'used', 'dead', 'expired', 'refused', 'withdrawn')",
            name=op.f("ck_letter_state"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_letter_person_id_person"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    for column in ("address_hash", "batch", "person_id"):
        op.create_index(op.f(f"ix_letter_{column}"), "letter", [column])
    op.create_index("ix_letter_refusal_hashes", "letter", ["refusal_hashes"], postgresql_using="gin")
    op.create_index(
        "ix_letter_requested_at", "letter", ["requested_at"], postgresql_where=sa.text("state = 'requested'")
    )
    op.create_index(
        "uq_letter_open",
        "letter",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'printed')"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("household_hash", sa.LargeBinary(), nullable=True),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("level IN ('unproven', 'vouched', 'verified')", name=op.f("ck_membership_level")),
        sa.CheckConstraint("role IN ('resident', 'steward')", name=op.f("ck_membership_role")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["quarter_id"], ["quarter.id"], name=op.f("fk_membership_quarter_id_quarter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_index(
        "ix_membership_quarter_id_level",
        "membership",
        ["quarter_id", "level"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_membership_current", "membership", ["person_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "proof",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_proof_membership_id_membership"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_proof_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
    )
    op.create_index(op.f("ix_proof_person_id"), "proof", ["person_id"], unique=False)
    op.execute(REFUSE)
    for_the_app(REFUSE_NAME)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {REFUSE_NAME}")
    op.drop_index(op.f("ix_proof_person_id"), table_name="proof")
    op.drop_table("proof")
    op.drop_index("uq_membership_current", table_name="membership", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(
        "ix_membership_quarter_id_level", table_name="membership", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_index(op.f("ix_membership_person_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_table("letter")
    op.drop_index(op.f("ix_home_address_hash"), table_name="home")
    op.drop_table("home")
    op.drop_index(op.f("ix_address_access_person_id"), table_name="address_access")
    op.drop_table("address_access")
    op.drop_index(op.f("ix_address_quarter_id"), table_name="address")
    op.drop_table("address")
    op.drop_table("letter_refusal")
