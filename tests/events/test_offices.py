"""What an initiative's list brought is the initiative's: whoever sent it may move, stop speaking for it, or be forgotten."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from neighbour.accounts.models import Person
from neighbour.contributions import leaving as leaving_room
from neighbour.contributions import muting, offices
from neighbour.contributions import service as base
from neighbour.contributions.models import Audience, Contribution
from neighbour.contributions.muting import What
from neighbour.contributions.service import NotPossible
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.digests import service as digests
from neighbour.events import answers, changing, feeds, importing, service
from neighbour.events.importing import Becomes
from neighbour.events.list_rows import Choices
from neighbour.events.models import FeedKind
from neighbour.initiatives import service as initiatives
from neighbour.mydata import archive, erasing
from neighbour.residency.leaving import Leaving
from tests.digests.helpers import NEXT_MORNING, body, make_reader
from tests.events.lists import BERLIN, HEAD, LIST, imported, rows, source
from tests.events.lists import read as read_list
from tests.factories import (
    make_comment,
    make_event,
    make_initiative,
    make_move,
    make_person,
    make_post,
    make_quarter,
    sign_in,
    viewer_of,
)
from tests.residency.breaking import Broken, breaking_at
from tests.support.meeting import at_once, meanwhile
from tests.support.photos import no_photos, photo, work
from tests.support.photos import post as send_form

NAME = "Zerlinde"  # of whoever sends the first list: it stands nowhere
HOUSE = "Haus am Kanal"
KEPT = "SELECT c.title, c.author_id, c.state, c.is_left, c.quarter_id FROM contribution c WHERE c.is_office ORDER BY c.title"


@pytest.fixture
def first(here):
    """Has spoken for the initiative the longest."""
    return make_person(here, name=NAME, display_name=f"{NAME} Z.", alias=f"{NAME} Z.")


@pytest.fixture
def second(here):
    return make_person(make_quarter("Fern"), name="Theo")


@pytest.fixture
def third(here):
    return make_person(here, name="Uta")


@pytest.fixture
def house(here, first, second, third):
    return make_initiative(here, first, second, third)


@pytest.fixture
def chor(here, first, house, owner):
    """One of the two events of the list that the first editor has sent."""
    imported(LIST, source(first, here, "i:1", house))
    return only(owner, "Chor")


def only(owner, title):
    (key,) = owner.execute("SELECT id FROM contribution WHERE title = %s", [title]).fetchone()
    return key


def read(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def searched(client, words):
    found = client.post("/search", data={"words": words})
    assert found.status_code == 303
    return read(client, found.headers["Location"])


def keepers(owner):
    """Whoever keeps what is up, once each; all of it has to be up, where it was and under its name."""
    found = owner.execute(KEPT).fetchall()
    assert {(row[2], row[3]) for row in found} == {("published", False)}
    assert [row[0] for row in found] == ["Chor", "Repair-Café"]
    return {row[1] for row in found}


def stops(house, person):
    """Speaks for the initiative no longer."""
    with as_owner():
        assert initiatives.remove_editor(house, person)


def begins(house, person):
    with as_owner():
        initiatives.name_editor(house, person, initiatives.EditorRole.EDITOR)


def goes(person, *, keeps_texts=False, grace=timedelta()):
    """Leaves for good, to the end."""
    wish = erasing.begin(person.id, keeps_texts=keeps_texts, grace=grace)
    with scope.use(scope.NOBODY):
        assert erasing.run(wish.id) is (grace == timedelta())


def changed(table, person, **values):
    with as_owner(), atomic():
        row = db.session.get_one(table, person.id, populate_existing=True)
        for name, value in values.items():
            setattr(row, name, value)


def comes(guest, here, owner, event_id, is_coming=True):
    (date_id,) = owner.execute("SELECT id FROM occurrence WHERE event_id = %s", [event_id]).fetchone()
    with scope.use(viewer_of(guest, here)), atomic():
        return answers.answer(date_id, is_coming=is_coming, companions=1)


# Signed by the initiative -------------------------------------------------------------------------------------------------


def test_whoever_sent_the_list_is_named_nowhere_and_the_initiative_wherever_somebody_is(
    client, visitor, here, first, chor, jobs, mailbox, frozen_clock
):
    guest = make_reader(here)
    sign_in(client, guest)
    with scope.use(viewer_of(guest, here)), atomic():
        feed = f"/calendar/{feeds.make(guest.id, FeedKind.QUARTER)}.ics"
    page, pages = f"/c/{to_uid(chor)}", {}
    for path in (
        "/board", "/events", "/events/month", "/map", "/board?kind=event", page, page + "/history", page + "/calendar.ics", feed,
    ):  # fmt: skip
        pages[path] = read(client, path)
    pages["search"] = searched(client, "Chor")
    assert client.post(page + "/keep", data={"keep": "1"}).status_code == 303
    pages["kept"] = read(client, "/me/kept")
    pages["in public"] = visitor().get(page).get_data(as_text=True)
    with clock.freeze(NEXT_MORNING):
        digests.open_due("Europe/Berlin")
        jobs.run()
    (mail,) = [each for each in mailbox.messages() if guest.email in each.recipients]
    pages["digest"] = body(mail)
    pages["digest, as text"] = mail.text
    assert [path for path, said in pages.items() if NAME in said] == []
    signed = {path for path, said in pages.items() if HOUSE in said.replace("\r\n ", "")}
    assert signed >= {
        "/board",
        "search",
        "kept",
        page,
        page + "/calendar.ics",
        feed,
        "in public",
        "digest",
        "digest, as text",
    }
    assert '"organizer":' in pages["in public"] and f'byline__who"><a href="/i/haus">{HOUSE}</a>' in pages[page]
    assert "Von Haus" not in pages[page] and 'value="author"' not in pages[page], "there is no neighbour to be silenced"


def test_what_an_editor_answers_is_their_own_and_says_not_who_keeps_the_event(client, here, first, third, chor):
    with scope.use(viewer_of(first, here)), atomic():
        event = service.of_person(chor)
    make_comment(first, here, event, "Noten gibt es vor Ort.")
    sign_in(client, third)
    page = client.get(f"/c/{to_uid(chor)}").get_data(as_text=True)
    assert f"{NAME} Z." in page and "hat das ausgehängt" not in page


@pytest.mark.parametrize(
    ("state", "says"),
    [({"suspended_at": clock.now}, "Eine Initiative"), ({"verified_at": lambda: None}, "Eine Initiative")],
)
def test_an_initiative_whose_page_is_gone_signs_without_its_name_at_once(
    client, here, house, first, third, chor, state, says
):
    sign_in(client, third)
    assert HOUSE in client.get("/board").get_data(as_text=True)
    changed(type(house), house, **{name: value() for name, value in state.items()})
    for path in ("/board", f"/c/{to_uid(chor)}", f"/c/{to_uid(chor)}/calendar.ics"):
        page = client.get(path).get_data(as_text=True)
        assert HOUSE not in page and NAME not in page, path
        assert says in page or path.endswith(".ics")


def test_the_operators_list_is_signed_by_the_operator(client, here, first, third, owner):
    boss = make_person(make_quarter("Rathaus"), name="Bossin", is_operator=True)
    imported(LIST, source(boss, here, f"q:{here.key}"))
    sign_in(client, third)
    page = client.get(f"/c/{to_uid(only(owner, 'Chor'))}").get_data(as_text=True)
    assert "Bossin" not in page and 'byline__who">Der Betreiber' in page.partition("<main")[2]


def test_what_an_editor_composes_is_their_own(here, first, house, owner):
    event = make_event(first, here, datetime(2026, 5, 30, 18))
    assert owner.execute("SELECT is_office FROM contribution WHERE id = %s", [event.id]).fetchone() == (False,)
    goes(first)
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (0,)


def test_nobody_silences_an_initiative_with_whoever_keeps_its_events(client, here, first, third, chor, owner):
    sign_in(client, third)
    own = make_post(first, here, title="Von mir selbst")
    with scope.use(viewer_of(third, here)), atomic():
        with pytest.raises(NotPossible):
            muting.mute(third.id, db.session.get_one(Contribution, chor), What.AUTHOR)
        muting.mute(third.id, db.session.get_one(Contribution, own.id), What.AUTHOR)
    assert client.post(f"/c/{to_uid(chor)}/mute", data={"what": "author"}).status_code == 303
    assert owner.execute("SELECT count(*) FROM mute").fetchone() == (1,)
    pages = {path: read(client, path) for path in ("/board", "/events")} | {"search": searched(client, "Chor")}
    for path, page in pages.items():
        assert f'href="/c/{to_uid(chor)}' in page, path
        assert "Von mir selbst" not in page
    with scope.use(viewer_of(third, here)):
        on_map = db.session.execute(
            text("SELECT count(*) FROM events_on_map(:here, :at, :at)"), {"here": here.id, "at": clock.now()}
        )
        assert on_map.scalar() == 2
    assert not muting.Muted(frozenset({first.id})).hides(None, "culture", is_urgent=False)


# Kept by whoever speaks for it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["role", "all", "texts", "hidden", "suspended"])
def test_whatever_becomes_of_the_keeper_it_passes_to_whoever_has_spoken_longest_with_all_that_hangs_on_it(
    here, first, second, third, house, chor, owner, frozen_clock, way
):
    guest = make_person(here, name="Gast")
    assert comes(guest, here, owner, chor) == "coming"
    with scope.use(viewer_of(first, here)), atomic():
        event = service.of_person(chor)
        assert event is not None
        service.tell_guests(event, "Hintereingang")
        base.revise(
            event, editor_id=first.id, category="culture", title="Chor", body_md="Neu.", audience=Audience.PUBLIC
        )
    make_comment(guest, here, event, "Ich bringe Noten mit.")
    facts = (
        "SELECT e.sequence, (SELECT to_jsonb(p) FROM participation p), (SELECT text FROM event_for_guests),"
        " (SELECT count(*) FROM comment), (SELECT array_agg(i.uid ORDER BY i.uid) FROM event_import i),"
        " (SELECT array_agg(r.body_md) FROM revision r), (SELECT array_agg(r.quarter_id) FROM reach r WHERE r.contribution_id = e.id)"
        " FROM event e WHERE e.id = %s"
    )
    before = owner.execute(facts, [chor]).fetchone()
    frozen_clock.tick(60)
    if way == "role":
        stops(house, first)
    elif way == "suspended":
        changed(Person, first, status="suspended")
    else:
        goes(first, keeps_texts=way == "texts", grace=timedelta(days=14) if way == "hidden" else timedelta())
    assert keepers(owner) == {second.id}
    assert owner.execute(facts, [chor]).fetchone() == before
    left = owner.execute("SELECT count(*) FROM person WHERE id = %s", [first.id]).fetchone()
    assert left == (0 if way in ("all", "texts") else 1,), "nothing of the initiative's holds them"


@pytest.mark.parametrize("choice", list(Leaving))
def test_whoever_moves_goes_on_keeping_it_and_takes_nothing_along(client, here, first, third, chor, owner, choice):
    new = make_quarter("Neuland")
    with scope.use(viewer_of(first, here)), atomic():
        leaving_room.settle(first.id, here.id, choice)
    make_move(first, new)
    assert keepers(owner) == {first.id}
    assert {row[4] for row in owner.execute(KEPT).fetchall()} == {here.id}
    with scope.use(viewer_of(first, new)):
        assert leaving_room.left_by(first.id).is_empty
    sign_in(client, third)
    page = client.get(f"/c/{to_uid(chor)}").get_data(as_text=True)
    assert HOUSE in page and "Ehemalige" not in page and NAME not in page


def test_where_nobody_speaks_for_it_the_operator_keeps_it_until_somebody_does_again(
    here, first, second, third, house, chor, owner, frozen_clock
):
    boss, deputy = (make_person(name=name, is_operator=True, created_at=clock.now()) for name in ("Bossin", "Vize"))
    assert keepers(owner) == {first.id}
    for each, heir in ((third, first), (second, first), (first, boss)):
        stops(house, each)
        assert keepers(owner) == {heir.id}
    changed(Person, boss, is_operator=False)
    assert keepers(owner) == {deputy.id}
    begins(house, third)
    assert keepers(owner) == {third.id}
    begins(house, second)
    assert keepers(owner) == {third.id}, "whoever keeps it and may goes on"


def test_whoever_comes_back_has_again_what_only_they_could_keep(here, first, house, chor, second, third, owner, jobs):
    boss = make_person(name="Bossin", is_operator=True)
    stops(house, second)
    stops(house, third)
    wish = erasing.begin(first.id, keeps_texts=False)
    assert keepers(owner) == {boss.id}
    with scope.use(scope.Viewer(first.id)), atomic():
        erasing.bring_back(first.id, has_another_address=False)
    assert keepers(owner) == {first.id} and wish.stash["hidden"]["contribution"] == []


def test_where_nobody_is_left_at_all_it_stays_and_waits_for_whoever_comes(
    app, client, here, first, second, third, house, chor, owner, frozen_clock
):
    sign_in(client, first)
    with no_photos(app):
        form = {
            "kind": "event",
            "category": "culture",
            "day": "2026-06-02",
            "from_time": "19:00",
            "until_time": "21:00",
            "place": "Saal",
        }
        send_form(
            client, f"/c/{to_uid(chor)}/edit", photo(), **form, title="Chor", body_md="Mit Bild.", for_guests="Hof"
        )
        work(app)
        for each in (third, second):
            stops(house, each)
        goes(first)
        assert keepers(owner) == {first.id}
        row = owner.execute("SELECT display_name, email, status FROM person WHERE id = %s", [first.id]).fetchone()
        assert row == ("", "", "erased")
        counts = "SELECT (SELECT count(*) FROM photo), (SELECT count(*) FROM revision), (SELECT count(*) FROM event_for_guests)"
        assert owner.execute(counts).fetchone() == (1, 1, 1)
        assert owner.execute("SELECT count(*) FROM initiative_editor").fetchone() == (0,)
        sign_in(client, third)
        assert HOUSE in client.get(f"/c/{to_uid(chor)}").get_data(as_text=True)
        (picture,) = owner.execute("SELECT id FROM photo").fetchone()
        assert client.get(f"/p/{to_uid(picture)}/480.webp").status_code == 200
        boss = make_person(name="Bossin", is_operator=True)
        assert keepers(owner) == {boss.id}
        assert (
            owner.execute("SELECT author_id, (SELECT editor_id FROM revision) FROM photo").fetchone() == (boss.id,) * 2
        )


def test_two_who_leave_at_once_leave_it_to_the_third(app, here, first, second, third, house, chor, owner):
    def leave(person):
        def go():
            with app.app_context():
                return erasing.begin(person.id, keeps_texts=False).person_id

        return go

    assert at_once(leave(first), leave(second)) == [first.id, second.id]
    assert keepers(owner) == {third.id}


@pytest.mark.parametrize("moment", ["judge", "_put"])
def test_what_comes_in_while_its_sender_leaves_passes_on_as_well(
    app, here, first, second, house, owner, monkeypatch, moment
):
    """The list was looked at, or is in the middle of coming in: nothing of it is overlooked."""

    def leave():
        with app.app_context():
            erasing.begin(first.id, keeps_texts=False)

    threads = meanwhile(monkeypatch, importing, moment, leave)
    imported(LIST, source(first, here, "i:1", house))
    threads[0].join()
    assert keepers(owner) == {second.id}
    assert owner.execute("SELECT status FROM person WHERE id = %s", [first.id]).fetchone() == ("erased",)


@pytest.mark.thorough
def test_wherever_erasing_breaks_it_stands_and_the_next_worker_goes_on(here, owner, monkeypatch, frozen_clock):
    point = 0
    while True:
        with as_owner(), atomic():
            db.session.execute(text("DELETE FROM contribution"))
            db.session.execute(text("DELETE FROM initiative"))
        ada, heir = make_person(here, name="Ada"), make_person(here, name="Heir")
        house = make_initiative(here, ada, heir)
        imported(LIST, source(ada, here, "i:1", house))
        wish = erasing.begin(ada.id, keeps_texts=False, grace=timedelta())
        try:
            with breaking_at(monkeypatch, point), scope.use(scope.NOBODY):
                assert erasing.run(wish.id)
            break
        except Broken:
            assert keepers(owner) == {heir.id}
            with scope.use(scope.NOBODY):
                assert erasing.run(wish.id), point
        assert keepers(owner) == {heir.id}
        point += 1
    assert point >= len(erasing.steps()) and keepers(owner) == {heir.id}


# Tended by whoever keeps it ----------------------------------------------------------------------------------------------


def test_the_next_editor_sends_the_list_on_and_nothing_stands_there_twice(
    here, first, second, house, chor, owner, frozen_clock
):
    goes(first)
    frozen_clock.tick(60)
    more = "3;Sommerfest;festival;2026-06-06 15:00;2026-06-06 20:00;;Hof;;\n"
    report = imported(LIST.replace("Saal", "Hof") + more, source(second, here, "i:1", house))
    assert [row.becomes for row in report.rows] == [Becomes.SAME, Becomes.CHANGED, Becomes.NEW]
    found = rows(owner, "title, author_id, place, initiative_id")
    assert found == [
        ("Chor", second.id, "Hof", house.id), ("Repair-Café", second.id, "Spulengasse 11", house.id), ("Sommerfest", second.id, "Hof", house.id),
    ]  # fmt: skip
    assert imported(LIST.replace("Saal", "Hof") + more, source(second, here, "i:1", house)).to_do == 0
    assert only(owner, "Chor") == chor


def test_what_an_operator_sends_for_an_initiative_is_kept_by_whoever_speaks_for_it(here, first, house, owner):
    boss = make_person(name="Bossin", is_operator=True)
    imported(LIST, source(boss, here, "i:1", house))
    assert keepers(owner) == {first.id}


def test_what_was_taken_down_stays_down_and_is_the_next_ones_to_know(here, first, second, house, chor, owner):
    with scope.use(viewer_of(first, here)), atomic():
        base.withdraw(service.of_person(chor))
    stops(house, first)
    assert owner.execute("SELECT author_id, state FROM contribution WHERE id = %s", [chor]).fetchone() == (
        second.id,
        "withdrawn",
    )
    changed_list = LIST.replace("Saal", "Hof")
    assert [row.becomes for row in imported(changed_list, source(second, here, "i:1", house)).rows] == [
        Becomes.SAME,
        Becomes.DOWN,
    ]


def test_a_keeper_from_elsewhere_changes_a_series_and_it_stays_the_initiatives(
    client, visitor, here, first, second, third, house, owner, frozen_clock
):
    series = f"{HEAD};rule\n1;Probe;culture;2026-05-19 18:00;2026-05-19 20:00;;Saal;;;FREQ=WEEKLY\n"
    imported(series, source(first, here, "i:1", house))
    stops(house, first)
    probe = only(owner, "Probe")
    page = f"/c/{to_uid(probe)}"
    others = visitor()
    for browser, person, status in ((client, second, 200), (others, third, 404)):
        sign_in(browser, person)
        assert browser.get(page + "/date?day=2026-05-26").status_code == status
    assert "Ändern" in client.get(page).get_data(as_text=True)
    moved = {"day": "2026-05-27", "from_time": "19:00", "until_time": "21:00", "place": "Saal", "reaches": "following"}
    assert client.post(page + "/date?day=2026-05-26", data=moved).status_code == 303
    found = owner.execute(
        "SELECT author_id, is_office, initiative_id, until_on FROM event JOIN contribution USING (id) ORDER BY begins"
    ).fetchall()
    assert found == [(second.id, True, house.id, date(2026, 5, 25)), (second.id, True, house.id, None)]
    fields = {
        "kind": "event", "category": "culture", "title": "Probe im Mai", "body_md": "", "day": "2026-05-19", "from_time": "18:00",
        "until_time": "20:00", "repeats": "weekly", "repeats_until": "2026-05-25", "audience": "public",
    }  # fmt: skip
    assert client.post(page + "/edit", data=fields).status_code == 303
    assert client.post(page + "/call-off").status_code == 303
    assert others.post(page + "/call-off").status_code == 404
    assert owner.execute(
        "SELECT title, cancelled_at IS NOT NULL FROM event JOIN contribution USING (id) WHERE id = %s", [probe]
    ).fetchone() == ("Probe im Mai", True)


def test_an_operator_who_lives_nowhere_here_changes_what_is_public(client, here, first, second, third, house, chor):
    boss = make_person(name="Bossin", is_operator=True)
    for each in (third, second, first):
        stops(house, each)
    sign_in(client, boss)
    fields = {
        "kind": "event", "category": "culture", "title": "Chor", "body_md": "Neu.", "day": "2026-06-02", "from_time": "19:00",
        "until_time": "21:00", "place": "Saal", "audience": "public",
    }  # fmt: skip
    assert client.post(f"/c/{to_uid(chor)}/edit", data=fields).status_code == 303
    assert "Neu." in client.get(f"/c/{to_uid(chor)}").get_data(as_text=True)


def test_whoever_keeps_it_now_and_wanted_to_come_still_comes_or_does_not(
    client, here, first, second, third, house, chor, owner
):
    assert comes(third, here, owner, chor) == "coming"
    stops(house, second)
    stops(house, first)
    assert keepers(owner) == {third.id}
    sign_in(client, third)
    page = client.get(f"/c/{to_uid(chor)}").get_data(as_text=True)
    assert "Doch nicht" in page and f"/c/{to_uid(chor)}/call-off" in page
    (date_id,) = owner.execute("SELECT id FROM occurrence WHERE event_id = %s", [chor]).fetchone()
    box = client.post(f"/events/{to_uid(date_id)}/answer", data={"come": "0"}, headers={"HX-Request": "true"})
    assert box.status_code == 200
    assert owner.execute("SELECT state FROM participation").fetchone() == ("declined",)


def test_ones_own_event_is_answered_by_others_alone(client, here, first, owner):
    event = make_event(first, here, datetime(2026, 5, 30, 18))
    (date_id,) = owner.execute("SELECT id FROM occurrence WHERE event_id = %s", [event.id]).fetchone()
    sign_in(client, first)
    assert client.post(f"/events/{to_uid(date_id)}/answer", data={"come": "1"}).status_code == 404


def test_only_whoever_holds_an_office_pins_up_in_it_from_elsewhere(here, first, second, house):
    """The wall: whoever lives elsewhere writes there for the initiative they speak for, and nothing else."""
    plan = service.Plan(datetime(2026, 5, 30, 18), datetime(2026, 5, 30, 20), "Europe/Berlin")
    words = {
        "quarter_id": here.id,
        "category": "culture",
        "title": "x",
        "body_md": "",
        "audience": Audience.QUARTER,
        "plan": plan,
    }
    other = make_initiative(here, first, slug="anderes")
    for mine in ({}, {"is_office": True}, {"initiative_id": other.id}):
        with pytest.raises(ProgrammingError, match="row-level security"), scope.use(scope.Viewer(second.id)), atomic():
            service.publish(author_id=second.id, **words, **mine)
    with scope.use(scope.Viewer(second.id)), atomic():
        event = service.publish(author_id=second.id, **words, initiative_id=house.id)
        assert changing.date_of(event, date(2026, 5, 30))


def test_whoever_speaks_for_it_takes_over_what_another_one_keeps(
    client, visitor, here, first, second, third, house, chor, owner
):
    page, neighbour = f"/c/{to_uid(chor)}", visitor()
    sign_in(client, second)
    assert "Ich übernehme" in read(client, page) and client.get(page + "/edit").status_code == 404
    assert client.post(page + "/take-over").status_code == 303
    assert owner.execute("SELECT author_id FROM contribution WHERE id = %s", [chor]).fetchone() == (second.id,)
    assert "Ich übernehme" not in read(client, page) and client.get(page + "/edit").status_code == 200
    assert client.post(page + "/take-over").status_code == 404, "it is one's own already"
    sign_in(client, first)
    assert "Ich übernehme" in read(client, page) and client.get(page + "/edit").status_code == 404
    sign_in(neighbour, make_person(here))
    assert "Ich übernehme" not in read(neighbour, page) and neighbour.post(page + "/take-over").status_code == 404
    stops(house, first)
    assert client.post(page + "/take-over").status_code == 404
    changed(Person, third, status="suspended")
    sign_in(client, third)
    assert client.post(page + "/take-over").status_code == 404
    assert owner.execute("SELECT author_id FROM contribution WHERE id = %s", [chor]).fetchone() == (second.id,)


def test_nobody_takes_over_what_is_a_persons_own_or_taken_down(client, here, first, second, house, chor, owner):
    own = make_event(first, here, datetime(2026, 5, 30, 18))
    sign_in(client, second)
    assert client.post(f"/c/{to_uid(own.id)}/take-over").status_code == 404
    with scope.use(viewer_of(first, here)), atomic():
        base.withdraw(service.of_person(chor))
    assert client.post(f"/c/{to_uid(chor)}/take-over").status_code == 404
    with scope.use(viewer_of(second, here)), atomic():
        assert not offices.take(own.id) and not offices.take(chor)
    with scope.use(scope.NOBODY), atomic():
        assert not offices.take(chor)
    assert {row[0] for row in owner.execute("SELECT author_id FROM contribution").fetchall()} == {first.id}


def test_an_operator_takes_over_with_a_second_factor_what_no_initiative_speaks_for(client, visitor, here, first, owner):
    bosses = [make_person(here, name=name, is_operator=True) for name in ("Bossin", "Vize")]
    imported(LIST, source(bosses[0], here, f"q:{here.key}"))
    chor, resident = only(owner, "Chor"), visitor()
    sign_in(resident, first)
    assert resident.post(f"/c/{to_uid(chor)}/take-over").status_code == 404
    sign_in(client, bosses[1], is_strong=False)
    assert client.post(f"/c/{to_uid(chor)}/take-over").status_code == 404
    sign_in(client, bosses[1])
    assert client.post(f"/c/{to_uid(chor)}/take-over").status_code == 303
    assert owner.execute("SELECT author_id FROM contribution WHERE id = %s", [chor]).fetchone() == (bosses[1].id,)


def test_a_keeper_from_elsewhere_reads_where_it_hangs_and_whose_name_stands_there(
    client, here, first, second, third, house, chor
):
    for each in (third, first):
        stops(house, each)
    sign_in(client, second)
    form = read(client, f"/c/{to_uid(chor)}/edit")
    assert f"sondern „{HOUSE}“" in form and here.name in form and "Fern" not in form.partition("<main")[2]
    assert "Haushalt" in read(client, f"/c/{to_uid(chor)}/edit/reach?audience=quarter")
    boss = make_person(name="Bossin", is_operator=True)
    stops(house, second)
    sign_in(client, boss)
    assert here.name in read(client, f"/c/{to_uid(chor)}/edit"), "whoever lives nowhere keeps it as well"


def test_a_series_cut_in_two_by_an_editor_stays_so_whatever_the_list_says(here, first, house, owner):
    series = f"{HEAD};rule\n1;Probe;culture;2026-05-19 18:00;2026-05-19 20:00;;Saal;;{{}};FREQ=WEEKLY\n"
    mine = source(first, here, "i:1", house)
    imported(series.format("Alt"), mine)
    with scope.use(viewer_of(first, here)), atomic():
        event = service.of_person(only(owner, "Probe"))
        moved = datetime(2026, 6, 16, 19), datetime(2026, 6, 16, 21)
        changing.change_following(event, date(2026, 6, 16), *moved, "Saal")
    days = "SELECT slot_on FROM occurrence WHERE slot_on BETWEEN '2026-05-25' AND '2026-06-30' ORDER BY slot_on"
    before = owner.execute(days).fetchall()
    assert [row[0].day for row in before] == [26, 2, 9, 16, 23, 30]
    assert imported(series.format("Alt"), mine).to_do == 0
    assert imported(series.format("Neu"), mine).to_do == 1
    assert imported(series.format("Neu"), mine).to_do == 0, "what the row said is known, not what became of it"
    assert owner.execute(days).fetchall() == before
    texts = "SELECT body_md, until_on FROM event JOIN contribution USING (id) ORDER BY begins"
    assert owner.execute(texts).fetchall() == [("Neu", date(2026, 6, 15)), ("Alt", None)]
    with clock.freeze(datetime(2026, 6, 20, tzinfo=UTC)):
        (row,) = importing.judge(*read_list(series.format("Neuer")), Choices(BERLIN), mine).rows
        assert row.becomes is Becomes.WRONG
        assert row.wrong == (("uid", "Ab 16. Juni 2026 wurde das von Hand geändert und ist seitdem eine eigene Veranstaltung."
                              " Gib der Zeile eine neue Kennung."),)  # fmt: skip
        assert importing.judge(*read_list(series.format("Neu")), Choices(BERLIN), mine).to_do == 0


def test_an_initiatives_page_says_what_it_has_announced_to_whoever_reads_it(
    client, visitor, here, first, third, house, chor, owner
):
    imported(
        f"{HEAD}\n9;Treffen;gathering;2026-06-03 19:00;;;;;\n",
        source(first, here, "i:1", house),
        audience=Audience.QUARTER,
    )
    make_event(first, here, datetime(2026, 5, 30, 18), title="Eigenes")
    in_public = read(visitor(), "/i/haus")
    assert "Chor" in in_public and "Repair-Café" in in_public and "Treffen" not in in_public
    sign_in(client, third)
    page = read(client, "/i/haus")
    assert page.index("Repair-Café") < page.index("Chor") < page.index("Treffen") and "Eigenes" not in page
    with scope.use(viewer_of(first, here)), atomic():
        changing.call_off(service.of_person(chor), None)
    assert "abgesagt" in read(client, "/i/haus")
    changed(type(house), house, suspended_at=clock.now())
    sign_in(client, first)
    assert "Chor" not in read(client, "/i/haus")


# Told to whoever keeps it, and to the operator ------------------------------------------------------------------------------


def built(person):
    target = io.BytesIO()
    with scope.use(scope.Viewer(person.id)):
        archive.write(target, person.id, "de", lambda _step: None)
    with zipfile.ZipFile(target) as whole:
        return json.loads(whole.read("data/contribution.json")), whole.read("index.html").decode()


def test_the_archive_says_whose_it_is_and_nothing_of_others(here, first, second, third, house, chor, owner):
    comes(third, here, owner, chor)
    data, page = built(first)
    said = sorted((row["title"], row["is_office"], row["initiative"]) for row in data["contribution"])
    assert said == [("Chor", True, HOUSE), ("Repair-Café", True, HOUSE)]
    assert {row["list"] for row in data["event_import"]} == {"i:1"}
    assert page.count("für die Initiative") == page.count("für andere betreut, nicht deins") == 2 <= page.count(HOUSE)
    assert "Uta" not in page and "Uta" not in json.dumps(data)
    stops(house, first)
    assert built(first)[0]["contribution"] == [] and len(built(second)[0]["contribution"]) == 2


def test_the_desk_says_for_which_initiative_nobody_speaks(client, here, first, second, third, house, chor):
    boss = make_person(here, name="Bossin", is_operator=True)
    sign_in(client, boss)

    def said(path):
        return client.get(path).get_data(as_text=True)

    assert "niemand spricht für sie" not in said("/desk/initiatives")
    for each in (third, second):
        stops(house, each)
    goes(first, grace=timedelta(days=14))
    assert "niemand spricht für sie" in said("/desk/initiatives") and "Niemand spricht für sie" in said(
        "/desk/initiatives/haus"
    )
    assert NAME not in said("/desk/initiatives/haus")
    with scope.use(scope.Viewer(boss.id)):
        assert [each.slug for each in initiatives.voiceless()] == ["haus"]
    begins(house, third)
    assert "niemand spricht für sie" not in said("/desk/initiatives") and "Uta P." in said("/desk/initiatives/haus")


def test_whoever_leaves_reads_that_what_they_imported_stays(client, visitor, here, first, house):
    stranger = visitor()
    for browser, person, is_told in ((client, first, True), (stranger, make_person(here), False)):
        sign_in(browser, person)
        assert ("für eine Initiative" in browser.get("/me/leave").get_data(as_text=True)) is is_told


def test_offices_are_settled_once(here, first, house, chor, owner):
    with scope.use(viewer_of(first, here)), atomic():
        assert offices.settle() == 0
        assert offices.names(set()) == {} and offices.names({house.id}) == {house.id: HOUSE}
    version = owner.execute("SELECT version FROM contribution WHERE id = %s", [chor]).fetchone()
    with scope.use(viewer_of(first, here)), atomic():
        assert offices.settle() == 0
    assert owner.execute("SELECT version FROM contribution WHERE id = %s", [chor]).fetchone() == version
