"""A code used before counts at the next house, too; whom the yearly question is due for is found fairly.

Whoever had used an invitation or a flyer, moved inside the quarter and typed it once more was told that it is used, and stayed
outside. And every hour began with the lowest numbers: of more people than an hour looks at, the higher ones were never asked, nor
did their proofs end.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# What a code's proof says of the house its user lives in now: it stands, it waits for a look, it is over – or there is none.
AGAIN = """
CREATE FUNCTION proof_from(mine bigint, about text, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p.ended_at IS NOT NULL OR p.expires_at <= at THEN 'over' WHEN p.held_at IS NOT NULL THEN 'held' ELSE 'used' END
  FROM proof p WHERE p.membership_id = mine AND p.source = about ORDER BY p.id DESC LIMIT 1
$$;
"""

USE_INVITATION = """
CREATE OR REPLACE FUNCTION use_invitation(code bytea, at timestamptz, most_of_inviter int)
RETURNS TABLE (outcome text, use_id bigint, inviter_id bigint, household bytea, distance smallint, place int, alarm text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mine membership%ROWTYPE;
  theirs membership%ROWTYPE;
  slip invitation%ROWTYPE;
  made invitation_use%ROWTYPE;
  before text;
BEGIN
  outcome := 'wrong';
  SELECT * INTO mine FROM membership m WHERE m.person_id = app_person() AND m.ended_at IS NULL;
  SELECT * INTO slip FROM invitation i WHERE i.code_hash = code;
  IF mine.id IS NULL OR slip.id IS NULL OR slip.quarter_id <> mine.quarter_id OR slip.person_id = mine.person_id THEN
    RETURN NEXT; RETURN;
  END IF;
  PERFORM 1 FROM invitation i WHERE i.person_id = slip.person_id ORDER BY i.id FOR UPDATE;
  SELECT * INTO slip FROM invitation i WHERE i.code_hash = code;
  SELECT * INTO made FROM invitation_use u WHERE u.invitation_id = slip.id AND u.person_id = mine.person_id;
  SELECT m.* INTO theirs FROM membership m JOIN person p ON p.id = m.person_id
    WHERE m.person_id = slip.person_id AND m.ended_at IS NULL AND m.level = 'verified' AND m.quarter_id = slip.quarter_id
      AND p.status = 'active';
  before := proof_from(mine.id, 'invitation ' || made.id, at);
  IF made.taken_back_at IS NULL AND before IS NOT NULL THEN
    outcome := before;
  ELSIF made.taken_back_at IS NOT NULL OR slip.ended_at IS NOT NULL OR slip.expires_at <= at OR theirs.id IS NULL THEN
    outcome := 'over';
  ELSIF made.id IS NULL AND (slip.uses >= slip.most_uses OR most_of_inviter <= (SELECT count(*) FROM invitation_use u
      JOIN invitation i ON i.id = u.invitation_id WHERE i.person_id = slip.person_id AND u.used_at > at - interval '30 days')) THEN
    outcome := 'full';
    UPDATE invitation i SET refused = i.refused + 1 WHERE i.id = slip.id;
    IF slip.refused + 1 >= 10 AND raise_code_alarm(slip.quarter_id, 'invitation_full', 'invitation ' || slip.public_id, at)
        IS NOT NULL THEN
      alarm := 'invitation_full';
    END IF;
  ELSE
    outcome := 'good';
    use_id := made.id;
    household := coalesce(theirs.household_hash, convert_to('person ' || slip.person_id, 'UTF8'));
    distance := slip.depth;
    IF use_id IS NULL THEN
      INSERT INTO invitation_use (public_id, invitation_id, person_id, used_at)
        VALUES (translate(substr(replace(gen_random_uuid()::text, '-', ''), 1, 12), '0189', 'ghij'), slip.id, mine.person_id, at)
        RETURNING invitation_use.id INTO use_id;
      UPDATE invitation i SET uses = i.uses + 1 WHERE i.id = slip.id;
      IF 3 <= (SELECT count(*) FROM invitation_use u WHERE u.invitation_id = slip.id AND u.used_at > at - interval '10 minutes')
          AND raise_code_alarm(slip.quarter_id, 'invitation_burst', 'invitation ' || slip.public_id, at) IS NOT NULL THEN
        alarm := 'invitation_burst';
      END IF;
    END IF;
  END IF;
  inviter_id := slip.person_id;
  place := slip.quarter_id;
  RETURN NEXT;
END $$;
"""

USE_FLYER = """
CREATE OR REPLACE FUNCTION use_flyer(code bytea, at timestamptz)
RETURNS TABLE (outcome text, use_id bigint, place int, alarm text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mine membership%ROWTYPE;
  slip flyer%ROWTYPE;
  made bigint;
  before text;
BEGIN
  outcome := 'wrong';
  SELECT * INTO mine FROM membership m WHERE m.person_id = app_person() AND m.ended_at IS NULL;
  SELECT * INTO slip FROM flyer f WHERE f.code_hash = code FOR UPDATE;
  IF mine.id IS NULL OR slip.id IS NULL THEN
    RETURN NEXT; RETURN;
  END IF;
  place := slip.quarter_id;
  SELECT u.id INTO made FROM flyer_use u WHERE u.flyer_id = slip.id AND u.person_id = mine.person_id;
  before := proof_from(mine.id, 'flyer ' || made, at);
  IF slip.quarter_id <> mine.quarter_id OR NOT EXISTS (SELECT 1 FROM flyer_house h JOIN home o ON o.address_hash = h.address_hash
      WHERE h.flyer_id = slip.id AND o.person_id = mine.person_id) THEN
    UPDATE flyer f SET strays = f.strays + 1 WHERE f.id = slip.id;
    IF slip.strays + 1 >= 20 AND raise_code_alarm(slip.quarter_id, 'flyer_elsewhere', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'flyer_elsewhere';
    END IF;
  ELSIF before IS NOT NULL THEN
    outcome := before;
  ELSIF made IS NULL AND slip.uses >= slip.most_uses THEN
    outcome := 'full';
    UPDATE flyer f SET refused = f.refused + 1 WHERE f.id = slip.id;
    IF slip.refused + 1 >= 10 AND raise_code_alarm(slip.quarter_id, 'flyer_full', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'flyer_full';
    END IF;
  ELSIF slip.ended_at IS NOT NULL OR slip.expires_at <= at THEN
    outcome := 'over';
  ELSE
    outcome := 'good';
    use_id := made;
    IF use_id IS NULL THEN
      INSERT INTO flyer_use (flyer_id, person_id, used_at) VALUES (slip.id, mine.person_id, at)
        RETURNING flyer_use.id INTO use_id;
      UPDATE flyer f SET uses = f.uses + 1, ended_at = CASE WHEN f.uses + 1 >= f.most_uses THEN at END WHERE f.id = slip.id;
      IF slip.uses + 1 >= slip.most_uses
          AND raise_code_alarm(slip.quarter_id, 'flyer_limit', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
        alarm := 'flyer_limit';
      ELSIF 5 <= (SELECT count(*) FROM flyer_use u WHERE u.flyer_id = slip.id AND u.used_at > at - interval '10 minutes')
          AND raise_code_alarm(slip.quarter_id, 'flyer_burst', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
        alarm := 'flyer_burst';
      END IF;
    END IF;
  END IF;
  RETURN NEXT;
END $$;
"""

# Whose proofs a worker has to look at: past their day – those first –, near it, or a year without a yes, until the question of
# that year has been asked. Numbers of people, nothing else; what is due is found out through each person's own eyes. Of more
# than ``most`` each turn takes the next stretch, and goes round.
DUE = """
CREATE FUNCTION people_with_proofs_due(at timestamptz, turn bigint, most int) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH due AS (
    SELECT m.person_id, bool_or(coalesce(p.expires_at <= at, false)) AS is_past
    FROM membership m JOIN proof p ON p.membership_id = m.id
    WHERE m.ended_at IS NULL AND p.ended_at IS NULL AND p.held_at IS NULL
      AND (p.expires_at <= at + interval '30 days'
           OR at - coalesce(p.renewed_at, p.created_at) BETWEEN interval '365 days' AND interval '393 days')
    GROUP BY m.person_id),
  placed AS (SELECT person_id, is_past, row_number() OVER (ORDER BY person_id) - 1 AS place, count(*) OVER () AS all_of_them FROM due)
  SELECT person_id FROM placed ORDER BY is_past DESC, place < turn * most % all_of_them, place LIMIT most
$$;
"""
DUE_NAME = "people_with_proofs_due(timestamptz, bigint, int)"


def upgrade() -> None:
    op.execute(AGAIN)
    op.execute("REVOKE ALL ON FUNCTION proof_from(bigint, text, timestamptz) FROM PUBLIC")
    op.execute(USE_INVITATION)
    op.execute(USE_FLYER)
    op.execute(f"DROP FUNCTION {DUE_NAME}")
    op.execute(DUE)
    for_the_app(DUE_NAME)


def downgrade() -> None:
    before = import_module("migrations.versions.0023_vouching")
    for made in (before.USE_INVITATION, before.USE_FLYER):
        op.execute(made.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    op.execute(f"DROP FUNCTION {DUE_NAME}")
    op.execute(before.DUE)
    for_the_app(DUE_NAME)
    op.execute("DROP FUNCTION proof_from(bigint, text, timestamptz)")
