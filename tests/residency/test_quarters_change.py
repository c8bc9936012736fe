"""Quarters that change on a day told before: what follows, who is told, who may choose, what is refused."""

from __future__ import annotations

import html
import uuid
from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices import service as notices
from neighbour.policy import Role
from neighbour.posts.models import Post
from neighbour.quarters import plans, service
from neighbour.quarters.geojson import LayerError
from neighbour.residency import borders, changing
from neighbour.residency import service as residency
from neighbour.residency.changing_notices import QuarterChanges
from tests.factories import make_comment, make_person, make_post, sign_in, viewer_of
from tests.residency.breaking import breaks_at_each_point, every_row
from tests.residency.patchwork import Patchwork, layer, on, perform, readable

DAY = date(2026, 6, 1)
ROW = {(column, 0): key for column, key in enumerate("aabbc")}
SPLIT = {**ROW, (1, 0): "n"}


@pytest.fixture
def city(context, frozen_clock):
    return Patchwork(ROW)


def texts(mailbox, person):
    return [mail.text for mail in mailbox.messages() if person.email in mail.recipients]


def homes_of_posts(owner):
    return dict(
        owner.execute("SELECT c.author_id, q.key FROM contribution c JOIN quarter q ON q.id = c.quarter_id").fetchall()
    )


#: what a quarter that is divided changes, by table
WRITTEN = (
    "address", "adjacency", "city", "contribution", "home", "membership", "plan_entry", "plan_house", "quarter", "quarter_plan",
    "quarter_stat", "reach", "reach_kept", "read_mark", "search_entry", "search_shelf", "subscription",
)  # fmt: skip
BREAKS = """
CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
"""


def test_nothing_half_done_is_left_wherever_a_change_of_quarters_breaks(city, owner, monkeypatch):
    """While it is planned at each flush and the commit; when its day comes at the first row of each table it writes."""
    left, right, beside = city.resident(0, 0), city.resident(1, 0), city.resident(2, 0)
    for author in (left, right, beside):
        make_post(author, city.quarter(city.quarter_of(author)), audience=Audience.NEARBY)
    owner.execute(
        "INSERT INTO read_mark (person_id, quarter_id, seen_up_to, moved_at)"
        " SELECT m.person_id, m.quarter_id, c.id, now() FROM membership m JOIN contribution c ON c.author_id = m.person_id"
    )
    assert breaks_at_each_point(monkeypatch, lambda: city.plan(SPLIT, DAY), lambda: every_row(owner)) >= 1
    before = every_row(owner)
    owner.execute(BREAKS)
    try:
        for table in WRITTEN:
            owner.execute(
                f"CREATE TRIGGER breaks BEFORE INSERT OR UPDATE OR DELETE ON {table} EXECUTE FUNCTION breaks()"
            )
            with pytest.raises(DBAPIError, match="broken"):
                perform(DAY)
            owner.execute(f"DROP TRIGGER breaks ON {table}")
            assert every_row(owner) == before, table
    finally:
        owner.execute("DROP FUNCTION breaks CASCADE")
    assert perform(DAY)
    after = every_row(owner)
    assert sorted(table for table in after if after[table] != before[table]) == sorted(WRITTEN)


def test_a_quarter_is_divided_and_everybody_reads_on(city, owner):
    left, right, beside = city.resident(0, 0), city.resident(1, 0), city.resident(2, 0)
    a, b = city.quarter("a"), city.quarter("b")
    posts = [make_post(left, a), make_post(right, a), make_post(beside, b, audience=Audience.NEARBY)]
    make_comment(right, a, posts[0])
    before = {each.id: readable(owner, each) for each in (left, right, beside)}
    city.plan(SPLIT, DAY)
    assert perform(DAY)
    assert [city.quarter_of(each) for each in (left, right, beside)] == ["a", "n", "b"]
    assert {each.id: readable(owner, each) for each in (left, right, beside)} == before
    assert homes_of_posts(owner) == {left.id: "a", right.id: "n", beside.id: "b"}


def test_what_is_kept_for_an_initiative_stays_where_it_takes_place_when_its_keepers_house_goes_elsewhere(city, owner):
    right, kept = city.resident(1, 0), "UPDATE contribution SET is_office = true WHERE id = %s"
    owner.execute(kept, [make_post(right, city.quarter("a")).id])
    city.plan(SPLIT, DAY)
    assert perform(DAY)
    assert city.quarter_of(right) == "n" and homes_of_posts(owner) == {right.id: "a"}


