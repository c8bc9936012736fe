"""What each ring sees of a person: on the board, in a thread, in mails, beside the board; and the preview of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from neighbour.accounts import choosing
from neighbour.accounts.appearance import TABLE, Chosen, Ring, Shows, dress, seen, short_name
from neighbour.accounts.models import Person
from neighbour.accounts.passwords import hash_password
from neighbour.contributions.models import Audience
from neighbour.contributions.notices import Answered
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.digests import service as digests
from neighbour.policy import Level, Role
from tests.digests.helpers import EVENING, MORNING, make_reader
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")

FIRST, LAST, STREET = "Hannelore", "Wiechert", "Kanarienweg"
NAMES = {Shows.FULL: "Hannelore Wiechert", Shows.SHORT: "Hannelore W.", Shows.FIRST: "Hannelore", Shows.QUARTER: ""}
CHOICES = st.builds(
    Chosen,
    own=st.sampled_from(Shows),
    nearby=st.sampled_from(Shows),
    city=st.sampled_from(Shows),
    alias=st.sampled_from(("", "Lastenrad")),
    street=st.sampled_from((None, STREET)),
)


def appears(person, first=FIRST, last=LAST, **chosen):
    """The person chooses, as on their page."""
    with as_owner(), atomic():
        mine = db.session.get_one(Person, person.id)
        choosing.set_appearance(mine, first=first, last=last, chosen=Chosen(**chosen))
        mine.renamed_at = None  # long ago
    return person


def text(response):
    assert response.status_code == 200, response.status_code
    return response.get_data(as_text=True)


def who_wrote(html):
    """The first byline of a page: (name, what stands beside it)."""
    name = re.search(r'byline__who">(?:<a[^>]*>)?([^<]+)', html)[1].strip()
    beside = re.search(r'byline__meta dots">(.*?)</p>', html, re.S)
    return name, beside[1] if beside else ""


# ---- the table


@settings(deadline=None)  # pure, but a busy machine takes its time
@given(CHOICES)
def test_no_ring_sees_more_than_the_table_allows_or_than_the_ring_before_it(chosen):
    face = dress(FIRST, LAST, chosen, "key")
    shown = [seen(face, ring, "Weberviertel") for ring in Ring]
    rank = {"": 3, "Lastenrad": 0, **{NAMES[each]: each.rank for each in Shows}}
    for ring, by in zip(Ring, shown, strict=True):
        if not chosen.alias:
            assert rank[by.name] >= TABLE[ring].most.rank
            assert rank[by.name] <= TABLE[ring].least.rank or by.name == shown[0].name
        assert by.street is None or ring is Ring.OWN
        assert by.name or (by.key == "quarter Weberviertel" and by.shown == "Jemand aus dem Quartier Weberviertel")
    assert [rank[by.name] for by in shown] == sorted(rank[by.name] for by in shown)
    if chosen.alias:
        assert not any(FIRST in by.shown or LAST in by.shown for by in shown)


def test_unless_chosen_neighbours_read_first_name_and_initial_and_the_public_no_name():
    face = dress(FIRST, LAST, Chosen(), "key")
    assert [seen(face, ring).name for ring in Ring] == ["Hannelore W.", "Hannelore W.", "Hannelore", ""]
    assert seen(face, Ring.OWN).street is None


@pytest.mark.parametrize(
    ("first", "last", "short"),
    [("Ana", "dos Santos", "Ana S."), ("Bo", "", "Bo"), ("İnci", "ışık", "İnci I."), ("Cem", "'t Hart", "Cem H."), ("Li", "42", "Li")],
)  # fmt: skip
def test_the_initial_is_that_of_the_last_word(first, last, short):
    assert short_name(first, last) == short


# ---- what is read where


@pytest.fixture
def town():
    """Three quarters: home, next door, the other end of the city."""
    here = make_quarter("Weberviertel")
    return here, make_quarter("Ufer", beside=here), make_quarter("Oststadt")


def reads(visitor, quarter, path, level=Level.VERIFIED):
    client = visitor()
    if quarter is not None:
        sign_in(client, make_person(quarter, level=level))
    return text(client.get(path))


@pytest.mark.parametrize("page", ["board", "thread"])
def test_a_card_names_its_author_as_far_as_the_reader_is_away(town, visitor, page):
    here, beside, far = town
    author = appears(make_person(here), own=Shows.FULL, street=STREET)
    near = make_post(author, here, audience=Audience.NEARBY)
    everywhere = make_post(author, here, audience=Audience.CITY)
    public = make_post(author, here, audience=Audience.PUBLIC)

    def seen_by(quarter, post, level=Level.VERIFIED):
        path = "/board" if page == "board" else f"/c/{to_uid(post.id)}"
        return who_wrote(reads(visitor, quarter, path, level))

    for _again in range(2):  # the second time what was kept is read
        assert seen_by(here, public)[0] == "Hannelore Wiechert" and STREET in seen_by(here, public)[1]
        vouched = seen_by(here, public, Level.VOUCHED)
        assert vouched[0] == "Hannelore W." and STREET not in vouched[1]
        assert seen_by(far, everywhere)[0] == "Hannelore" and STREET not in seen_by(far, everywhere)[1]
    if page == "thread":
        assert seen_by(beside, near)[0] == "Hannelore W." and STREET not in seen_by(beside, near)[1]
        assert seen_by(None, public)[0] == "Jemand aus dem Quartier Weberviertel"
        assert seen_by(here, public, Level.UNPROVEN)[0] == "Jemand aus dem Quartier Weberviertel"


def test_next_door_on_the_board_no_full_name_and_no_street_is_read(town, visitor):
    here, beside, _far = town
    make_post(appears(make_person(here), own=Shows.FULL, street=STREET), here, audience=Audience.NEARBY)
    html = reads(visitor, beside, "/board")
    assert who_wrote(html)[0] == "Hannelore W."
    assert LAST not in html and STREET not in html


def test_whoever_shows_no_name_cannot_be_told_from_others_who_show_none(town, visitor):
    here, _beside, far = town
    for _person in range(2):
        make_post(appears(make_person(here), city=Shows.QUARTER), here, title="Gleich", audience=Audience.CITY)
    html = reads(visitor, far, "/board")
    assert html.count("Jemand aus dem Quartier Weberviertel") == 2
    assert len(set(re.findall(r'avatar avatar--\w+"', html))) <= 2  # the reader's own and theirs


def test_a_comment_is_signed_by_the_distance_of_its_own_writer(town, visitor):
    here, beside, far = town
    post = make_post(make_person(here), here, audience=Audience.CITY)
    close = make_post(make_person(here), here, audience=Audience.NEARBY)
    writer = appears(make_person(beside), own=Shows.FULL, street=STREET)
    for thread in (post, close):
        make_comment(writer, beside, thread)
    path, close_path = f"/c/{to_uid(post.id)}#replies", f"/c/{to_uid(close.id)}"

    def names(quarter, path, level=Level.VERIFIED):
        return text_of_comments(reads(visitor, quarter, path, level))

    assert "Hannelore Wiechert" in names(beside, path)
    assert "Hannelore W." in names(beside, path, Level.VOUCHED) and LAST not in names(beside, path, Level.VOUCHED)
    assert "Hannelore W." in names(here, close_path) and LAST not in names(here, close_path)
    for quarter in (here, far):
        assert "Hannelore" in names(quarter, path) and "Hannelore W" not in names(quarter, path)


def text_of_comments(html):
    return html[html.index('id="replies"') :]


def test_somebody_who_has_moved_without_proof_is_no_neighbour_of_the_inner_ring(town, visitor, owner):
    here, _beside, far = town
    post = make_post(make_person(here), here)
    writer = appears(make_person(here), own=Shows.FULL)
    make_comment(writer, here, post)
    path = f"/c/{to_uid(post.id)}"
    assert "Hannelore Wiechert" in reads(visitor, here, path)
    owner.execute("UPDATE membership SET quarter_id = %s, level = 'unproven' WHERE person_id = %s", (far.id, writer.id))
    assert LAST not in reads(visitor, here, path)


def test_the_mail_about_an_answer_names_its_writer_as_the_page_does(town):
    here, beside, _far = town
    asker = make_person(here)
    post = make_post(asker, here, audience=Audience.NEARBY)
    writer = appears(make_person(beside), own=Shows.FULL)
    comment = make_comment(writer, beside, post)
    context = Answered().context(asker.id, {"comment": str(comment.id)})
    assert context["name"] == "Hannelore W."
    neighbour = appears(make_person(here), own=Shows.FULL)
    comment = make_comment(neighbour, here, post)
    assert Answered().context(asker.id, {"comment": str(comment.id)})["name"] == "Hannelore Wiechert"


@pytest.mark.parametrize(
    ("home", "level", "name", "sees_street"),
    [
        (0, Level.VERIFIED, "Hannelore Wiechert", True),
        (0, Level.VOUCHED, "Hannelore W.", False),
        (1, Level.VERIFIED, "Hannelore W.", False),
        (2, Level.VERIFIED, "Hannelore", False),
    ],
)
def test_the_digest_names_people_as_far_as_its_reader_is_away(
    town, client, jobs, mailbox, home, level, name, sees_street
):
    with clock.freeze(EVENING):
        author = appears(make_person(town[0]), own=Shows.FULL, street=STREET)
        make_post(author, town[0], title="Zettel", audience=Audience.CITY if home == 2 else Audience.NEARBY)
        reader = make_reader(town[home])
        with as_owner(), atomic():
            db.session.execute(
                db.text("UPDATE membership SET level = :level WHERE person_id = :id"),
                {"level": level, "id": reader.id},
            )
        sign_in(client, reader)
    with clock.freeze(MORNING):
        preview = text(client.get("/digest/next/mail"))
        digests.open_due("Europe/Berlin")
        jobs.run()
    (mail,) = mailbox.messages()
    for words in (preview, mail.html, mail.text):
        assert re.search(re.escape(name) + r"(,| \(| ·)", words), words
        assert (STREET in words) is sees_street
        assert (LAST in words) is (name == NAMES[Shows.FULL])


def test_the_team_is_named_to_its_quarter_but_for_those_who_want_to_be_in_no_list(town, visitor):
    here = town[0]
    appears(make_person(here, role=Role.STEWARD), own=Shows.FULL)
    appears(make_person(here, role=Role.STEWARD, is_listed=False), first="Kanarina")
    assert "Hannelore Wiechert" in reads(visitor, here, "/board")
    vouched = reads(visitor, here, "/board", Level.VOUCHED)
    assert "Hannelore W." in vouched and LAST not in vouched
    page = reads(visitor, here, "/board")
    assert "Kanarina" not in page
    assert re.search(r"Hannelore Wiechert\s+und 1 weitere Person", page), "who is not named is counted"


def test_lists_tell_nobody_who_is_protected(town, visitor, frozen_clock):
    """Protecting, its end and any other new name are the same to a list; the name that is new is not the one that went."""
    here = town[0]
    for first in ("Adas", "Bertas"):
        appears(make_person(here, role=Role.STEWARD), first=first)
    heard = {}
    for how in ("protection", "appearance"):
        me = appears(make_person(here, role=Role.STEWARD), first="Hannelore")
        hers, heard[how] = visitor(), []
        sign_in(hers, me)

        def team():
            return re.search(r"Quartiersteam: ([^<]*)<", reads(visitor, here, "/board"))[1].strip()

        heard[how].append(team())
        if how == "protection":
            hers.post("/me/protection", data={"alias": "Kiesel"})
        else:
            hers.post("/me/appearance", data=form(shown="alias", alias="Kiesel", is_listed="y"))
        heard[how].append(team())
        sign_in(hers, me)
        hers.post("/me/appearance", data=form(shown="alias", alias="Kiesel", is_listed="y"))
        frozen_clock.tick(29 * 86_400)
        heard[how].append(team())
        frozen_clock.tick(2 * 86_400)
        heard[how].append(team())
        if how == "protection":
            sign_in(hers, me)
            hers.post("/me/protection", data={"end": "1"})
            assert team() == heard[how][-1], "the end of it changes nothing"
        with as_owner(), atomic():
            db.session.execute(db.text("DELETE FROM membership WHERE person_id = :id").bindparams(id=me.id))
    assert heard["protection"] == heard["appearance"]
    assert ["Hannelore" in each for each in heard["protection"]] == [True, False, False, False]
    assert ["Kiesel" in each for each in heard["protection"]] == [False, False, False, True]
    assert "und 1 weitere" in heard["protection"][1]


def test_whoever_is_proven_takes_another_name_once_in_thirty_days(client, owner, frozen_clock):
    """Or goes through those of all neighbours, with the mark of the proven behind each."""
    me = appears(make_person(make_quarter()))
    sign_in(client, me)
    assert client.post("/me/appearance", data=form(first_name="Frieda")).status_code == 303
    frozen_clock.tick(86_400)
    refused = client.post("/me/appearance", data=form(first_name="Jochen"))
    assert refused.status_code == 422 and "erst vor Kurzem geändert" in refused.text
    assert client.post("/signup/appearance", data=form(first_name="Jochen")).status_code == 422, (
        "nor by the step of sign-up"
    )
    assert client.post("/me/appearance", data=form(first_name="Frieda", shows_own="full")).status_code == 303
    assert client.post("/me/protection", data={"alias": "Lastenrad"}).status_code == 303, "at risk nobody waits"
    sign_in(client, me)
    for alias in ("Jochen P.", "Vera K."):
        refused = client.post("/me/protection", data={"alias": alias})
        assert refused.status_code == 422 and "erst vor Kurzem geändert" in refused.text, "but with a further name"
    assert client.post("/me/appearance", data=form(shown="alias", alias="Vera K.")).status_code == 422, "nor there"
    assert client.post("/me/protection", data={"end": "1"}).status_code == 303
    assert client.post("/me/protection", data={"alias": "Vera K."}).status_code == 303, "at risk nobody waits"
    taken = owner.execute("SELECT alias FROM person WHERE id = %s", [me.id]).fetchone()[0]
    assert taken not in ("Vera K.", "Lastenrad"), "nor by ending it and again"
    frozen_clock.tick(30 * 86_400)
    sign_in(client, me)
    assert client.post("/me/appearance", data=form(alias="Rollschuh")).status_code == 303


# ---- choosing, with the preview


def form(**more):
    return {"first_name": FIRST, "last_name": LAST, "shown": "name", "alias": "", "shows_own": "short",
            "shows_nearby": "short", "shows_city": "first", **more}  # fmt: skip


def faces(html):
    """Ring → (name, what stands beside it) as the preview shows them."""
    found = {}
    for ring, part in re.findall(r'data-ring="(\w+)">(.*?)</div>\s*</div>', html, re.S):
        found[ring] = who_wrote(part)
    return found


def test_the_preview_follows_what_is_typed_and_saves_nothing(client, owner):
    me = make_person(make_quarter("Weberviertel"), name="Alt")
    sign_in(client, me)
    html = text(client.post("/me/appearance/preview", data=form(shows_own="full", shows_nearby="quarter")))
    assert {ring: name for ring, (name, _beside) in faces(html).items()} == {
        "own": "Hannelore Wiechert",
        "nearby": "Jemand aus dem Quartier Weberviertel",
        "city": "Jemand aus dem Quartier Weberviertel",
        "public": "Jemand aus dem Quartier Weberviertel",
    }
    assert "<html" not in html
    assert owner.execute("SELECT first_name FROM person").fetchone() == ("Alt",)
    again = text(client.post("/me/appearance", data=form(preview="1")))  # the button of those without script
    assert faces(again)["own"][0] == "Hannelore W." and f'value="{LAST}"' in again
    assert owner.execute("SELECT first_name FROM person").fetchone() == ("Alt",)


@pytest.mark.parametrize("junk", [{"shows_own": "everything", "shown": "x"}, {}, {"first_name": "", "last_name": ""}])
def test_a_preview_of_nonsense_is_a_preview(client, junk):
    sign_in(client, make_person(make_quarter()))
    assert "data-ring" in text(client.post("/me/appearance/preview", data=junk))


@pytest.mark.parametrize(
    "chosen",
    [
        form(),
        form(shows_own="full"),
        form(shows_own="first", shows_nearby="first", shows_city="quarter"),
        form(shown="alias", alias="Die mit dem Lastenrad", shows_city="quarter"),
    ],
)
def test_what_the_preview_shows_is_what_the_others_see(town, client, visitor, chosen):
    here, beside, far = town
    me = make_person(here)
    sign_in(client, me)
    shown = faces(text(client.post("/me/appearance/preview", data=chosen)))
    assert client.post("/me/appearance", data=chosen).status_code == 303
    assert faces(text(client.get("/me/appearance"))) == shown
    for quarter, audience, ring in (
        (here, Audience.QUARTER, "own"),
        (beside, Audience.NEARBY, "nearby"),
        (far, Audience.CITY, "city"),
        (None, Audience.PUBLIC, "public"),
    ):
        post = make_post(me, here, audience=audience)
        name, beside_it = who_wrote(reads(visitor, quarter, f"/c/{to_uid(post.id)}"))
        assert name == shown[ring][0], ring
        assert ("<span>Weberviertel</span>" in beside_it) is ("<span>Weberviertel</span>" in shown[ring][1]), ring


@pytest.mark.parametrize(
    ("level", "marks", "says"),
    [
        (Level.UNPROVEN, 0, "noch kein Zeichen"),
        (Level.VOUCHED, 0, "einem weiteren Nachweis"),
        (Level.VERIFIED, 4, None),
    ],
)
def test_the_preview_bears_the_mark_one_has_and_says_what_the_proof_will_change(client, level, marks, says):
    sign_in(client, make_person(make_quarter(), level=level))
    for page in (client.get("/me/appearance"), client.post("/me/appearance/preview", data=form())):
        box = text(page).split('id="faces"')[1].split("</section>")[0]
        assert box.count("(wohnt hier, geprüft)") == marks and "bürgt" not in box
        assert (says is None and "Zeichen" not in box) or (says is not None and says in box)


def test_a_full_name_that_sounds_like_the_team_is_refused_where_neighbours_would_read_it(client):
    sign_in(client, make_person(make_quarter()))
    assert client.post("/me/appearance", data=form(last_name="Quartiersteam")).status_code == 303
    assert client.post("/me/appearance", data=form(last_name="Quartiersteam", shows_own="full")).status_code == 422


def test_a_form_that_was_bent_open_shows_no_more_than_the_table(client, owner):
    sign_in(client, make_person(make_quarter()))
    assert client.post("/me/appearance", data=form(shows_nearby="full")).status_code == 422
    assert client.post("/me/appearance", data=form(shows_city="short")).status_code == 422
    client.post("/me/appearance", data=form(display_name="Evil", name_city=LAST, is_listed="", is_protected="1"))
    assert owner.execute("SELECT display_name, name_city, is_listed, is_protected FROM person").fetchone() == (
        "Hannelore W.",
        "Hannelore",
        False,  # not ticked on this form
        False,
    )


# ---- the protected profile


def test_protection_takes_another_name_and_gives_nothing_of_the_real_one(client, owner):
    me = appears(make_person(make_quarter(), role=Role.STEWARD), street=STREET)
    sign_in(client, me)
    assert "checked" not in text(client.get("/me/protection"))
    for alias in ("", "Hannelore", "Frau Wiechert", "Quartiersteam", "anna@example.org"):
        assert client.post("/me/protection", data={"alias": alias}).status_code == 422, alias
    assert client.post("/me/protection", data={"alias": "Lastenrad"}).status_code == 303
    row = owner.execute(
        "SELECT is_protected, is_listed, display_name, name_nearby, name_city, street_shown, public_id FROM person"
    ).fetchone()
    assert row[:6] == (True, False, "Lastenrad", "Lastenrad", "Lastenrad", None)
    assert row[6] != me.public_id  # nothing that was noted before leads to the new name
    assert client.post("/me/appearance", data=form(shown="name", shows_street="y")).status_code == 422
    assert client.post("/me/appearance", data=form(alias="Hannelore", shows_street="y")).status_code == 422
    assert client.post("/me/appearance", data=form(alias="Lastenrad", shows_street="y")).status_code == 303
    assert owner.execute("SELECT display_name, street_shown FROM person").fetchone() == ("Lastenrad", None)
    page = text(client.get("/me/protection"))
    assert "116 016" in page and "data-leave" in page and 'rel="noreferrer"' in page
    client.post("/me/protection", data={"end": "1"})
    assert owner.execute("SELECT is_protected, is_listed, display_name FROM person").fetchone() == (
        False,
        False,
        "Lastenrad",
    )


def test_whoever_finds_an_open_session_can_neither_end_the_protection_nor_change_the_other_name(
    client, owner, jobs, mailbox
):
    """Protecting oneself takes nothing but the click; from then on every change asks whether it is them."""
    with clock.freeze(datetime(2026, 5, 12, 8, 0, tzinfo=UTC)):
        me = appears(make_person(make_quarter(), password_hash=hash_password("linsensuppe-um-sechs", 64)))
        sign_in(client, me)
        clock.tick(3600)
        assert client.post("/me/protection", data={"alias": "Lastenrad"}).status_code == 303
        name = "SELECT is_protected, is_listed, alias FROM person"
        for path, typed in (
            ("/me/protection", {"end": "1"}),
            ("/me/protection", {"alias": "Rollschuh", "is_listed": "y"}),
            ("/me/appearance", form(shown="alias", alias="Rollschuh")),
            ("/signup/appearance", form(shown="alias", alias="Rollschuh")),
        ):
            refused = client.post(path, data=typed)
            assert refused.status_code == 403 and "again-password" in refused.text, path
        assert client.get("/me/protection").headers["Location"].startswith("/me/again?")
        assert owner.execute(name).fetchone() == (True, False, "Lastenrad")
        wrong = client.post("/me/again", data={"again-password": "geraten", "again-then": "/me/protection", "end": "1"})
        assert wrong.status_code == 422 and owner.execute(name).fetchone()[0] is True
        known = {"again-password": "linsensuppe-um-sechs", "again-then": "/me/protection", "end": "1"}
        assert client.post("/me/again", data=known).status_code == 307
        assert client.post("/me/protection", data={"end": "1"}).status_code == 303
        assert owner.execute(name).fetchone()[0] is False
        jobs.run()
        assert [list(mail.recipients) for mail in mailbox.messages()] == [[me.email]]
        assert "Schutz deines Profils" in mailbox.messages()[0].text


def test_the_database_itself_refuses_a_protected_person_with_a_name_or_a_street():
    me = appears(make_person(make_quarter()), alias="Lastenrad")
    for wrong in ("street_shown = 'Gasse'", "display_name = 'Hannelore W.'", "name_city = 'Hannelore'", "alias = ''"):
        with as_owner(), pytest.raises(IntegrityError), atomic():
            db.session.execute(db.text(f"UPDATE person SET is_protected = true, {wrong} WHERE id = {me.id}"))


def test_a_protected_person_looks_like_anybody_with_another_name(town, client, visitor):
    """Byte for byte, on every page a neighbour sees; colours differ from person to person, so they are set equal."""
    here = town[0]
    seen_by_neighbour = []
    neighbour = make_person(here)
    author = appears(make_person(here), alias="Lastenrad")
    make_comment(author, here, make_post(author, here, title="Zettel", audience=Audience.PUBLIC))
    sign_in(client, neighbour)
    anybody = visitor()
    for is_protected in (False, True):
        with as_owner(), atomic():
            mine = db.session.get_one(Person, author.id)
            if is_protected:
                choosing.protect(mine, alias="Lastenrad")
        pages = [one.get(path).get_data() for one in (client, anybody) for path in ("/board", thread_of(author))]
        seen_by_neighbour.append([without_tokens(page) for page in pages])
    assert seen_by_neighbour[0] == seen_by_neighbour[1]


def thread_of(author):
    with as_owner():
        key = db.session.scalar(db.text(f"SELECT id FROM contribution WHERE author_id = {author.id}"))
    return f"/c/{to_uid(key)}"


def without_tokens(page):
    return re.sub(rb'(name="(?:csrf_token|csrf-token|form_key)"[^>]*(?:value|content)=")[^"]*', rb"\1", page)


def test_mails_greet_a_protected_person_by_the_other_name():
    from neighbour.accounts.book import mailboxes

    me = appears(make_person(make_quarter()))
    with as_owner(), atomic():
        choosing.protect(db.session.get_one(Person, me.id), alias="Lastenrad")
    with scope.use(scope.NOBODY):
        assert mailboxes([me.id])[me.id].name == "Lastenrad"


def test_without_another_name_there_is_no_protection():
    me = make_person(make_quarter())
    with as_owner(), atomic():
        mine = db.session.get_one(Person, me.id)
        with pytest.raises(choosing.NeedsAlias):
            choosing.protect(mine, alias=" ")
        choosing.protect(mine, alias="Lastenrad")
        with pytest.raises(choosing.NeedsAlias):
            choosing.set_appearance(mine, first=FIRST, last=LAST, chosen=Chosen())
