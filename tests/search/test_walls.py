"""The search answers no further than its reader may read, and forgets in the moment something is taken away."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from importlib import import_module

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text, update

from neighbour.contributions import muting
from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience, Contribution
from neighbour.core import clock, roles, scope
from neighbour.core.db import atomic, db
from neighbour.search import service
from neighbour.search.service import Wish
from tests.factories import make_comment, make_event, make_move, make_person, make_post, make_quarter, viewer_of
from tests.offers.helpers import make_offer

pytestmark = pytest.mark.usefixtures("context")
TABLES = ("search_entry", "search_word", "search_spelling", "search_unread", "search_shelf")
POLL = "INSERT INTO poll (contribution_id, question, is_multiple, days, closes_at) VALUES (%s, %s, false, 7, now() + interval '7 days')"


@pytest.fixture
def here():
    return make_quarter("Meins")


@pytest.fixture
def me(here):
    return make_person(here)


def found(person, quarter, words, **narrowed):
    """What somebody of a quarter finds: ids of contributions, in order."""
    with scope.use(viewer_of(person, quarter)):
        return [hit.contribution_id for hit in service.find(Wish(words, **narrowed)).hits]


def learn():
    with scope.use(scope.NOBODY), atomic():
        while service.learn():
            pass


def everything_kept(owner):
    """All that the index holds, as one text."""
    return " ".join(str(row) for table in TABLES for row in owner.execute(f"SELECT * FROM {table}").fetchall())


def test_a_foreign_quarters_canary_is_found_by_no_question_and_suggested_by_none(here, me):
    foreign = make_quarter("Fremd")
    stranger = make_person(foreign)
    post = make_post(stranger, foreign, title="Kanarienvogel entflogen", body="Ein Federvieh, gelb, vom Zitronenhof")
    make_comment(stranger, foreign, post, "Wellblechdach gegenüber")
    make_post(me, here, title="Etwas von hier")
    learn()
    questions = (
        "Kanarienvogel", "Kanarienvögel", "Kanarienvogl", "Kanarien", "Vogel", "Federvieh", "Federvih", "Zitronenhof", "Zitrone",
        "Wellblechdach", "Wellblehdach", "entflogen", "#post", "post", "Kanarienvogel hier", "Etwas Kanarienvogel",
    )  # fmt: skip
    assert found(stranger, foreign, "Kanarienvogl") == [post.id], "there it is"
    with scope.use(viewer_of(me, here)):
        for typed in questions:
            answer = service.find(Wish(typed))
            assert post.id not in [hit.contribution_id for hit in answer.hits], typed
            assert answer.meant == (), typed
        near = text("SELECT search_near(ARRAY['kanarienvogel', 'kanarienvogl', 'federvieh', 'wellblechdach'])")
        assert db.session.scalars(near).all() == []


def test_a_word_that_stands_here_in_another_form_gives_no_foreign_spelling_away(here, me):
    foreign = make_quarter("Fremd")
    make_post(make_person(foreign), foreign, title="Verschlüsselungen")
    make_post(me, here, title="Verschlüsselung")
    learn()
    with scope.use(viewer_of(me, here)):
        near = text("SELECT search_near(ARRAY['verschlusselungen', 'verschlusselung'])")
        assert db.session.scalars(near).all() == ["verschlusselung"]


def test_shelves_say_where_to_look_and_not_what_may_be_read(here, me, owner):
    foreign = make_quarter("Fremd")
    make_post(make_person(foreign), foreign, title="Kanarienvogel entflogen")
    owner.execute("INSERT INTO search_shelf VALUES (%s, %s)", [here.id, foreign.id * 2])
    learn()
    assert found(me, here, "Kanarienvogel") == []
    with scope.use(viewer_of(me, here)):
        assert service.find(Wish("Kanarienvogl")).meant == ()


def test_which_words_stand_is_told_of_what_is_seen_only(here, me):
    foreign = make_quarter("Fremd", beside=here)
    make_post(make_person(foreign), foreign, title="Zitronenhof Lampe")
    make_post(me, here, title="Lampe")
    ways = [[[word, "begins", 1.0]] for word in ("zitron", "lamp", "nirgends")]
    standing = text("SELECT search_standing(CAST(:asked AS jsonb))")
    with scope.use(viewer_of(me, here)):
        asked = {"asked": json.dumps({"words": ways, "tags": []})}
        assert db.session.scalars(standing, asked).all() == [2]


def test_what_is_years_old_is_found_like_what_is_new(here, me):
    """Eras are asked one after the other, the newest first, until there is enough."""
    posts = []
    for years in (9, 5, 3, 2, 1, 0):
        with clock.freeze(clock.now() - timedelta(days=365 * years + 7)):
            posts.append(make_post(me, here, title=f"Jahrmarkt vor {years} Jahren").id)
    assert found(me, here, "Jahrmarkt", order="newest") == posts[::-1]
    assert found(me, here, "Jahrmarkt", days=500) == [posts[5], posts[4]]


def test_how_things_are_ordered_tells_nothing_of_what_is_not_seen(here, me):
    """A thousand foreign slips with a word change no score: how rare it is, is counted among what is seen."""
    foreign = make_quarter("Fremd", beside=here)
    stranger = make_person(foreign)
    make_post(me, here, title="Lampe mit Schirm")
    make_post(me, here, title="Lampe ohne alles")

    def scores():
        with scope.use(viewer_of(me, here)), clock.freeze(clock.now()):
            return [(hit.contribution_id, round(hit.score, 3)) for hit in service.find(Wish("Lampe Schirm")).hits]

    before = scores()
    for _number in range(20):
        make_post(stranger, foreign, title="Schirm und Schirm")
    assert scores() == before


def test_reach_decides_who_finds_it(here, me):
    beside = make_quarter(beside=here)
    far = make_quarter(beside=beside)
    readers = [(make_person(quarter), quarter) for quarter in (here, beside, far)]
    for audience, finders in (
        (Audience.QUARTER, [True, False, False]),
        (Audience.NEARBY, [True, True, False]),
        (Audience.CITY, [True, True, True]),
        (Audience.PUBLIC, [True, True, True]),
    ):
        word = f"Reichweite{audience}"
        make_post(me, here, title=word, audience=audience)
        assert [bool(found(person, quarter, word)) for person, quarter in readers] == finders, audience


def test_it_follows_what_becomes_of_a_slip(here, me, owner):
    beside = make_quarter(beside=here)
    other = make_person(beside)
    post = make_post(me, here, title="Altes Wort", body="Rhabarber")
    make_comment(me, here, post, "Kneifzange")
    with scope.use(viewer_of(me, here)), atomic():
        row = db.session.get(Contribution, post.id)
        contributions.revise(
            row,
            editor_id=me.id,
            category="question",
            title="Neues Wort",
            body_md="Stachelbeere",
            audience=Audience.QUARTER,
        )
    assert found(me, here, "Rhabarber") == [] and found(me, here, "Stachelbeere") == [post.id]
    for state in ("hidden", "withdrawn"):
        owner.execute("UPDATE contribution SET state = %s WHERE id = %s", [state, post.id])
        assert found(me, here, "Stachelbeere") == found(me, here, "Kneifzange") == []
        assert owner.execute("SELECT count(*) FROM search_entry").fetchone() == (0,)
        owner.execute("UPDATE contribution SET state = 'published' WHERE id = %s", [post.id])
        assert found(me, here, "Stachelbeere") == found(me, here, "Kneifzange") == [post.id]
    assert found(other, beside, "Stachelbeere") == []
    owner.execute("UPDATE contribution SET audience = 'nearby' WHERE id = %s", [post.id])
    assert found(other, beside, "Stachelbeere") == found(other, beside, "Kneifzange") == [post.id]
    owner.execute("UPDATE contribution SET audience = 'quarter' WHERE id = %s", [post.id])
    assert found(other, beside, "Kneifzange") == []
    owner.execute("UPDATE comment SET state = 'hidden' WHERE contribution_id = %s", [post.id])
    assert found(me, here, "Kneifzange") == []
    assert found(me, here, "Stachelbeere", category="notice", kind="post") == []
    owner.execute("UPDATE contribution SET category = 'notice' WHERE id = %s", [post.id])
    assert found(me, here, "Stachelbeere", category="notice", kind="post") == [post.id]


def test_redrawn_borders_are_followed(here, me, owner):
    other = make_quarter()
    reader = make_person(other)
    post = make_post(me, here, title="Grenzgänger", audience=Audience.NEARBY)
    assert found(reader, other, "Grenzgänger") == []
    owner.execute("INSERT INTO adjacency VALUES (%(a)s, %(b)s, 9), (%(b)s, %(a)s, 9)", {"a": here.id, "b": other.id})
    owner.execute("SELECT rebuild_reach()")
    assert found(reader, other, "Grenzgänger") == [post.id]
    owner.execute("DELETE FROM adjacency")
    owner.execute("SELECT rebuild_reach()")
    assert found(reader, other, "Grenzgänger") == []


def test_what_a_kind_adds_is_found_and_follows(here, me, owner):
    event = make_event(
        me, here, clock.now().replace(tzinfo=None) + timedelta(days=3), title="Treffen", place="Kornspeicher"
    )
    assert found(me, here, "Speicher") == [event.id]
    owner.execute("UPDATE event SET place = 'Walkmühle' WHERE id = %s", [event.id])
    assert found(me, here, "Kornspeicher") == [] and found(me, here, "Walkmuehle") == [event.id]
    offer = make_offer(me, here, title="Zinkwanne", condition="leicht verkratzelt", pickup="am Brunnen")
    for words in ("verkratzelt", "Brunnen"):
        assert found(me, here, words) == [offer.id], words
    owner.execute("UPDATE offer SET condition = 'wie neugeboren' WHERE id = %s", [offer.id])
    assert found(me, here, "verkratzelt") == [] and found(me, here, "neugeboren") == [offer.id]
    asked = make_post(me, here, title="Treffen")
    owner.execute(POLL, [asked.id, "Wann treffen wir uns zum Malerpinselfest?"])
    assert found(me, here, "Malerpinselfest") == [asked.id]
    owner.execute("UPDATE poll SET question = 'Wann zum Kachelfest?'")
    assert found(me, here, "Malerpinselfest") == [] and found(me, here, "Kachelfest") == [asked.id]
    owner.execute("DELETE FROM search_entry")
    owner.execute(import_module("migrations.versions.0116_all_that_stands_on_a_slip").FILL)
    assert found(me, here, "neugeboren") + found(me, here, "Kachelfest") == [offer.id, asked.id], (
        "what hung before, too"
    )
    owner.execute("DELETE FROM poll")
    assert found(me, here, "Kachelfest") == []


def test_what_is_silenced_is_found_all_the_same_when_it_is_looked_for(here, me):
    loud = make_person(here)
    drum = make_post(loud, here, title="Trommelkurs", category="recommendation")
    thread = make_post(me, here, title="Mein Faden")
    make_comment(loud, here, thread, "Paukenschlag")
    with scope.use(viewer_of(me, here)), atomic():
        for silent, what in ((drum, "author"), (drum, "category"), (thread, "thread")):
            muting.mute(me.id, db.session.get_one(Contribution, silent.id), muting.What(what))
    assert found(me, here, "Trommel") == [drum.id] and found(me, here, "Paukenschlag") == [thread.id]
    learn()
    with scope.use(viewer_of(me, here)):
        assert service.find(Wish("Tromelkurs")).meant == ("trommelkurs",), "nor is it silenced for what is mistyped"


def test_nobodys_eyes_and_the_publics_find_nothing_of_a_quarter(here, me):
    make_post(me, here, title="Hausgeheimnis")
    for eyes in (scope.NOBODY, scope.PUBLIC):
        with scope.use(eyes):
            assert service.find(Wish("Hausgeheimnis")).hits == ()


def test_whoever_moves_away_finds_what_is_there_now(here, me):
    there = make_quarter()
    make_post(me, here, title="Hausgeheimnis")
    mover = make_person(here)
    assert found(mover, here, "Hausgeheimnis")
    make_move(mover, there)
    assert found(mover, there, "Hausgeheimnis") == []


COLUMN = {
    "search_entry": "shelf",
    "search_word": "word",
    "search_spelling": "word_id",
    "search_unread": "shelf",
    "search_shelf": "shelf",
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["SELECT * FROM {0}", "DELETE FROM {0}", "UPDATE {0} SET {1} = {1}", "TRUNCATE {0}"])
def test_the_application_reaches_the_index_through_its_functions_only(raw, table, verb):
    with pytest.raises(InsufficientPrivilege):
        raw().execute(verb.format(table, COLUMN[table]))


@pytest.mark.parametrize(
    "function",
    [
        "search_said(gen_random_uuid(), gen_random_uuid())",
        "search_shelves(1)",
        "search_hits('''@a''', ARRAY[0], NULL, NULL, 9)",
        "search_is_there('''@a''', ARRAY['0.1|'])",
        "search_seen(ARRAY[gen_random_uuid()], NULL)",
        "search_cut('[]', ARRAY[0])",
        "search_put_contribution(gen_random_uuid())",
    ],
)
def test_what_only_the_database_calls_is_closed_to_the_application(raw, function):
    with pytest.raises(InsufficientPrivilege):
        raw().execute(f"SELECT {function}")


def test_no_word_outlives_what_it_stood_in(here, me, owner):
    post = make_post(me, here, title="Xylophonkonzert", body="Quarkstrudel")
    answer = make_comment(me, here, post, "Zwergpinscher")
    make_post(me, here, title="Bleibt stehen")
    learn()
    assert all(word in everything_kept(owner) for word in ("xylophonkonzert", "quarkstrudel", "zwergpinsch"))
    owner.execute("DELETE FROM comment WHERE id = %s", [answer.id])
    assert "zwergpinsch" not in everything_kept(owner)
    owner.execute("UPDATE contribution SET body_md = '' WHERE id = %s", [post.id])
    assert "quarkstrud" not in everything_kept(owner)
    owner.execute("DELETE FROM contribution WHERE id = %s", [post.id])
    kept = everything_kept(owner)
    assert "xylophon" not in kept and "ylophonkonzert" not in kept and "bleibt" in kept


def test_a_word_that_others_use_too_is_learned_again(here, me, owner):
    first = make_post(me, here, title="Xylophon")
    learn()
    second = make_post(me, here, title="Noch ein Xylophon")
    learn()
    owner.execute("DELETE FROM contribution WHERE id = %s", [first.id])
    assert found(me, here, "Xylofon") == []
    learn()
    assert found(me, here, "Xylopon") == [second.id]


def test_two_at_once_change_and_take_down_and_nothing_is_left_over(here, me, owner, app):
    """Answers are written while slips are hidden and revised: in the end the index holds what hangs, and nothing else."""
    posts = [make_post(me, here, title=f"Faden {number}") for number in range(6)]
    errors = []

    def work(number):
        try:
            with app.app_context(), scope.use(viewer_of(me, here)):
                for turn in range(12):
                    post = posts[(number + turn) % len(posts)]
                    with atomic():
                        if number % 2:
                            state = "withdrawn" if turn % 3 == 0 else "published"
                            db.session.execute(
                                update(Contribution)
                                .where(Contribution.id == post.id)
                                .values(state=state, title=f"Neu {turn}")
                            )
                        elif row := db.session.get(Contribution, post.id):
                            contributions.comment(row, author_id=me.id, body_md=f"Antwort {number} {turn}")
                    with scope.use(scope.NOBODY), atomic():
                        service.learn()
                scope.leave()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each for each in errors if "deadlock" in str(each)] == []
    shown = "SELECT id FROM contribution WHERE state = 'published' UNION SELECT a.id FROM comment a JOIN contribution c ON c.id = a.contribution_id WHERE a.state = 'published' AND c.state = 'published'"
    kept = "SELECT id FROM search_entry"
    assert set(owner.execute(shown).fetchall()) == set(owner.execute(kept).fetchall())


def test_words_are_taken_away_while_the_job_reads_and_neither_waits_for_the_other_in_a_ring(
    here, me, owner, clean_database
):
    """Somebody has taken words away and comes to more pieces next, while the job runs: it does nothing, and they go on."""
    posts = [make_post(me, here, title=f"Lastenrad {number}") for number in range(2)]
    with scope.use(scope.NOBODY), atomic():
        service.learn()
    with scope.use(viewer_of(me, here)), atomic():
        db.session.execute(update(Contribution).where(Contribution.id == posts[1].id).values(title="Lastenrad, neu"))
    with (
        roles.connect(clean_database.owner_url) as hiding,
        roles.connect(clean_database.owner_url, autocommit=True) as job,
    ):
        hiding.execute("UPDATE contribution SET state = 'withdrawn' WHERE id = %s", [posts[0].id])
        job.execute("SET statement_timeout = '5s'")
        assert job.execute("SELECT search_learn(100)").fetchone() == (0,)
        hiding.execute("UPDATE contribution SET state = 'withdrawn' WHERE id = %s", [posts[1].id])
        hiding.commit()
        assert job.execute("SELECT search_learn(100)").fetchone() != (0,)
    assert owner.execute("SELECT count(*) FROM search_word").fetchone() == (0,)


def test_strange_questions_are_answered_and_break_nothing(here, me, owner):
    post = make_post(me, here, title="Alles in Ordnung")
    before = everything_kept(owner)
    for typed in (
        "'; DROP TABLE person; --", "a:* & !b", "\\", "%", "_" * 50, "((((", "'" * 30, "🦜🦜", "ß", "ẞ", "x" * 500, "und oder der",
        "Привет мир", "שלום", "12 17", "1e5 3.14", "E-Mail-Adresse-von-allen-", "a b c d e f g h i j k", "\u0000bad", "#post", "<b>Ordnung</b>",
        "Donaudampfschifffahrtsgesellschaftskapitänsmütze",
    ):  # fmt: skip
        assert set(found(me, here, typed.replace("\u0000", ""))) <= {post.id}, typed
    assert found(me, here, "Ordnung") == [post.id]
    assert everything_kept(owner) == before, "a question writes nothing"
