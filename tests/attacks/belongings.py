"""What belongs to people of the town besides contributions: a real one of every kind that an address or a field may name.

Of each kind there is one of a role's own where a role can have one, another's in the same quarter, one of another quarter, one
that is hidden from everybody where a thing can be over, and one that does not exist. They are made through the services that
make them in the product.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import select, update

from neighbour.accounts import factors, recovery, totp
from neighbour.accounts.access_views import _name_of
from neighbour.accounts.models import LoginSession, Passkey
from neighbour.contributions import photo_drawing
from neighbour.contributions.photo_models import Photo, PhotoState
from neighbour.core import clock, scope, storage
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.sealed_files import Sealing
from neighbour.core.tokens import to_uid
from neighbour.events.models import Occurrence
from neighbour.initiatives import service as initiatives
from neighbour.initiatives.models import EditorRole
from neighbour.mydata import exports
from neighbour.policy import Level
from neighbour.quarters.models import Plan
from neighbour.residency import flyers, grading, invitations, print_runs, slips
from neighbour.residency.cases import deciding, documents, queues, visits
from neighbour.residency.cases.models import CaseState, ProofCase
from neighbour.residency.code_models import AlarmKind, CodeAlarm, InvitationUse, PrintRun, PrintState
from neighbour.residency.letter_pdf import Format
from neighbour.residency.models import Home, PlanHouse
from neighbour.residency.proofs.postcard import POSTCARD
from tests.attacks import quarrels, saved, silenced
from tests.factories import make_event, make_person, viewer_of
from tests.guards import matrix
from tests.support.authenticator import Device

if TYPE_CHECKING:
    from neighbour.accounts.models import Person
    from tests.attacks.world import World

NOTHING = "aaaaaaaaaaaaaaaaaaaaaaaaaa"  # the id of no row
NO_ID = "aaaaaaaaaaaa"  # and the public id of none
ALL = "every page"
EVERYBODY = frozenset({*matrix.PEOPLE, "author"})
DESK = frozenset({"verifier", "steward", "operator"})
TEAM = frozenset({"steward", "operator"})
OPERATOR = frozenset({"operator"})
#: people who have something and ask for nothing, and whom of the rule book they are like
EXTRAS = {
    "keys": "verified", "leaver": "verified", "asked": "verified", "mailer": "verified", "disputed": "verified", "quarrel": "verified", "guest": "unproven",
    "other guest": "unproven", "newcomer": "elsewhere", "protected": "unproven",
}  # fmt: skip
ELSEWHERE = matrix._person(Level.UNPROVEN, quarter_id=matrix.ELSEWHERE)
#: pages whose address names another kind of thing than its parts say
OF_PAGES = {
    "quarters.show": "quarter", "pages.language": "language", "residency.code_from_link": "code",
    "initiatives.visit_from_link": "visit code",
    **dict.fromkeys(("events.one_date", "events.change_date", "events.asks_to_call_off", "events.call_off"), "event"),
    **{f"offers.{step}": "offer" for step in (
        "ask", "step_back", "asks_to_step_back", "wait_again", "promise", "pass_on", "asks_to_pass_on", "decline", "asks_to_decline", "hand_over",
        "take_back", "prolong", "returned", "extend")},
}  # fmt: skip
PICTURE = b"\xff\xd8\xff\xe0 a page of a document"
CROWD = 8  # accounts in one house, the last of which waits


@dataclass(frozen=True)
class Thing:
    """Something an address names: the values to put there, and which roles may know that it is there, by page.

    owner: who it belongs to where that is no role; they see it on some page. is_over: it was there once and nobody sees it.
    """

    label: str
    values: dict[str, str]
    there: dict[str, frozenset[str]] = field(default_factory=dict)
    owner: str = ""
    is_over: bool = False
    page: str = ""

    def is_there_for(self, role: str) -> bool:
        """Whether this role may know of it on the page it is asked for at."""
        return role in self.there.get(self.page, self.there.get(ALL, frozenset()))


Found = dict[Any, list[Thing]]


def make(world: World) -> Found:
    """All of them, by the parts of an address that name one. In a context of the application, through nobody's eyes."""
    found: Found = {
        "quarter": [_of("a quarter", world.here.slug, "slug"), Thing("nothing", {"slug": "x" * len(world.here.slug)})],
        "language": [_of("a language", "de", "code")],
        "code": [_of("a code", "7K2M9QXD", "code")],
        ("contribution_id",): _contributions(world),
        "offer": _offers(world),
        ("contribution_id", "comment_id"): _comments(world),
        # everybody gets the same answer, whether there is one or not
        ("mute_id",): [*(Thing(f"{role}'s", each, is_over=True) for role, each in silenced.make(world).items()),
                       Thing("nothing", {"mute_id": NOTHING})],
        ("saved_id",): [*(Thing(f"{role}'s", {"saved_id": each}, {ALL: frozenset({role})}, owner=role)
                          for role, each in saved.make(world).items()), Thing("nothing", {"saved_id": NOTHING})],
        ("account",): [Thing("an open one", {"account": quarrels.make(world)}, {ALL: OPERATOR}),
                       Thing("nothing", {"account": NO_ID})],
    }  # fmt: skip
    makers: Iterable[Callable[[World], Found]] = (
        _events, _initiatives, _invitations, _flyers, _alarms, _cases, _houses, _exports, _runs, _photos,
    )  # fmt: skip
    for maker in makers:
        found |= maker(world)
    _factors(world)
    _plan(world)
    return found


