"""With an account that goes to another mailbox goes no home that was not proven before: it tells where somebody has fled to.

Until now a new mailbox had the account's present home with it. Whoever flees writes the new home into the account and moves to a
mailbox of their own; the one who still reads the old one could have the account by a letter to the home before, or by silence, and
read where the other lives now. What hangs on such a home goes along, on whichever table it lies, so a function does it.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0109"
down_revision = "0108"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# What an account has done and kept in a quarter since it said that it lives there. A post goes with the answers below it; of an
# answer that stands below somebody else's post its place stays. What is kept for an initiative is not the account's own.
QUARTER = f"""
CREATE FUNCTION forget_quarter_of(of_person bigint, gone_quarter int, since timestamptz, at timestamptz) RETURNS void LANGUAGE sql {DEFINER} AS $$
  DELETE FROM bookmark b USING contribution c
    WHERE b.person_id = of_person AND c.id = b.contribution_id AND c.quarter_id = gone_quarter;
  DELETE FROM read_mark WHERE person_id = of_person AND quarter_id = gone_quarter;
  DELETE FROM saved_search WHERE person_id = of_person AND filters @> jsonb_build_object('home', gone_quarter);
  UPDATE delivery SET quarter_id = NULL, payload = '{{}}',
      state = CASE WHEN state IN ('pending', 'leased') THEN 'skipped' ELSE state END
    WHERE person_id = of_person AND (quarter_id = gone_quarter OR payload @> jsonb_build_object('quarter_id', gone_quarter));
  UPDATE invitation SET ended_at = least(at, expires_at)
    WHERE person_id = of_person AND quarter_id = gone_quarter AND ended_at IS NULL;
  UPDATE comment a SET state = 'withdrawn', body_md = '', body_html = '' FROM contribution c
    WHERE a.author_id = of_person AND a.created_at >= since AND c.id = a.contribution_id AND c.quarter_id = gone_quarter;
  DELETE FROM contribution WHERE author_id = of_person AND quarter_id = gone_quarter AND published_at >= since AND NOT is_office;
$$;
"""
# Only of an account whose quarrel is settled. A home counts as proven before as for the operator who asks there (0098). Gives whether
# another name, proven before at the same house, stands on the letterbox again: the application writes the hashes of its words.
HOMES = f"""
CREATE FUNCTION forget_unproven_homes(of_person bigint, before timestamptz, at timestamptz) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  lost record;
  named record;
  since timestamptz := before;
BEGIN
  IF NOT EXISTS (SELECT FROM dispute d WHERE d.person_id = of_person AND d.state IN ('old', 'new'))
     OR EXISTS (SELECT FROM dispute d WHERE d.person_id = of_person AND d.state IN ('waiting', 'objected')) THEN
    RAISE EXCEPTION 'no quarrel about this account was settled';
  END IF;
  DELETE FROM home_before b WHERE b.person_id = of_person
    AND NOT EXISTS (SELECT FROM proof_of_home(b.membership_id, b.named_at, b.left_at, before));
  FOR lost IN SELECT m.id, m.quarter_id, m.created_at FROM membership m WHERE m.person_id = of_person
      AND (m.proven_at > before OR (m.level = 'unproven' AND (m.ended_at IS NULL OR m.proven_at IS NULL)))
      AND NOT EXISTS (SELECT FROM proof_of_home(m.id, NULL, NULL, before)) LOOP
    since := least(since, lost.created_at);
    UPDATE membership SET ended_at = at WHERE id = lost.id AND ended_at IS NULL;  -- what hangs on it follows, as when somebody moves
    DELETE FROM membership WHERE id = lost.id;
    IF NOT EXISTS (SELECT FROM membership m WHERE m.person_id = of_person AND m.quarter_id = lost.quarter_id) THEN
      PERFORM forget_quarter_of(of_person, lost.quarter_id, lost.created_at, at);
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM membership m WHERE m.person_id = of_person AND m.ended_at IS NULL) THEN
    DELETE FROM home WHERE person_id = of_person;
    DELETE FROM subscription WHERE person_id = of_person AND is_on;
    UPDATE person SET street_shown = NULL WHERE id = of_person;
  END IF;
  SELECT b.id, b.sealed, b.named_at, b.left_at INTO named FROM home_before b
    JOIN membership m ON m.id = b.membership_id AND m.ended_at IS NULL JOIN home h ON h.person_id = b.person_id
    WHERE b.person_id = of_person AND NOT EXISTS (SELECT FROM proof_of_home(m.id, h.renamed_at, NULL, before))
    ORDER BY b.id DESC LIMIT 1;
  IF named.id IS NOT NULL THEN
    since := least(since, named.left_at);
    UPDATE home SET renamed_at = at WHERE person_id = of_person;  -- looks that are under way begin anew
    UPDATE home SET sealed = named.sealed, renamed_at = named.named_at WHERE person_id = of_person;
    DELETE FROM home_before WHERE id = named.id;
  END IF;
  DELETE FROM missing_address WHERE person_id = of_person;
  DELETE FROM visit WHERE person_id = of_person AND created_at >= since;
  DELETE FROM saved_search WHERE person_id = of_person AND created_at >= since;
  DELETE FROM proof_case WHERE person_id = of_person AND kind = 'document' AND state IN ('open', 'contested') AND created_at >= since;
  UPDATE letter SET person_id = NULL, code_hashes = '{{}}',
      state = CASE WHEN state IN ('requested', 'printed') THEN 'withdrawn' ELSE state END
    WHERE person_id = of_person AND requested_at >= since;
  RETURN named.id IS NOT NULL;
END $$;
"""
# A look begins anew where the letterbox comes to bear another name, not where it goes back to the one before.
LOOKS = """
DROP TRIGGER look_anew ON home;
CREATE TRIGGER look_anew AFTER UPDATE OF renamed_at ON home FOR EACH ROW
WHEN ({0}) EXECUTE FUNCTION look_anew();
"""
FORWARD = "NEW.renamed_at > coalesce(OLD.renamed_at, '-infinity')"
EITHER_WAY = "OLD.renamed_at IS DISTINCT FROM NEW.renamed_at"


def upgrade() -> None:
    op.execute(QUARTER)
    op.execute("REVOKE ALL ON FUNCTION forget_quarter_of(bigint, int, timestamptz, timestamptz) FROM PUBLIC")
    op.execute(HOMES)
    for_the_app("forget_unproven_homes(bigint, timestamptz, timestamptz)")
    op.execute(LOOKS.format(FORWARD))


def downgrade() -> None:
    op.execute(LOOKS.format(EITHER_WAY))
    op.execute("DROP FUNCTION forget_unproven_homes(bigint, timestamptz, timestamptz)")
    op.execute("DROP FUNCTION forget_quarter_of(bigint, int, timestamptz, timestamptz)")
