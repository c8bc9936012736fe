"""Proofs that end, are renewed, wait for a look, or are somebody's word; verifiers."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COLUMNS = {
    "source": "text",
    "by_person_id": "bigint",
    "vouch_household": "bytea",
    "depth": "smallint NOT NULL DEFAULT 0",
    "held_at": "timestamptz",
    "renewed_at": "timestamptz",
    "ended_at": "timestamptz",
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.execute(f"ALTER TABLE proof ADD COLUMN {name} {kind}")
    op.create_foreign_key(
        op.f("fk_proof_by_person_id_person"), "proof", "person", ["by_person_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(op.f("ix_proof_by_person_id"), "proof", ["by_person_id"])
    _roles("'resident', 'verifier', 'steward'")


def downgrade() -> None:
    op.execute("UPDATE membership SET role = 'resident' WHERE role = 'verifier'")
    _roles("'resident', 'steward'")
    op.drop_index(op.f("ix_proof_by_person_id"), table_name="proof")
    op.drop_constraint(op.f("fk_proof_by_person_id_person"), "proof", type_="foreignkey")
    for column in COLUMNS:
        op.drop_column("proof", column)


def _roles(values: str) -> None:
    op.drop_constraint(op.f("ck_membership_role"), "membership", type_="check")
    op.create_check_constraint(op.f("ck_membership_role"), "membership", f"role IN ({values})")
