"""Two people in one public cell exchange their homes, and nobody else can tell: every page of every role is the same. Nor can
anybody tell that somebody who bears another name is protected from now on."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.appearance import Byline
from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.digests import sending
from neighbour.digests import service as digests
from neighbour.policy import Role
from neighbour.residency.code_models import Invitation, InvitationUse
from tests.digests.helpers import MORNING
from tests.factories import make_comment, make_post, sign_in
from tests.offers.helpers import make_offer
from tests.privacy.city import (
    ROLES,
    City,
    browser,
    forget_what_was_kept,
    paths,
    readers,
    signed_in,
    uid_of,
    walk,
    writes,
)

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
LEAST_PAGES, LEAST_OPEN = 100, 40  # addresses that differ in more than a query; those that answer somebody with a page

HER_NAME, HER_DOOR = ("Kanaria", "Zaunkönig", "Piepmatz"), ("Kanarienweg", "7719")
CANARIES = [word.encode() for word in (*HER_NAME, *HER_DOOR)]
NUMBERS = ["4417", "4423"]  # on Anna's and on Bela's door


class Story:
    """Anna and Bela write, and somebody who bears another name; everybody else reads all there is."""

    def __init__(self, app):
        self.city = city = City.built(app)
        houses = city.houses[city.here.id]
        self.her_door = city.another_house(
            city.here, *HER_DOOR
        )  # first: one address more may divide the quarter otherwise
        cell = city.cell_of(houses[5])
        assert cell is not None
        same = [house for house in houses if city.cell_of(house) == cell and house.street != houses[5].street]
        self.one, self.other = city.numbered(houses[5], NUMBERS[0]), city.numbered(same[-1], NUMBERS[1])
        self.anna = city.neighbour(city.here, self.one, name="Anna", role=Role.STEWARD)
        self.bela = city.neighbour(city.here, self.other, name="Bela")
        self.alias = self._alias()
        near_and_public = [Audience.NEARBY, Audience.PUBLIC]
        self.answered = [both for one in (self.alias, self.anna) for both in writes(one, city.here, near_and_public)]
        self.answered += writes(self.bela, city.here, [Audience.CITY])
        self.posts = [post for post, _answer in self.answered]
        self._offer()
        self.readers = readers(city, self.one)
        _invites(self.readers["verified"], [self.alias, self.bela], city.here)
        thread = make_post(self.readers["verified"], city.here, audience=Audience.CITY)
        self.answered += [(thread, make_comment(person, city.here, thread)) for person in (self.anna, self.bela)]
        self.posts.append(thread)
        self.sessions = {role: signed_in(app, person) for role, person in self.readers.items()}
        quarters = [city.here.slug, city.beside.slug, city.far.slug]
        samples = {"slug": quarters, "token": ["t" * 43], "code": ["7K2M9QXD"], "path": ["README.md"]}
        self.addresses = [
            *paths(
                app, samples, [uid_of(post) for post in self.posts], [(uid_of(a), uid_of(b)) for a, b in self.answered]
            ),
            *(f"/write/reach?audience={audience}" for audience in Audience),
            "/map?nearby=1",
            "/map?show=offers",
            "/map.geojson?nearby=1",
            "/map.geojson?show=offers&grid=9",
        ]
        self.forms = [("/find-my-quarter", {"q": f"{house.street} {house.number}"}) for house in (self.one, self.other)]

    def _offer(self):
        """Both offer something and let it stand in their cell on the map; so does she whose every word is a canary, at no point."""
        for number, one in enumerate((self.anna, self.bela, self.alias)):
            self.posts.append(make_offer(one, self.city.here, title=f"Ding {number}"))
        with as_owner(), atomic():
            for one in (self.anna, self.bela):
                choosing.place_on_map(db.session.get_one(Person, one.id), True)

    def _alias(self):
        """Somebody whose every word is a canary, of the team and with a letter in her past; then she bears another name."""
        city = self.city
        her = city.neighbour(
            city.here, self.her_door, name=HER_NAME[0], last_name=HER_NAME[1], display_name="Kanaria Zaunkönig",
            name_nearby="Kanaria Z.", name_city="Kanaria", street_shown=HER_DOOR[0], role=Role.STEWARD,
        )  # fmt: skip
        city.moves_in(her, self.her_door, HER_NAME[2])
        writes(her, city.here, [Audience.PUBLIC])
        with as_owner(), atomic():
            mine = db.session.get_one(Person, her.id)
            mine.is_listed = False
            chosen = choosing.chosen_by(mine)._replace(alias="Lastenrad", street=None)
            choosing.set_appearance(mine, first=mine.first_name, last=mine.last_name, chosen=chosen)
        return her

    def read(self, roles=ROLES, only=""):
        """(role, path) → what comes, to browsers with the same sessions in the same state."""
        forget_what_was_kept(self.city.app)
        addresses = [path for path in self.addresses if path.startswith(only)]
        forms = [form for form in self.forms if form[0].startswith(only)]
        found = {}
        for role in roles:
            pages = walk(browser(self.city.app, self.sessions[role]), addresses, forms)
            found.update({(role, path): page for path, page in pages.items()})
        return found

    def issues(self):
        """role → the digest that this reader would get now, as it is sent."""
        found = {}
        with clock.freeze(MORNING + timedelta(days=1)), scope.use(scope.NOBODY):
            for role, person in self.readers.items():
                found[role] = sending.preview(person.id, self.city.app.extensions["config"]) if person else None
        return {role: issue[0] for role, issue in found.items() if issue is not None}

    def exchange(self):
        self.city.moves_in(self.anna, self.other)
        self.city.moves_in(self.bela, self.one)

    def protect(self):
        with as_owner(), atomic():
            choosing.protect(db.session.get_one(Person, self.alias.id), alias="Lastenrad")


def _invites(host, guests, quarter):
    """They came by this neighbour's invitation, which is over."""
    with as_owner(), atomic():
        made = Invitation(
            person_id=host.id, quarter_id=quarter.id, depth=0, code_hash=b"x", most_uses=len(guests), uses=len(guests),
            expires_at=clock.now() + timedelta(days=14),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        db.session.add_all([InvitationUse(invitation_id=made.id, person_id=guest.id) for guest in guests])


def different(before, after):
    """What differs, and where it begins to: (which page of whom, before, after)."""
    return [(key, *_parting(before[key], after[key])) for key in before if before[key] != after[key]]


def _parting(one, other):
    one, other = str(one), str(other)
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[max(at - 60, 0) : at + 120], other[max(at - 60, 0) : at + 120]


@pytest.fixture
def story(app):
    return Story(app)


def test_nobody_can_tell_who_of_two_in_a_cell_lives_where_and_no_canary_sings(story, jobs, mailbox, capsys):
    """And nobody can tell that the profile of a third has been protected meanwhile."""
    before, mails_before = story.read(), story.issues()
    story.exchange()
    story.protect()
    after, mails_after = story.read(), story.issues()
    assert different(before, after) == [] and different(mails_before, mails_after) == []
    assert len(mails_before) >= 3 and all(b"Lastenrad" in mail for mail in mails_before.values())
    for name in (b"Anna P.", b"Lastenrad"):
        shown = {role for role, path in before if name in before[role, path][2]}
        assert shown >= {"vouched", "verified", "housemate", "beside", "steward"}  # they do see her
    assert b"Bela P." in before["verified", "/me/invitations"][2]
    pin = f'"count":2,"tone":"offer","url":"#o-{story.city.cell_of(story.one)}"'.encode()
    for role in ("verified", "housemate", "steward", "operator"):
        assert pin in before[role, "/map.geojson?show=offers&grid=9"][2], "what stands on the map was looked at"
    for role in ("vouched", "beside", "far"):
        assert b'"what":"place"' not in before[role, "/map.geojson?show=offers&grid=9"][2]
    assert [key for key, page in before.items() if any(word in page[2] for word in CANARIES)] == []
    untyped = {key: page for key, page in before.items() if not key[1].startswith("/find-my-quarter {")}
    assert [key for key, page in untyped.items() if any(each.encode() in page[2] for each in NUMBERS)] == []
    _mails_are_silent_too(jobs, mailbox)
    pages = {re.split("[? ]", path)[0] for _role, path in before}
    opened = {re.split("[? ]", path)[0] for (_role, path), page in before.items() if page[0] == 200}
    assert (len(pages) >= LEAST_PAGES, len(opened) >= LEAST_OPEN) == (True, True), (len(pages), len(opened))
    assert set(story.sessions) == set(ROLES)
    with capsys.disabled():
        print(f" swap of two homes: {len(pages)} pages, {len(before)} answers to roles, byte-equal", end="")


def test_a_house_number_is_read_by_its_owner_alone(story, client):
    """The canaries that nobody else met are where they belong."""
    sign_in(client, story.anna)
    page = client.post("/settings/address")
    assert page.status_code == 200 and story.one.street in page.text and NUMBERS[0] in page.text
    assert NUMBERS[1] not in page.text


def _mails_are_silent_too(jobs, mailbox):
    with clock.freeze(MORNING + timedelta(days=1)):
        digests.open_due("Europe/Berlin")
        jobs.run()
    mails = mailbox.messages()
    assert any("Lastenrad" in mail.text for mail in mails)
    assert [
        mail for mail in mails if any(word in mail.raw + mail.text.encode() + mail.html.encode() for word in CANARIES)
    ] == []


@pytest.mark.thorough
@pytest.mark.parametrize("leak", ["number", "point"])
def test_a_leak_of_the_house_or_its_point_would_be_seen(story, monkeypatch, leak):
    """The test's own test: a byline that says where somebody lives makes pages differ."""
    from neighbour.accounts import appearance
    from neighbour.contributions import cards

    where = {story.anna.public_id: story.one, story.bela.public_id: story.other}

    def telling(face, ring, quarter=""):
        house = where.get(face.key)
        said = "" if house is None else house.number if leak == "number" else f"{house.lat:.5f}"
        by = appearance.seen(face, ring, quarter)
        return Byline(f"{by.name} {said}", by.key, by.street, by.quarter)

    monkeypatch.setattr(cards, "seen", telling)
    before = story.read(["verified", "anonymous"], only="/c/")
    assert different(before, story.read(["verified", "anonymous"], only="/c/")) == []
    story.exchange()
    where.update({story.anna.public_id: story.other, story.bela.public_id: story.one})
    told = different(before, story.read(["verified", "anonymous"], only="/c/"))
    assert {role for (role, _path), *_parts in told} == {"verified", "anonymous"}