def _of(label: str, value: str, part: str) -> Thing:
    return Thing(label, {part: value}, {ALL: EVERYBODY})


def _contributions(world: World) -> list[Thing]:
    found = [
        Thing(name, {"contribution_id": to_uid(post.id)}, {ALL: world.seen_by(name)}, is_over=name == "taken down")
        for name, post in world.posts.items()
    ]
    return [*found, Thing("nothing", {"contribution_id": NOTHING})]


def _offers(world: World) -> list[Thing]:
    seen = world.seen_by("another's")
    found = [Thing(name, {"contribution_id": to_uid(one.id)}, {ALL: seen}) for name, one in world.offers.items()]
    return [*found, Thing("nothing", {"contribution_id": NOTHING})]


def _comments(world: World) -> list[Thing]:
    post = to_uid(world.posts["the author's"].id)
    found = [
        Thing(f"{name} answer", {"contribution_id": post, "comment_id": to_uid(comment.id)},
              {ALL: world.seen_by("the author's") if name != "elsewhere" else frozenset()}, owner="another" if name == "another's" else "", is_over=name == "elsewhere")
        for name, comment in world.comments.items()
    ]  # fmt: skip
    return [*found, Thing("nothing", {"contribution_id": post, "comment_id": NOTHING})]


def _events(world: World) -> Found:
    """Series that begin next week: the author's, another's, one of the other quarter. Their pages are their authors' alone."""
    things, dates = [], []
    for label, owner, quarter in (
        ("the author's", "author", world.here),
        ("another's", "another", world.here),
        ("far away", "far", world.there),
    ):
        begins = datetime.combine(clock.today("Europe/Berlin") + timedelta(days=7), time(18))
        made = make_event(world.people[owner], quarter, begins, rule="FREQ=WEEKLY", title=f"Termin {label}")
        mine = frozenset({owner}) & EVERYBODY
        things.append(Thing(label, {"contribution_id": to_uid(made.id)}, {ALL: mine}, owner=owner))
        with as_owner():
            first = db.session.scalars(
                select(Occurrence.id).where(Occurrence.event_id == made.id).order_by(Occurrence.begins_at)
            ).first()
        assert first is not None
        boards = {
            role
            for role in world.roles
            if quarter.id in {world.quarter_of(n).id for n in world.identities[role].quarters}
        }
        may = frozenset(boards - {owner})
        dates.append(Thing(label, {"date_id": to_uid(first)}, {ALL: may}, owner=owner))
    return {
        "event": [*things, Thing("nothing", {"contribution_id": NOTHING})],
        ("date_id",): [*dates, Thing("nothing", {"date_id": NOTHING})],
    }


# Initiatives ------------------------------------------------------------------------------------------------------------


def _initiatives(world: World) -> Found:
    """One the author speaks for, one of somebody else, one that waits for the operator, one that was suspended."""
    things, visible = [], {"initiatives.show": EVERYBODY}
    at_desk = dict.fromkeys(("initiatives.desk_one", "initiatives.desk_act", "initiatives.suspend"), OPERATOR)
    for label, editor in (
        ("the author's", "author"),
        ("another's", "another"),
        ("waiting", "another"),
        ("suspended", "another"),
    ):
        with as_owner(), atomic():
            made = initiatives.add(
                f"Verein Nummer {len(things)}", [world.here.key], address_line="Kanalweg 41", hours="Di 16–18"
            )
            initiatives.name_editor(made, world.people[editor], EditorRole.EDITOR)
            if label != "waiting":
                initiatives.verify(made, None)
                initiatives.let_confirm(made, True)
            if label == "suspended":
                initiatives.suspend(made, 0)
            if label == "the author's":
                world.place = made.public_id
            slug = made.slug
        mine = {ALL: frozenset({"author"} if editor == "author" else ())}
        seen = {**mine, **at_desk, **(visible if label.endswith("'s") else {})}
        things.append(Thing(label, {"slug": slug}, seen, owner=editor))
    resident, editor = world.people["unproven"], world.people["author"]
    with scope.use(scope.Viewer(resident.id)):
        world.visit_code = visits.renew(resident.id).code
    with scope.use(viewer_of(editor, world.here)):
        assert visits.take(editor.id, world.place, world.visit_code)
    # nobody is told by the link of a code whether there is such a code
    return {
        ("slug",): [*things, Thing("nothing", {"slug": "verein-nummer-9"})],
        "visit code": [_of("a code", world.visit_code, "code")],
    }


