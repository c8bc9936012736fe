"""What people see who prove where they live by a paper or in person, and those who look at it."""

from __future__ import annotations

import re
from uuid import uuid4

import psycopg
from playwright.sync_api import Browser

from neighbour.core import postgres, roles
from neighbour.core.tokens import to_uid
from neighbour.demo.people import people
from neighbour.demo.verifying import TREFF, paper
from tests.journeys import scenes_events as events
from tests.journeys.looking import Walk, enter
from tests.support.up import Instance

TREFF_SLUG = "nachbarschaftstreff-webstuhl"
assert TREFF.casefold().replace(" ", "-") == TREFF_SLUG


def prover(walk: Walk) -> None:
    """Mira is tired of waiting for the post."""
    walk.go("/proof/document", "a document", picture="document")
    walk.send("/proof/document", "a document, nothing chosen", 422)
    walk.visitor.pick("paper", "lease")
    walk.page.set_input_files("[name=files]", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"<html>"})
    walk.send("/proof/document", "a document, not readable", 422)
    walk.visitor.pick("paper", "lease")
    sheet = {
        "name": "x.jpg",
        "mimeType": "image/jpeg",
        "buffer": paper(["Mira Lindqvist-Okafor", "Kettfadenstraße 17 I"]),
    }
    walk.page.set_input_files("[name=files]", sheet)
    walk.send("/proof/document", "a document, handed in")
    walk.go("/waiting", "waiting, a document is there")
    walk.visitor.go("/proof/document")
    walk.send("/proof/document/withdraw", "a document, withdrawn")
    with _owner(walk.town) as owner:  # three in 30 days are for people, not for two languages
        owner.execute("DELETE FROM proof_case WHERE state = 'withdrawn'")
    walk.go("/proof/in-person", "in person")
    walk.send("/proof/in-person", "in person, the code", picture="visit")


def refused(walk: Walk) -> None:
    """Gordon's document was too old."""
    with _owner(walk.town) as owner:
        owner.execute("DELETE FROM proof_case WHERE reason = 'old'")
        owner.execute(
            "INSERT INTO proof_case (id, person_id, membership_id, quarter_id, kind, state, method, paper, page_count, note,"
            " appeal_text, reason, decided_at) SELECT %s, person_id, id, quarter_id, 'document', 'refused', 'document', 'bill',"
            " 1, 'Der Brief ist von 2023.', '', 'old', now() FROM membership WHERE person_id = %s AND ended_at IS NULL",
            [uuid4(), _number(owner, "gordon")],
        )
    walk.go("/proof/decision", "a refusal", picture="decision")
    walk.send("/proof/decision", "a refusal, appeal without words", 422)
    walk.send("/proof/decision", "a refusal, appealed", words="Es war die neueste Rechnung, die ich habe.")


def desk(walk: Walk) -> None:
    """Ursula at the desk: cases, houses, missing addresses, who looked, initiatives."""
    with _owner(walk.town) as owner:
        _somebody_waits(owner, "tim")
        owner.execute("DELETE FROM case_half")
    for path in ("/desk", "/desk/proofs"):
        walk.go(path, picture=path.strip("/").replace("/", "-"))
    with walk.page.expect_navigation():
        walk.page.locator("a[href^='/desk/houses/']").first.click()
    walk.look("a house with many accounts")
    walk.send(walk.visitor.path, "a house, nothing said", 422)
    walk.visitor.go("/desk/proofs")
    with walk.page.expect_navigation():
        walk.page.locator("a[href^='/desk/proofs/']").last.click()
    walk.look("a proof, closed")
    here = walk.visitor.path
    walk.send(here, "a proof, opened", picture="desk-case")
    walk.send(here + "/decide", "a proof, nothing said", 422)
    _alone(walk)
    walk.go("/desk/looks", "looks at addresses", picture="desk-looks")
    _initiatives(walk)
    _missing(walk)
    _disputes(walk)


LOOKED = """
WITH quiet AS (
  UPDATE proof_case c SET kind = 'quiet' FROM (SELECT id, kind FROM proof_case WHERE state = 'open' ORDER BY created_at LIMIT 1) was
  WHERE c.id = was.id RETURNING c.id, was.kind),
looked AS (
  INSERT INTO case_half (case_id, by_person_id, part, until, says, reason, note, said_at)
  SELECT id, %s, 'half', now(), 'yes', 'matches', '', now() FROM quiet)
SELECT id, kind FROM quiet
"""


