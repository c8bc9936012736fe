"""Publishing and revising posts: the base's services, and the rule for what is urgent."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select

from neighbour.contributions import alerts, widening
from neighbour.contributions import service as base
from neighbour.contributions.models import ALERT_WITHIN, LONGEST_ALERT, Audience
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.posts.models import Category, Post

URGENT_HOURS = (6, 24, round(LONGEST_ALERT / timedelta(hours=1)))
WIDENS_AFTER = (0, 12, 24, 48)  # hours; 0: not by itself
URGENT_EVERY = timedelta(hours=24)  # one alert per person in this time


class UrgentAlready(base.NotPossible):
    """This person has pinned up something urgent within the last 24 hours."""

    def __init__(self) -> None:
        super().__init__(
            __("You have pinned up something urgent within the last 24 hours. Another category is open to you.")
        )


def publish(
    *,
    author_id: int,
    quarter_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    form_key: uuid.UUID | None = None,
    hours: int = URGENT_HOURS[1],
    widens_after: timedelta = timedelta(),
    is_limited: bool = True,
) -> Post:
    """Pin up a post. What is urgent expires after ``hours``, is told to everybody in its area, and is one a day, unless
    ``is_limited`` is off (for those who help to run the quarter); raises UrgentAlready. What waits for answers in its own
    quarter goes next door after ``widens_after``, if that is any time at all.
    """
    base.one_at_a_time(author_id)
    form_key = base.key_of(form_key, author_id, category, title, body_md, audience)
    if category == Category.URGENT and is_limited and not _is_repeat(form_key) and has_urgent(author_id):
        raise UrgentAlready
    post = base.publish(
        Post,
        author_id=author_id,
        quarter_id=quarter_id,
        category=category,
        title=title,
        body_md=body_md,
        audience=audience,
        form_key=form_key,
        expires_at=_expiry(category, hours),
    )
    if category == Category.URGENT and post.alerted_at is None:
        post.alerted_at = post.published_at
        alerts.tell(post, is_limited=is_limited)
    if widens_after and widening.may_widen(post):
        widening.plan(post, i18n.zone(), widens_after)
    return post


def revise(
    post: Post,
    *,
    editor_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    hours: int = URGENT_HOURS[1],
    is_limited: bool = True,
) -> Post:
    """Change a post. Becoming urgent counts as an alert; an alert that is edited keeps its time, and is told to those whom it did
    not reach before.

    Raises UrgentAlready for a second alert within a day, except where this one was changed into something else just before
    (UNDO); NotPossible for what was urgent before, as whoever was told hears of nothing twice, and for what has hung too long to
    become so: as it keeps its place on the board and in the digest, it would hardly be seen.
    """
    base.one_at_a_time(editor_id)
    db.session.refresh(post)  # what the same form sent twice has just changed
    becomes_urgent = category == Category.URGENT and post.category != Category.URGENT
    held_until, reached = alerts.holds_until(post), post.audience
    revised = base.revise(
        post,
        editor_id=editor_id,
        category=category,
        title=title,
        body_md=body_md,
        audience=audience,
        expires_at=_until(post, category, editor_id, hours, is_limited),
    )
    if becomes_urgent or (alerts.is_on(revised) and audience != reached):
        alerts.tell(revised, is_limited=is_limited)
    elif held_until is not None and category != Category.URGENT:
        revised.calmed_at, revised.calmed_until = clock.now(), held_until
        alerts.end_soon(revised)
    return revised


def _until(post: Post, category: str, editor_id: int, hours: int, is_limited: bool) -> datetime | None:
    """When the alert ends that a post is going to be; None for what is none."""
    if category != Category.URGENT:
        return None
    is_one = post.category == Category.URGENT
    return post.expires_at if is_one else _taken_back(post) or _raised(post, editor_id, hours, is_limited)


def _taken_back(post: Post) -> datetime | None:
    """Until when an alert goes on that was made something else by a slip of the hand just now: nobody has read yet that it is
    over. None where it was none."""
    now, until, since = clock.now(), post.calmed_until, post.calmed_at
    if since is None or until is None or now - since >= base.UNDO or until <= now:
        return None
    post.calmed_at = post.calmed_until = None
    return until


def _raised(post: Post, editor_id: int, hours: int, is_limited: bool) -> datetime:
    """Until when something holds that becomes urgent now, for the first time."""
    now = clock.now()
    if is_limited and has_urgent(editor_id):
        raise UrgentAlready
    if post.alerted_at is not None:
        raise base.NotPossible(
            __(
                "This was urgent before, and whoever was told knows that it is over. Pin it up anew, so that they hear of it."
            )
        )
    if now - post.published_at > ALERT_WITHIN:
        raise base.NotPossible(
            __("This has been hanging for more than a day. Pin it up anew, so that everybody sees it is urgent now.")
        )
    post.alerted_at = now
    return now + timedelta(hours=hours)


def has_urgent(author_id: int) -> bool:
    """Whether this person has raised an alert within the last 24 hours: by a new post or by making one urgent. Those
    withdrawn or turned into something else since count too."""
    recent = (
        select(func.count())
        .select_from(Post)
        .where(
            Post.author_id == author_id,
            Post.alerted_at > clock.now() - URGENT_EVERY,
        )
    )
    return bool(db.session.scalar(recent))


def _expiry(category: str, hours: int) -> datetime | None:
    return clock.now() + timedelta(hours=hours) if category == Category.URGENT else None


def _is_repeat(form_key: uuid.UUID | None) -> bool:
    return form_key is not None and db.session.scalar(select(Post.id).where(Post.form_key == form_key)) is not None