# Codes that are given out -----------------------------------------------------------------------------------------------


def _invitations(world: World) -> Found:
    """The author's, another's, one of the other quarter; somebody has come by each of the first two."""
    things, uses = [], []
    at_desk = "residency.invitation_end_at_desk"
    for label, owner, quarter, guest in (
        ("the author's", "author", world.here, "guest"),
        ("another's", "another", world.here, "other guest"),
        ("far away", "far", world.there, ""),
    ):
        inviter = world.people[owner]
        with scope.use(viewer_of(inviter, quarter)):
            made = invitations.make(inviter.id)
        mine = frozenset({owner}) & EVERYBODY
        desk = TEAM if quarter is world.here else OPERATOR
        things.append(Thing(label, {"invitation": made.public_id}, {ALL: mine, at_desk: desk}, owner=owner))
        if guest:
            came = world.people[guest]
            with scope.use(viewer_of(came)):
                invitations.redeem(came.id, invitations.code_of(made.public_id), "192.0.2.1")
            with as_owner():
                use = db.session.scalars(
                    select(InvitationUse.public_id).where(InvitationUse.person_id == came.id)
                ).one()
            uses.append(Thing(label, {"use": use}, {ALL: mine}, owner=owner))
    world.invitation = things[0].values["invitation"]
    return {
        ("invitation",): [*things, Thing("nothing", {"invitation": NO_ID})],
        ("use",): [*uses, Thing("nothing", {"use": NO_ID})],
    }


def _flyers(world: World) -> Found:
    things, paper = [], {"paper": next(iter(slips.Paper)).value}
    for label, quarter, streets, roles in (
        ("here", world.here, "Kanalweg 1–40", TEAM),
        ("elsewhere", world.there, "Uferweg 1–40", OPERATOR),
    ):
        with as_owner():
            made = flyers.make(flyers.Wish(quarter.id, streets), by=None)
        things.append(Thing(label, {"flyer": made.public_id}, {ALL: roles}))
    world.flyer = things[0].values["flyer"]
    things.append(Thing("nothing", {"flyer": NO_ID}))
    sheets = [Thing(each.label, {**each.values, **paper}, each.there) for each in things]
    return {("flyer",): things, ("flyer", "paper"): sheets}


def _alarms(world: World) -> Found:
    things = []
    for label, quarter, roles in (("here", world.here, TEAM), ("elsewhere", world.there, OPERATOR)):
        with as_owner(), atomic():
            alarm = CodeAlarm(
                quarter_id=quarter.id, kind=AlarmKind.INVITATION_BURST, source=f"invitation {world.invitation}{label}"
            )
            db.session.add(alarm)
            db.session.flush()
            things.append(Thing(label, {"alarm": alarm.public_id}, {ALL: roles}))
    return {("alarm",): [*things, Thing("nothing", {"alarm": NO_ID})]}


# The verification desk --------------------------------------------------------------------------------------------------


def _cases(world: World) -> Found:
    """Documents: one that the verifier has in hand, one of the other quarter, a protected person's, one that was decided."""
    protected = world.people["protected"]
    with as_owner(), atomic():
        db.session.merge(protected).is_protected = False
        hidden = {
            "alias": "Die vom Eck",
            "display_name": "Die vom Eck",
            "name_nearby": "Die vom Eck",
            "name_city": "Die vom Eck",
        }
        db.session.execute(
            update(type(protected)).where(type(protected).id == protected.id).values(**hidden, is_protected=True)
        )
    own = {
        "residency.document_page": frozenset({"unproven", "verifier"}),
        "residency.case_page": frozenset({"verifier"}),
    }
    nobody = dict.fromkeys(own, frozenset[str]())
    things = []
    for label, owner, seen in (
        ("a document here", "unproven", {ALL: DESK, **own}),
        ("one elsewhere", "newcomer", {ALL: OPERATOR, **nobody}),
        ("a protected one's", "protected", {ALL: OPERATOR, **nobody}),
        ("one decided", "vouched", {}),
    ):
        person = world.people[owner]
        with scope.use(viewer_of(person)):
            case = documents.hand_in(person.id, "bill", [PICTURE])
        if label == "one decided":
            with scope.use(viewer_of(person)), atomic():
                documents.close(db.session.merge(case), CaseState.WITHDRAWN)
        values = {"case_id": to_uid(case.id), "number": "1"}
        things.append(Thing(label, values, seen, owner=owner, is_over=label == "one decided"))
        if label == "a document here":
            _take(world, case)
    things.append(Thing("nothing", {"case_id": NOTHING, "number": "1"}))
    return {("case_id",): things, ("case_id", "number"): things}


