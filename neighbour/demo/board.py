"""Pins up the posts, answers and thanks of the demo city through the contribution services, each at its own time."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from neighbour.contributions import photos, solving, widening
from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience, Contribution, Reach, Thanks
from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.demo import pictures
from neighbour.demo.posts import DemoPost, posts
from neighbour.demo.residents import Resident
from neighbour.posts import polls, service
from neighbour.posts.models import PollVote, Post

LAST_LOOK = timedelta(hours=15)  # when Hannelore last read the board


def pin_up(
    residents: dict[str, Resident], zone: str, progress: Callable[[int, int], None] = lambda done, of: None
) -> int:
    """Publish the whole board, oldest post first; returns how many posts. Inside atomic(), as the owner."""
    now = clock.now()
    everything = sorted(posts(), key=lambda post: post.published(now, zone))
    crowd = _crowd(residents)
    for done, demo in enumerate(everything, start=1):
        post = _publish(demo, residents, demo.published(now, zone), zone)
        _answer(demo, post, residents, demo.comment_times(now, zone))
        _clear(demo, post)
        _vote(demo, post, residents, now)
        _thank(demo, post, residents[demo.author].person_id, crowd, now)
        progress(done, len(everything))
    reader = residents["hannelore"]
    contributions.mark_read(reader.person_id, reader.quarter_id, id_at(now - LAST_LOOK))
    return len(everything)


def _publish(demo: DemoPost, residents: dict[str, Resident], at: datetime, zone: str) -> Post:
    author = residents[demo.author]
    with clock.freeze(at):
        post = service.publish(
            author_id=author.person_id,
            quarter_id=author.quarter_id,
            category=demo.category,
            title=demo.title,
            body_md=demo.text,
            audience=Audience(demo.audience),
            hours=demo.urgent_hours,
        )
        hang(post, demo.photos)
        if demo.poll is not None:
            options = tuple(label for label, _votes in demo.poll.options)
            polls.put_up(post, polls.Draft(demo.poll.question, options, days=demo.poll.days))
        if demo.widens:
            widening.plan(post, zone)
    return post


def _clear(demo: DemoPost, post: Post) -> None:
    """An alert that is over, and what was said of it."""
    if demo.cleared is not None:
        after, post.solved_word = demo.cleared
        post.solved_at = post.published_at + after
        db.session.flush()


def _vote(demo: DemoPost, post: Post, residents: dict[str, Resident], now: datetime) -> None:
    """As many votes as the content says, each by somebody else of the quarter who has proven to live there."""
    if demo.poll is None:
        return
    here = [each for each in residents.values() if each.quarter_id == post.quarter_id and each.demo.level == "verified"]
    dice = random.Random(f"votes {demo.title}")  # noqa: S311
    voters = iter(
        dice.sample(sorted(each.person_id for each in here), sum(votes for _label, votes in demo.poll.options))
    )
    at = min(now, post.published_at + timedelta(hours=2))
    rows = [
        {"contribution_id": post.id, "position": place, "person_id": next(voters), "voted_at": at}
        for place, (_label, votes) in enumerate(demo.poll.options, 1)
        for _vote in range(votes)
    ]
    db.session.execute(insert(PollVote), rows)


def hang(post: Contribution, names: tuple[str, ...]) -> None:
    """Photos as they are sent: the worker draws them when the town is up."""
    hung = []
    for name in names:
        jpeg, alt = pictures.photo(name)
        hung.append((photos.receive(post.author_id, jpeg, uuid.uuid4()).id, alt))
    if hung:
        photos.arrange(post.author_id, post.id, hung)


def _answer(demo: DemoPost, post: Post, residents: dict[str, Resident], times: list[datetime]) -> None:
    thread: uuid.UUID | None = None
    for comment, at in zip(demo.comments, times, strict=True):
        with clock.freeze(at):
            written = contributions.comment(
                post,
                author_id=residents[comment.author].person_id,
                body_md=comment.text,
                parent_id=thread if comment.is_reply else None,
            )
            if comment.is_best:
                solving.solve(post, True, by=written.id)
                solving.thank_for(post, [written.id], demo.solved_word)
        if not comment.is_reply:
            thread = written.id


def _crowd(residents: dict[str, Resident]) -> dict[int, list[int]]:
    """Quarter → the people there who may read the board."""
    crowd: dict[int, list[int]] = {}
    for resident in residents.values():
        if resident.demo.level != "unproven":
            crowd.setdefault(resident.quarter_id, []).append(resident.person_id)
    return crowd


def _thank(demo: DemoPost, post: Post, author_id: int, crowd: dict[int, list[int]], now: datetime) -> None:
    """As many thanks as the content says, from people the post reaches, always the same ones."""
    reached = db.session.scalars(select(Reach.quarter_id).where(Reach.contribution_id == post.id)).all()
    readers = sorted(person for quarter in reached for person in crowd.get(quarter, []) if person != author_id)
    dice = random.Random(f"thanks {demo.title}")  # noqa: S311
    room = now - post.published_at
    rows = [
        {"contribution_id": post.id, "person_id": person, "created_at": post.published_at + room * dice.random()}
        for person in dice.sample(readers, demo.thanks)
    ]
    if rows:
        db.session.execute(insert(Thanks), rows)