def test_what_was_taken_down_at_the_time_comes_back_for_the_same_readers(city, owner):
    left, right = city.resident(0, 0), city.resident(1, 0)
    post = make_post(left, city.quarter("a"))
    with scope.use(viewer_of(left, city.quarter("a"))), atomic():
        contributions.withdraw(db.session.get_one(Post, post.id))
    city.plan(SPLIT, DAY)
    assert perform(DAY)
    owner.execute("UPDATE contribution SET state = 'published'")
    assert readable(owner, right) == {str(post.id)}


def test_a_reach_made_narrower_after_a_change_is_narrower(city, owner):
    left, beside = city.resident(0, 0), city.resident(2, 0)
    post = make_post(left, city.quarter("a"), audience=Audience.NEARBY)
    city.plan(SPLIT, DAY)  # b borders on n now, and no longer on a
    assert perform(DAY)
    assert readable(owner, beside) == {str(post.id)}
    owner.execute("UPDATE contribution SET audience = 'quarter'")
    assert readable(owner, beside) == set()


def test_a_quarter_that_goes_becomes_part_of_another_with_all_it_has(city, owner, client):
    here, steward, there = city.resident(0, 0), city.resident(2, 0, role=Role.STEWARD), city.resident(3, 0)
    a, b = city.quarter("a"), city.quarter("b")
    post, other = make_post(here, a), make_post(there, b)
    owner.execute("INSERT INTO read_mark VALUES (%s, %s, %s, now())", [there.id, b.id, uuid.UUID(str(other.id))])
    owner.execute("UPDATE membership SET ended_at = now() WHERE person_id = %s", [here.id])
    owner.execute(
        "INSERT INTO membership (person_id, quarter_id, level, role) VALUES (%s, %s, 'verified', 'resident')",
        [here.id, a.id],
    )
    city.plan({where: "a" if key == "b" else key for where, key in ROW.items()}, DAY)
    assert perform(DAY)
    assert [city.quarter_of(each) for each in (here, steward, there)] == ["a", "a", "a"]
    assert {str(post.id), str(other.id)} == readable(owner, here) == readable(owner, there)
    assert owner.execute("SELECT role FROM membership WHERE person_id = %s", [steward.id]).fetchall() == [("steward",)]
    assert owner.execute("SELECT quarter_id, seen_up_to FROM read_mark").fetchall() == [(a.id, other.id)]
    assert sorted(city.numbers()) == ["a", "c"]
    old = client.get(f"/quarters/{b.slug}")
    assert (old.status_code, old.location) == (301, f"/quarters/{a.slug}")


def test_people_whose_border_is_shifted_keep_what_they_read_and_their_new_neighbours_read_it_too(city, owner):
    stays, goes, gets = city.resident(0, 0), city.resident(1, 0, "middle"), city.resident(2, 0)
    post = make_post(stays, city.quarter("a"))
    city.plan({**ROW, (1, 0): "b"}, DAY)
    assert perform(DAY)
    assert city.quarter_of(goes) == "b"
    assert [readable(owner, each) for each in (stays, goes, gets)] == [{str(post.id)}] * 3
    later = make_post(stays, city.quarter("a"))
    assert str(later.id) not in readable(owner, goes) | readable(owner, gets)


def test_nobody_reads_more_where_only_empty_houses_change(city, owner):
    stays, gets = city.resident(0, 0), city.resident(2, 0)
    make_post(stays, city.quarter("a"))
    city.plan({**ROW, (1, 0): "b"}, DAY)
    assert perform(DAY)
    assert readable(owner, gets) == set()


def test_whoever_lives_at_the_new_border_may_choose_until_the_day_before(city, client):
    near, far = city.resident(0, 0, "east"), city.resident(0, 0, "middle")
    city.plan(SPLIT, DAY)
    assert "nah an der neuen Grenze" not in client_page(client, far)
    page = client_page(client, near)
    assert all(word in page for word in ("Quartier a", "Quartier n", "nah an der neuen Grenze"))
    assert client.post("/settings/quarter", data={"quarter": "c"}).status_code == 422
    assert client.post("/settings/quarter", data={}).status_code in (303, 422)
    assert client.post("/settings/quarter", data={"quarter": "n"}).status_code == 303
    with clock.freeze(on(DAY)):
        sign_in(client, near)
        assert client.post("/settings/quarter", data={"quarter": "a"}).status_code == 422
    assert perform(DAY)
    assert (city.quarter_of(near), city.quarter_of(far)) == ("n", "a")


def client_page(client, person):
    sign_in(client, person)
    return client.get("/settings/quarter").get_data(as_text=True).partition("<main")[2].partition("Karte")[0]


