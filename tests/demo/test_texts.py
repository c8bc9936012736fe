"""The written board: enough of it, nobody speaking where they cannot, nothing that belongs to a real person."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from shapely.geometry import shape

from neighbour.core.text import markdown
from neighbour.demo import city, hours
from neighbour.demo.people import people
from neighbour.demo.posts import FOLDER, posts
from neighbour.posts.models import Category

BOARD = posts()
PEOPLE = {one.key: one for one in people()}
ZONE = "Europe/Berlin"


@pytest.fixture(scope="module")
def reached():
    """(quarter, audience) → quarters, from the drawn borders."""
    shapes = {feature["properties"]["id"]: shape(feature["geometry"]) for feature in city.quarters()}

    def quarters(home, audience):
        if audience == "city":
            return set(shapes)
        beside = {key for key, one in shapes.items() if one.intersection(shapes[home]).length > 0}
        return beside if audience == "nearby" else {home}

    return quarters


def test_two_months_of_a_busy_board():
    assert len(BOARD) >= 220
    assert sum(len(post.comments) for post in BOARD) >= 450
    assert {post.category for post in BOARD} == set(Category)
    assert {post.audience for post in BOARD} == {"quarter", "nearby", "city"}
    per_quarter = Counter(post.quarter for post in BOARD)
    assert per_quarter.most_common(1)[0][0] == "AB-02"
    assert per_quarter["AB-12"] == 0
    assert per_quarter["AB-09"] == 2


def test_titles_are_there_short_enough_and_unlike_each_other():
    titles = Counter(post.title for post in BOARD)
    assert [title for title, count in titles.items() if count > 1] == []
    assert all(10 <= len(title) <= 140 for title in titles)
    assert all(20 <= len(post.text) <= 8000 for post in BOARD)
    assert all(comment.text for post in BOARD for comment in post.comments)
    bodies = Counter(comment.text for post in BOARD for comment in post.comments)
    assert [text for text, count in bodies.items() if count > 1] == []


def test_authors_live_where_they_post_and_are_verified():
    assert [post.title for post in BOARD if PEOPLE[post.author].quarter != post.quarter] == []
    assert [post.title for post in BOARD if PEOPLE[post.author].level != "verified"] == []


def test_only_those_answer_whom_it_reaches(reached):
    deaf = [
        (post.title, comment.author)
        for post in BOARD
        for comment in post.comments
        if PEOPLE[comment.author].quarter not in reached(post.quarter, post.audience)
        or PEOPLE[comment.author].level == "unproven"
    ]
    assert deaf == []


def test_a_thread_begins_with_an_answer_and_is_solved_by_one():
    for post in BOARD:
        assert not post.comments or not post.comments[0].is_reply, post.title
        assert sum(comment.is_best for comment in post.comments) == post.is_solved, post.title
        assert not any(comment.is_best and comment.author == post.author for comment in post.comments), post.title


def test_urgent_posts_say_how_long_and_leave_a_day_between_them():
    now = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
    urgent = [post for post in BOARD if post.category == "urgent"]
    assert all(0 < post.urgent_hours <= 24 for post in urgent)
    for author in {post.author for post in urgent}:
        times = sorted(post.published(now, ZONE) for post in urgent if post.author == author)
        assert all(later - earlier > timedelta(days=1) for earlier, later in pairwise(times))


@pytest.mark.parametrize("hour", [0, 3, 7, 12, 19, 23])
def test_nothing_is_from_the_future_at_any_hour(hour):
    now = datetime(2026, 3, 30, hour, 5, tzinfo=UTC)  # the day after the clocks went forward
    for post in BOARD:
        begun, answers = post.published(now, ZONE), post.comment_times(now, ZONE)
        assert begun < now, post.title
        assert all(begun < at < now for at in answers), post.title
        assert answers == sorted(answers) or any(comment.is_reply for comment in post.comments), post.title


def test_nobody_writes_at_night():
    now = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
    for post in BOARD:
        for at in (post.published(now, ZONE), *post.comment_times(now, ZONE)):
            local = at.astimezone(ZoneInfo(ZONE))
            assert time(5, 30) <= local.time() <= time(23, 30), (post.title, local)


@pytest.mark.parametrize(
    ("moment", "span", "before", "after"),
    [
        ("12:00", 2, "10:00", "14:00"),
        ("07:15", 2, "-1 22:00", "09:15"),
        ("22:00", 2, "20:00", "+1 07:15"),
        ("03:00", 1, "-1 22:00", "07:15"),
        ("23:30", 1, "22:00", "+1 07:15"),
    ],
)
def test_waking_hours(moment, span, before, after):
    def at(text):
        day, _, clock_time = text.rpartition(" ")
        return datetime.combine(
            datetime(2026, 5, 12).date() + timedelta(days=int(day or 0)), time.fromisoformat(clock_time)
        )

    assert hours.earlier(at(moment), timedelta(hours=span)) == at(before)
    assert hours.later(at(moment), timedelta(hours=span)) == at(after)


def test_replies_come_after_what_they_reply_to():
    now = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
    for post in BOARD:
        top = None
        for comment, at in zip(post.comments, post.comment_times(now, ZONE), strict=True):
            if comment.is_reply:
                assert at >= top, (post.title, comment.text)
            else:
                top = at


def test_no_mail_addresses_no_telephone_numbers_no_foreign_links():
    whole = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("AB-*.txt"))
    assert re.findall(r"\S+@\S+", whole) == []
    assert re.findall(r"\+?\d[\d /-]{6,}\d", whole) == []
    assert re.findall(r"https?://(?!\w+\.altenbrueck\.example)\S+", whole) == []


def test_the_texts_show_what_the_board_can():
    html = "".join(str(markdown(post.text)) for post in BOARD)
    assert all(f"<{tag}>" in html for tag in ("ul", "ol", "strong", "p"))
    assert "<a href=" in html
    assert max(len(post.text) for post in BOARD) > 1500
    assert any(len(word) > 30 for post in BOARD for word in re.findall(r"\w+", post.title))
    assert sum(PEOPLE[post.author].locale == "en" for post in BOARD) >= 4


def test_eight_initiatives_are_named_on_the_board():
    said = " ".join(f"{post.title} {post.text} {' '.join(one.text for one in post.comments)}" for post in BOARD)
    names = "Alte Weberei|Mieterverein|enossenschaft|Stadtteilbibliothek|Gießerei|Walkmühle|Willkommenscafé|Morgensonne"
    assert [name for name in names.split("|") if name not in said] == []
