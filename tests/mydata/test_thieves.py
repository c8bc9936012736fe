"""What a thief of an account, or somebody curious about the desk, gets out of this room: tried from their side."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from neighbour.accounts.models import Person, Status
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import as_owner, atomic, db
from neighbour.mydata import erasing
from neighbour.residency.cases.models import CaseHalf, CaseKind, CaseState, ProofCase
from neighbour.residency.homes import TOLD_AFTER
from neighbour.residency.models import AddressAccess, Membership
from tests.accounts.factor_helpers import GOOD, MAIL, THIEF, gets_back, is_in, link_of, make_member, type_password
from tests.accounts.signing_helpers import sign_up
from tests.factories import make_person, make_quarter, sign_in
from tests.mydata.test_exports import fetched

pytestmark = pytest.mark.usefixtures("context", "frozen_clock", "instance_dir")


@pytest.mark.parametrize("thief_signs_up", [False, True])
def test_a_thief_who_changes_the_address_and_leaves_at_once_destroys_nothing(
    client, visitor, mailbox, jobs, owner, frozen_clock, thief_signs_up
):
    """The mail to the old address still waits when the account is let go; its link brings both back, and no other does."""
    person = make_member()
    sign_in(client, person)
    client.post("/me/email", data={"e-email": THIEF})
    jobs.run()
    client.post(link_of(mailbox, "signup/confirm", THIEF))
    assert client.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    jobs.run()
    thiefs = link_of(mailbox, "back", THIEF)
    if thief_signs_up:
        sign_up(visitor(), THIEF)
    frozen_clock.tick(71 * 3600)
    gets_back(visitor(), link_of(mailbox, "undo-email", MAIL), mailbox, jobs, frozen_clock, GOOD)
    hers = visitor()
    type_password(hers)
    assert is_in(hers)
    with as_owner():
        now = db.session.get_one(Person, person.id, populate_existing=True)
        assert (now.email, now.status, now.first_name) == (MAIL, Status.ACTIVE, person.first_name)
    assert hers.get("/board").status_code == 200, "she lives where she lived"
    assert visitor().post(thiefs).status_code == 409
    frozen_clock.tick(15 * 86_400)
    with scope.use(scope.NOBODY):
        assert erasing.due() == []
    with as_owner():
        assert erasing.replay() == 0, "and no night lets her go again"


def test_the_archive_says_no_more_of_the_desk_than_the_page_does(client, app, jobs, frozen_clock):
    """A look from the desk is told after thirty days, or a day would say which neighbour decides; so does the archive."""
    ada, verifier = make_person(make_quarter(), name="Ada"), make_person()
    looked = clock.now() + timedelta(minutes=7)
    with as_owner(), atomic():
        for purpose in ("document", "visit"):
            line = {"person_id": ada.id, "by_person_id": verifier.id, "purpose": purpose, "at": looked}
            db.session.execute(insert(AddressAccess).values(**line))
            about = purpose.partition(" ")[0]
            audit.note(Event.ADDRESS_OPENED, actor=verifier.id, subject=ada.id, about=about)
    app.extensions["jobs"] = jobs
    sign_in(client, ada)
    assert looks(client) == (["visit"], ["visit"])
    frozen_clock.tick(TOLD_AFTER.total_seconds() + 480)
    sign_in(client, ada)
    assert looks(client) == (["desk", "visit"], ["desk", "visit"])


def test_the_archive_does_not_say_when_each_pair_of_eyes_decided(client, app, jobs, frozen_clock):
    """Not while the case is open, and not to the minute afterwards; that and how two people decided is told at the decision."""
    ada, verifier = make_person(make_quarter(), name="Ada"), make_person()
    with as_owner(), atomic():
        here = db.session.scalars(select(Membership).where(Membership.person_id == ada.id)).one()
        which = {"person_id": ada.id, "membership_id": here.id, "quarter_id": here.quarter_id}
        case = ProofCase(**which, kind=CaseKind.DOCUMENT, method="document", state=CaseState.OPEN)
        db.session.add(case)
        db.session.flush()
        case_id = case.id
        said = {"until": clock.now(), "says": "no", "reason": "name", "said_at": clock.now()}
        db.session.add(CaseHalf(case_id=case_id, by_person_id=verifier.id, **said))
        about = {"about": "document half", "result": "no"}
        audit.note(Event.PROOF_LOOKED_AT, actor=verifier.id, subject=ada.id, **about)
    app.extensions["jobs"] = jobs
    sign_in(client, ada)
    assert halves(client) == ([], [])
    with as_owner(), atomic():
        db.session.execute(update(ProofCase).values(state=CaseState.REFUSED, decided_at=clock.now()))
    frozen_clock.tick(86_400)
    sign_in(client, ada)
    half = {"says": "no", "reason": "name", "note": ""}
    assert halves(client) == ([half], [])
    frozen_clock.tick(TOLD_AFTER.total_seconds())
    sign_in(client, ada)
    assert halves(client) == ([half], [])


def halves(client):
    """What the archive says about those who looked: what they said, and the events."""
    _path, answer = fetched(client)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    events = json.loads(archive.read("data/security.json"))["security_event"]
    looked = [row["object"] for row in events if row["kind"] == Event.PROOF_LOOKED_AT]
    return json.loads(archive.read("data/proof.json")).get("case_half", []), looked


def looks(client):
    """What the archive says about looks at one's address, in both tables that know of them."""
    _path, answer = fetched(client)
    data = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("data/security.json"))
    events = [row["object"] for row in data["security_event"] if row["kind"] == "home.opened"]
    return [row["purpose"] for row in data["address_access"]], events


def test_the_archive_has_no_numbers_of_other_people(client, app, jobs):
    """An inviter is told by mail who came; the ledger keeps the newcomer's number, which is nobody's to take along."""
    from neighbour.residency.notices import InvitationUsed

    ada, guest = make_person(make_quarter(), name="Ada"), make_person()
    with as_owner(), atomic():
        InvitationUsed.send(ada.id, subject_key="invitation 1", payload={"person_id": guest.id})
    app.extensions["jobs"] = jobs
    sign_in(client, ada)
    _path, answer = fetched(client)
    data = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("data/mail.json"))
    told = next(row for row in data["delivery"] if row["notice"] == "residency.invitation_used")
    assert told["payload"] == {}


def test_links_from_before_do_nothing_to_who_has_left(client, visitor, mailbox, jobs, frozen_clock):
    """A mail somebody else reads too: its link sets no password for an account that may come back."""
    person = make_member()
    visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    sign_in(client, person)
    assert client.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    assert visitor().post(link_of(mailbox, "reset", MAIL), data={"password": "ein anderes Passwort"}).status_code == 410
    jobs.run()
    visitor().post(link_of(mailbox, "back", MAIL))
    assert type_password(visitor()).status_code == 303, "the old password is still the one"