def test_the_choice_survives_the_register_and_the_next_change(city):
    near = city.resident(0, 0, "east")
    city.plan(SPLIT, DAY)
    with scope.use(scope.Viewer(near.id)):
        assert changing.choose(near.id, "n")
    assert perform(DAY)
    with as_owner():
        assert borders.follow_register().homes == 0
    assert city.quarter_of(near) == "n"
    later = DAY + timedelta(days=60)
    with clock.freeze(on(DAY)):
        city.plan({**SPLIT, (4, 0): "b"}, later)
    assert perform(later)
    assert city.quarter_of(near) == "n"


def test_who_helps_out_goes_on_in_what_was_theirs_and_in_no_other_quarter(city, owner):
    """A part that is divided from theirs was theirs; a quarter that was there before, and where their house comes to, was not."""
    divided, given = city.resident(1, 0, role=Role.STEWARD), city.resident(3, 0, role=Role.VERIFIER)
    city.plan({**SPLIT, (3, 0): "c"}, DAY)
    assert perform(DAY)
    roles = dict(owner.execute("SELECT person_id, role FROM membership").fetchall())
    assert (city.quarter_of(divided), roles[divided.id]) == ("n", "steward")
    assert (city.quarter_of(given), roles[given.id]) == ("c", "resident")
    told = "SELECT subject_id, object FROM security_event WHERE kind = 'role.taken'"
    assert owner.execute(told).fetchall() == [(given.id, "b")]


def test_everybody_concerned_is_told_before_in_words_of_their_own_and_nobody_else(city, jobs, mailbox):
    left, right, beside = city.resident(0, 0, "east"), city.resident(1, 0), city.resident(2, 0)
    assert city.plan(SPLIT, DAY).told == 2
    jobs.run()
    (mine,), (theirs,) = texts(mailbox, left), texts(mailbox, right)
    assert "Am 1. Juni 2026 wird dein Quartier Quartier a geteilt: Quartier a, Quartier n." in " ".join(mine.split())
    assert "Du bleibst im Quartier Quartier a." in mine and "/settings/quarter" in mine and "darfst du wählen" in mine
    assert "Du wohnst dann im Quartier Quartier n." in theirs and "darfst du wählen" not in theirs
    assert "weg" not in (mine + theirs).lower().replace("weg zu", "")
    assert texts(mailbox, beside) == []


def test_whoever_has_no_quarter_is_concerned_by_no_change(city, owner):
    inside, nowhere, left = city.resident(0, 0), make_person(), city.resident(1, 0)
    owner.execute("UPDATE membership SET ended_at = now() WHERE person_id = %s", [left.id])
    city.plan(SPLIT, DAY)
    seen = []
    for each in (inside, nowhere, left):
        with scope.use(scope.Viewer(each.id)):
            seen.append(changing.outlook(each.id))
    assert seen[0] is not None and seen[0].quarter.key == "a" and seen[1:] == [None, None]


def test_a_change_that_is_cancelled_is_taken_back_where_it_was_told(city, owner, jobs, mailbox):
    told, waits = city.resident(0, 0), city.resident(1, 0)
    city.plan(SPLIT, DAY)
    owner.execute("UPDATE delivery SET due_at = now() + interval '400 days' WHERE person_id = %s", [waits.id])
    jobs.run()
    with as_owner():
        assert plans.cancel()[1] == 1
        assert plans.cancel() is None
    owner.execute("UPDATE delivery SET due_at = '2026-01-01'")
    with clock.freeze(on(DAY)):
        for (key,) in owner.execute("SELECT id FROM delivery WHERE state = 'pending'").fetchall():
            jobs.sent.append(("notices.deliver", [str(key)]))
        jobs.run()
    assert "fällt aus" in texts(mailbox, told)[-1]
    assert texts(mailbox, waits) == []
    assert not perform(DAY)
    assert city.quarter_of(waits) == "a"


def test_a_worker_performs_it_on_its_day_and_not_before(city, jobs):
    person = city.resident(1, 0)
    city.plan(SPLIT, DAY)
    jobs.sent[:] = [("quarters.change", [])]
    jobs.run()
    assert city.quarter_of(person) == "a"
    jobs.sent.append(("quarters.change", []))
    with clock.freeze(on(DAY)):
        jobs.run()
    assert city.quarter_of(person) == "n"