def _take(world: World, case: ProofCase) -> None:
    verifier = world.people["verifier"]
    with scope.use(viewer_of(verifier, world.here)):
        deciding.take(queues.eyes_of(verifier.id, is_operator=False), case.id)


def _houses(world: World) -> Found:
    """A house in each quarter with more accounts than nobody asks about: the last one's proof waits."""
    things = []
    for label, quarter, roles in (("here", world.here, DESK), ("elsewhere", world.there, OPERATOR)):
        for number in range(CROWD):
            person = make_person(quarter, level=Level.UNPROVEN)
            world.move_in(person, quarter, 50, f"Viele{number} Leute{number}")
            with scope.use(viewer_of(person)):
                proof = grading.grant(person.id, POSTCARD.key, POSTCARD.level, POSTCARD.lasts)
        assert proof.held_at, "a house with so many accounts is looked at"
        with as_owner():
            house = db.session.scalars(select(Home.address_hash).where(Home.person_id == person.id)).one()
        things.append(Thing(label, {"key": bytes(house).hex()}, {ALL: roles}))
    return {("key",): [*things, Thing("nothing", {"key": "0" * len(things[0].values["key"])})]}


# Files ------------------------------------------------------------------------------------------------------------------


def _exports(world: World) -> Found:
    things = []
    for label, owner in (("the author's", "author"), ("another's", "another")):
        person = world.people[owner]
        with scope.use(viewer_of(person, world.here)):
            wish = exports.ask(person.id)
        with scope.use(scope.NOBODY):
            assert exports.build(wish.id)
        world.archives[owner] = wish.id
        mine = frozenset({owner}) & EVERYBODY
        things.append(Thing(label, {"export_id": to_uid(wish.id)}, {ALL: mine}, owner=owner))
    return {("export_id",): [*things, Thing("nothing", {"export_id": NOTHING})]}


def fetch(world: World) -> None:
    """Those archives are being fetched, each by its owner's session."""
    for owner, archive in world.archives.items():
        with world.app.app_context(), scope.use(scope.Viewer(world.people[owner].id)):
            assert exports.fetch(archive, world.browsers[owner].session)


def _runs(world: World) -> Found:
    """A batch of letters that lies there to be fetched."""
    with as_owner(), atomic():
        ready = {
            "state": PrintState.READY,
            "batch": "2026-05-12",
            "letters": 1,
            "ended_at": clock.now(),
            "wants_table": True,
        }
        run = PrintRun(asked_by_id=world.people["operator"].id, paper=Format.A6, **ready)
        db.session.add(run)
        db.session.flush()
        for kind in print_runs.KINDS:
            path = print_runs._path(world.app.extensions["config"], run.public_id, kind)
            with path.open("wb") as file, Sealing(file, path.name) as sealing:
                sealing.write(b"a batch of letters")
        name = run.public_id
    found = [Thing(kind, {"run": name, "kind": kind}, {ALL: OPERATOR}) for kind in print_runs.KINDS]
    return {("run", "kind"): [*found, Thing("nothing", {"run": NO_ID, "kind": "pdf"})]}