def _alone(walk: Walk) -> None:
    """Nobody but Ursula operates: what lies with operators alone she looks at twice."""
    with _owner(walk.town) as owner:
        owner.execute("DELETE FROM case_half")
        ((case, kind),) = owner.execute(LOOKED, [_number(owner, "ursula")]).fetchall()
        walk.go("/desk/proofs", "proofs, one of them looked at once", picture="desk-proofs-alone")
        owner.execute("UPDATE case_half SET said_at = said_at - interval '25 hours'")
    here = f"/desk/proofs/{to_uid(case)}"
    walk.go("/desk/proofs", "proofs, one of them to be looked at again")
    walk.go(here, "a proof, for the second look", picture="desk-case-again")
    walk.send(here, "a proof, opened for the second look")
    with _owner(walk.town) as owner:
        owner.execute("DELETE FROM case_half")
        owner.execute("UPDATE proof_case SET kind = %s WHERE id = %s", [kind, case])


def _initiatives(walk: Walk) -> None:
    with _owner(walk.town) as owner:
        owner.execute(VOICELESS)
        walk.go("/desk/initiatives", "initiatives on the desk", picture="desk-initiatives")
        walk.go("/desk/initiatives/zweite", "an initiative for which nobody speaks", picture="desk-voiceless")
        owner.execute("DELETE FROM initiative WHERE slug = 'zweite'")
    here = f"/desk/initiatives/{TREFF_SLUG}"
    walk.go(here, "an initiative on the desk", picture="desk-initiative")
    walk.send(here + "/suspend", "an initiative, suspended for how long", 422, days="-3")


def _missing(walk: Walk) -> None:
    """A newcomer misses an address, the operator opens it."""
    other = enter(_browser(walk), walk.town, walk.language, "mira")
    other.visitor.go("/signup/address/missing")
    other.visitor.fill(street="Am Neubau", number="1")
    other.visitor.send("/signup/address/missing")
    other.page.context.close()
    walk.go("/desk/missing", "missing addresses")
    walk.send("/desk/missing", "a missing address, opened")
    walk.visitor.go("/desk/missing")
    with _owner(walk.town) as owner:
        owner.execute("DELETE FROM missing_address")
    walk.go("/desk/missing", "no missing addresses")


def editor(walk: Walk) -> None:
    """Liselotte speaks for the Treff and has a visitor."""
    walk.go(f"/i/{TREFF_SLUG}", "an initiative", picture="initiative")
    walk.go(f"/i/{TREFF_SLUG}/edit", "an initiative, its page")
    events.importer(walk)
    here = f"/i/{TREFF_SLUG}/confirm"
    walk.go(here, "confirming")
    walk.send(here, "confirming, empty", 422)
    walk.send(here, "confirming, wrong", 422, code="ZZZZ-ZZZZ")
    code = _code(walk)
    with _owner(walk.town) as owner:
        owner.execute(SECOND, [_number(owner, "liselotte")])
        walk.go(f"/visit/{code}", "confirming, scanned, for several", picture="visit-which")
        owner.execute("DELETE FROM initiative WHERE slug = 'zweite'")
    walk.go(f"/visit/{code}", "confirming, scanned")
    walk.send(here, "confirming, name and address", picture="confirming")
    walk.send(here + "/seen", "confirming, without the tick", 422)


VOICELESS = """
INSERT INTO initiative (public_id, slug, name, about, address_line, hours, verified_at, may_confirm)
  VALUES ('zweite000000', 'zweite', 'Förderverein der Stadtteilbücherei am alten Kesselhaus e. V.', '', '', '', now(), true) RETURNING id
"""
SECOND = f"""
WITH made AS ({VOICELESS})
INSERT INTO initiative_editor (initiative_id, person_id, role, since) SELECT id, %s, 'editor', now() FROM made
"""


def _code(walk: Walk) -> str:
    other = enter(_browser(walk), walk.town, walk.language, "mira")
    other.visitor.go("/proof/in-person")
    other.visitor.send("/proof/in-person")
    code = other.page.locator(".shown-code__code").inner_text()
    other.page.context.close()
    return re.sub(r"\W", "", code)


def _browser(walk: Walk) -> Browser:
    browser = walk.page.context.browser
    assert browser is not None
    return browser