def test_the_mornings_issue_that_was_promised_before_is_sent_from_the_new_quarter(city, owner):
    person = city.resident(1, 0)
    number = city.numbers()["a"]
    owner.execute("INSERT INTO edition VALUES (%s, '2026-06-01', 7, %s, 1, now())", [number, uuid.uuid4()])
    owner.execute(
        "INSERT INTO delivery (id, person_id, notice, period, quarter_id, due_at, subject_key, channel)"
        " VALUES (%s, %s, 'digests.issue', '2026-06-01', %s, now(), '', 'mail')",
        [uuid.uuid4(), person.id, number],
    )
    city.plan(SPLIT, DAY)
    assert perform(DAY)
    new = city.numbers()["n"]
    assert owner.execute("SELECT quarter_id FROM delivery WHERE notice = 'digests.issue'").fetchall() == [(new,)]
    assert owner.execute("SELECT period, number FROM edition WHERE quarter_id = %s", [new]).fetchall() == [
        ("2026-06-01", 1)
    ]


def test_who_moves_in_and_houses_that_are_built_meanwhile_follow_as_well(city):
    city.plan(SPLIT, DAY)
    late = city.resident(1, 0)
    city.build(1, 0, lon=13.0061, lat=52.002)
    newest = city.resident(1, 0, "new")
    assert perform(DAY)
    assert (city.quarter_of(late), city.quarter_of(newest)) == ("n", "n")


def test_houses_that_are_built_in_a_quarter_that_goes_follow_it_too(city, owner):
    city.plan({where: "a" if key == "b" else key for where, key in ROW.items()}, DAY)
    city.build(2, 0, lon=13.0101, lat=52.002)
    newest = city.resident(2, 0, "new")
    assert owner.execute("SELECT count(*) FROM plan_house WHERE to_key = 'a' AND from_key = 'b'").fetchone() == (7,)
    assert perform(DAY)
    assert city.quarter_of(newest) == "a"


def test_nobody_is_put_out_where_the_ground_of_their_house_will_be_in_no_quarter(city, owner):
    """The register then says so of the house; whoever lives there stays a neighbour of those they have been one of."""
    inside, outside = city.resident(2, 0), city.resident(3, 0)
    made = city.plan({where: key for where, key in ROW.items() if where != (3, 0)}, DAY)
    assert made.changes == {"b": "redrawn"} and set(made.moves) == {("b", "b")} and made.moves["b", "b"].people == 1
    assert perform(DAY)
    assert [city.quarter_of(each) for each in (inside, outside)] == ["b", "b"]
    where = "SELECT DISTINCT quarter_id FROM address WHERE street = %s"
    assert owner.execute(where, ["Daweg"]).fetchall() == [(None,)]


def test_ground_that_nobody_takes_of_a_quarter_that_goes_leaves_its_people_with_the_others(city):
    city.plan({(0, 0): "a", (1, 0): "a", (2, 0): "a", (4, 0): "c"}, DAY)  # b is divided between a and nothing
    taken, left = city.resident(2, 0), city.resident(3, 0)
    assert perform(DAY)
    assert [city.quarter_of(each) for each in (taken, left)] == ["a", "a"]


def test_an_entry_in_no_quarter_comes_in_where_the_new_border_goes_around_it_and_else_stays_out(city, owner):
    for street, lon in (("Randweg", 13.0221), ("Fernweg", 13.5)):
        city.build(0, 0, street=street, lon=lon, lat=52.002, quarter_id=None)
    made = city.plan({**ROW, (5, 0): "d"}, DAY)
    assert made.moves == {}, "an entry that was nobody's is not counted as one that leaves a quarter"
    assert perform(DAY)
    where = "SELECT street, q.key FROM address a LEFT JOIN quarter q ON q.id = a.quarter_id WHERE street ~ '^(Rand|Fern)' ORDER BY 1"
    assert owner.execute(where).fetchall() == [("Fernweg", None), ("Randweg", "d")]


def test_an_entry_without_a_point_stays_with_its_quarter_or_follows_the_one_that_takes_its_place(city):
    lives = []
    for column in (0, 2):
        city.build(column, 0, street=f"Punktlos {column}", lon=None, lat=None)
        lives.append(city.resident(column, 0, "new"))
    city.plan({**{where: "a" if key == "b" else key for where, key in ROW.items()}, (1, 0): "n"}, DAY)
    assert perform(DAY)
    assert [city.quarter_of(each) for each in lives] == ["a", "a"]


def test_a_name_that_is_corrected_leaves_the_quarter_that_was_chosen_at_the_border(city):
    near, house = city.resident(0, 0, "east"), city.addresses[0, 0, "east"]
    city.plan(SPLIT, DAY)
    with scope.use(scope.Viewer(near.id)):
        assert changing.choose(near.id, "n")
    assert perform(DAY)
    with scope.use(scope.Viewer(near.id)):
        assert residency.choose_address(near.id, house.id, "Nora Neumann").key == "n"
    assert city.quarter_of(near) == "n"