def _photos(world: World) -> Found:
    """One on each slip, one that the author has not pinned up, one that is still coming."""
    files, pages, uploads = [], [], []
    for label, role, post in (
        ("the author's", "author", "the author's"), ("another's", "another", "another's"), ("far away", "far", "far away"),
        ("taken down", "another", "taken down"), ("not pinned up", "author", ""),
    ):  # fmt: skip
        with as_owner(), atomic():
            kept = Photo(
                author_id=world.people[role].id, contribution_id=world.posts[post].id if post else None, size=1, received=1,
                width=320, height=240, blur="c0ffee" * 12, state=PhotoState.READY, upload_key=uuid.uuid4(),
            )  # fmt: skip
            db.session.add(kept)
            db.session.flush()
        storage.here().put(photo_drawing.file_name(kept.stored_as, 480, "webp"), b"RIFF\0\0\0\0WEBP a photo")
        seen, is_over = world.seen_by(post) if post else frozenset({"author"}), label == "taken down"
        uid = to_uid(kept.id)
        files.append(Thing(label, {"photo_id": uid, "name": "480.webp"}, {ALL: seen}, is_over=is_over))
        mine = frozenset({"author"}) if role == "author" else frozenset[str]()
        uploads.append(Thing(label, {"photo_id": uid}, {ALL: mine}, owner=role))
        if post:
            values = {"contribution_id": to_uid(world.posts[post].id), "photo_id": uid}
            pages.append(Thing(label, values, {ALL: seen}, is_over=is_over))
    world.photo, here = uploads[1].values["photo_id"], to_uid(world.posts["the author's"].id)
    return {
        ("photo_id", "name"): [*files, Thing("nothing", {"photo_id": NOTHING, "name": "480.webp"})],
        ("photo_id",): [*uploads, Thing("nothing", {"photo_id": NOTHING})],
        ("contribution_id", "photo_id"): [*pages, Thing("nothing", {"contribution_id": here, "photo_id": NOTHING})],
    }


# What fields name -------------------------------------------------------------------------------------------------------


def _factors(world: World) -> None:
    """One person has a passkey, an app and codes on paper."""
    person = world.people["keys"]
    # what a device would have handed over at registration; nothing here asks for its attestation
    site = world.app.config["SITE_URL"]
    world.device, world.seed = Device(origin=site, host=str(urlsplit(site).hostname)), totp.new_seed()
    numbers = world.device.public_key()
    with factors.eyes_of(person.id), atomic():
        key = Passkey(person_id=person.id, credential_id=world.device.credential_id, public_key=numbers, name="Handy")
        db.session.add(key)
        assert totp.install(person.id, world.seed, world.digits(world.seed, -1))
        world.recovery_code = recovery.renew(person.id)[0].replace("-", "")


def _plan(world: World) -> None:
    """A change of quarters is planned: the author may choose at one border, somebody else at another."""
    with as_owner(), atomic():
        plan = Plan(on_day=clock.now().date().replace(month=9))
        db.session.add(plan)
        db.session.flush()
        for role, other in (("author", world.near), ("another", world.there)):
            house = db.session.scalars(select(Home.address_hash).where(Home.person_id == world.people[role].id)).one()
            keys = {"from_key": world.here.key, "to_key": world.here.key, "other_key": other.key}
            db.session.add(PlanHouse(plan_id=plan.id, address_hash=house, **keys))


def named(world: World) -> dict[Any, tuple[str, str, str]]:
    """Who asks, something of somebody else's or hidden, and what is not there; by field, or by page and field."""
    far, elsewhere = to_uid(world.posts["far away"].id), to_uid(world.comments["elsewhere"].id)
    beside = to_uid(uuid.UUID(int=world.posts["far away"].id.int ^ 1))  # of the same moment, and of nothing
    key = select(Passkey.credential_id).where(Passkey.person_id == world.people["keys"].id)
    return {
        "before": ("author", far, beside), "newest": ("author", far, beside), "parent": ("author", elsewhere, NOTHING),
        "photo": ("author", world.photo, NOTHING), "photo_off": ("author", world.photo, NOTHING), "photo_told": ("author", world.photo, NOTHING), "by": ("author", elsewhere, NOTHING), "to": ("author", elsewhere, NOTHING),
        "copy": ("author", far, beside), "answers": ("author", elsewhere, NOTHING),
        "ask": ("author", to_uid(world.foreign_ask.id), NOTHING),
        "entry": ("author", "7700077", "7700078"),  # the register is the city's: no entry of it is anybody's
        "device": ("author", _name_of(_session_of(world.people["another"])), "0" * 20),
        "passkey": ("author", _name_of(bytes(db.session.scalars(key).one())), "0" * 20),
        "after": ("author", world.belongings[("date_id",)][2].values["date_id"], NOTHING),
        ("events.look_at_list", "whose"): ("author", f"q:{world.there.key}", "q:Q9999"),
        ("residency.choose_quarter", "quarter"): ("author", world.there.key, "Q9999"),
        ("residency.flyer_make", "quarter"): ("steward", str(world.there.id), "999999"),
    }  # fmt: skip


def _session_of(person: Person) -> bytes:
    mine = select(LoginSession.token_hash).where(LoginSession.person_id == person.id)
    return bytes(db.session.scalars(mine).one())