def each_waits_at_the_house_of(town: Instance, key: str) -> None:
    """From now on every proof at this person's house is looked at, as the team may decide about a crowded one."""
    with _owner(town) as owner:
        owner.execute(
            "INSERT INTO house_rule (house_hash, quarter_id, up_to, one_by_one, decided_at)"
            " SELECT address_hash, quarter_id, 0, true, now() FROM home WHERE person_id = %s",
            [_number(owner, key)],
        )


def _somebody_waits(owner: psycopg.Connection, key: str) -> None:
    owner.execute("UPDATE proof SET held_at = now() WHERE person_id = %s", [_number(owner, key)])


def _number(owner: psycopg.Connection, key: str) -> int:
    email = next(one.email for one in people() if one.key == key)
    row = owner.execute("SELECT id FROM person WHERE email = %s", [email]).fetchone()
    assert row is not None
    return int(row[0])


def _owner(town: Instance) -> psycopg.Connection:
    return roles.connect(postgres.address(town.folder).owner_url, autocommit=True)


def _disputes(walk: Walk) -> None:
    """Two mailboxes say that Tim's account is theirs."""
    walk.go("/desk/disputes", "no account is quarrelled about")
    long_one = "maria.magdalena.von-der-heydt-rosenbaum@nachbarschaft-am-alten-webstuhl.example"
    with _owner(walk.town) as owner:
        (row,) = owner.execute(
            "INSERT INTO email_change (person_id, old_email, old_key, new_email, changed_at, undo_until)"
            " SELECT person_id, %s, %s, 'neu@example.org', now(), now() + interval '3 days' FROM home"
            " WHERE person_id = %s RETURNING id",  # never Ursula's own: whoever is party to it does not see it
            [long_one, long_one, _number(owner, "tim")],
        ).fetchall()
        ((number, account),) = owner.execute(
            "INSERT INTO dispute (person_id, change_id, old_email, new_email, since, begun_at, due_at, objected_at, state)"
            " SELECT person_id, id, old_email, new_email, now(), now(), now(), now(), 'objected' FROM email_change WHERE id = %s"
            " RETURNING id, (SELECT public_id FROM person p WHERE p.id = person_id)",
            [row[0]],
        ).fetchall()
        owner.execute(
            "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, ended_at, state, is_by_silence)"
            " SELECT person_id, old_email, each, now(), now(), now(), now(), 'old', true FROM dispute,"
            " unnest(ARRAY['neu@example.org', 'wer.auch.immer.das.geschrieben.hat@ein-sehr-langer-name-eines-anbieters.example']) each"
            " WHERE id = %s",
            [number],
        )
        owner.execute(
            "UPDATE dispute SET begun_at = now() - interval '40 days', objected_at = now() - interval '40 days' WHERE id = %s",
            [number],
        )
    walk.go("/desk/disputes", "accounts that are quarrelled about", picture="desk-disputes")
    here = f"/desk/disputes/{account}"
    walk.go(here, "whose account it is", picture="desk-dispute")
    walk.send(here + "/letterbox", "the letterbox of that account", picture="desk-dispute-letterbox")
    with _owner(walk.town) as owner:
        mine = "person_id = (SELECT person_id FROM dispute WHERE id = %s)"
        owner.execute(f"SELECT keep_proven_home(id, now()) FROM membership WHERE {mine}", [number])
        owner.execute(f"UPDATE home SET renamed_at = now() WHERE {mine}", [number])
    walk.visitor.go(here)
    walk.send(here + "/letterbox", "a letterbox that was renamed", picture="desk-dispute-renamed")
    with _owner(walk.town) as owner:
        owner.execute("UPDATE dispute SET since = now() - interval '20 years' WHERE id = %s", [number])
    walk.visitor.go(here)
    walk.send(here + "/letterbox", "a home proven too late", picture="desk-dispute-late")
    walk.send(here, "nothing said about it", 422)
    walk.send(here + "/links", "links sent again", picture="desk-dispute-links")
    walk.go(here + "/silence", "what silence decided", picture="desk-dispute-silence")
    walk.send(here + "/silence", "turned round without a reason", 422, picture="desk-dispute-reason")
    with _owner(walk.town) as owner:
        owner.execute("DELETE FROM email_change WHERE id = %s", [row[0]])
        owner.execute(f"UPDATE home SET renamed_at = NULL WHERE {mine}", [number])
        owner.execute("DELETE FROM home_before")
        owner.execute("DELETE FROM dispute")