def test_it_happens_all_or_nothing(city, owner):
    person = city.resident(1, 0)
    make_post(person, city.quarter("a"))
    city.plan(SPLIT, DAY)
    owner.execute(
        "CREATE FUNCTION pg_temp.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    for table, event in (("quarter", "INSERT"), ("adjacency", "INSERT"), ("home", "UPDATE"), ("membership", "UPDATE"),
                         ("subscription", "UPDATE"), ("contribution", "UPDATE"), ("address", "UPDATE"), ("city", "UPDATE"),
                         ("quarter_plan", "UPDATE")):  # fmt: skip
        owner.execute(f"CREATE TRIGGER no BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.no()")
        try:
            with pytest.raises(DBAPIError):
                perform(DAY)
        finally:
            owner.execute(f"DROP TRIGGER no ON {table}")
        assert (city.quarter_of(person), sorted(city.numbers())) == ("a", ["a", "b", "c"]), table
    assert perform(DAY)


def test_what_cannot_be_told_in_time_or_would_lose_somebody_is_refused(city):
    city.resident(0, 0)
    for after, day, words in (
        (SPLIT, date(2026, 5, 20), "2026-05-26 is the first day"),
        (ROW, DAY, "nothing to plan"),
        ({(40, 0): "z"}, DAY, r"nothing takes the place of quarters that are lived in: a \(Quartier a\) has 1 member"),
    ):
        with pytest.raises(LayerError, match=words), as_owner():
            plans.make(layer(after), on_day=day)
    city.plan(SPLIT, date(2026, 5, 20), is_soon=True)
    with pytest.raises(LayerError, match="is there already"):
        city.plan({**ROW, (0, 0): "n"}, DAY)


def imported(patches):
    with as_owner():
        return service.import_layer(layer(patches), city="Altenbrück", time_zone="Europe/Berlin", language="de")


def test_an_import_does_not_put_anybody_into_another_quarter_unasked(city):
    person = city.resident(1, 0)
    with pytest.raises(LayerError, match="this puts 1 home into another quarter"):
        imported(SPLIT)
    city.plan(SPLIT, DAY)
    with pytest.raises(LayerError, match="a change of quarters is planned for 2026-06-01"):
        imported({**ROW, (4, 0): "b"})
    assert city.quarter_of(person) == "a"


def test_a_dry_run_plans_nothing_and_tells_nobody(city, jobs):
    city.resident(1, 0)
    made = city.plan(SPLIT, DAY, is_dry_run=True)
    assert (made.changes, made.moves["a", "n"].people) == ({"a": "redrawn", "n": "new"}, 1)
    with as_owner():
        assert plans.all_plans() == []
    assert jobs.sent == []


def test_the_application_performs_only_what_is_due_and_sees_only_the_house_of_its_person(city, raw):
    mine, other = city.resident(0, 0), city.resident(1, 0)
    made = city.plan(SPLIT, DAY)
    app = raw()
    assert app.execute("SELECT count(*) FROM plan_house").fetchone() == (0,)
    app.execute("SELECT set_config('app.person', %s, true)", [str(mine.id)])
    assert app.execute("SELECT count(*) FROM plan_house").fetchone() == (1,)
    assert app.execute("SELECT perform_quarter_plan(%s, '2026-05-31 12:00+02')", [made.id]).fetchone() == (False,)
    for statement in ("UPDATE quarter_plan SET on_day = '2020-01-01'", "SELECT plan_people(1)", "SELECT * FROM plan_entry",
                      "UPDATE quarter SET opened_at = now()", "INSERT INTO reach_kept SELECT id, quarter_id, true, 'quarter' FROM contribution"):  # fmt: skip
        app.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)
    assert city.quarter_of(other) == "a"


@pytest.mark.parametrize(
    ("joined", "said"),
    [
        (["Bleiche"], "Am 1. März 2027 wächst dein Quartier: Bleiche geht in Weberviertel auf."),
        (["Bleiche", "Färberei"], "Am 1. März 2027 wächst dein Quartier: Bleiche, Färberei gehen in Weberviertel auf."),
    ],
)
def test_one_quarter_becomes_part_of_another_and_two_become_part_of_it(context, monkeypatch, joined, said):
    notice = QuarterChanges()
    example = {**notice.preview(), "parts": [], "joined": joined, "is_moving": False, "now": "Weberviertel"}
    monkeypatch.setattr(QuarterChanges, "preview", lambda self: example)
    written = notices.preview(notice.key, "de")
    for text in (written.text, written.html):
        assert said in html.unescape(" ".join(text.replace("\u00ad", "").split()))
