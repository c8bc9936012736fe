"""What posts tell the rest of the house about themselves."""

from __future__ import annotations

from datetime import timedelta

from neighbour.contributions.kinds import Kind
from neighbour.contributions.service import NotPossible
from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Identity, Permission
from neighbour.policy.table import allows
from neighbour.posts import polls, service
from neighbour.posts.categories import CATEGORIES
from neighbour.posts.forms import PostForm
from neighbour.posts.models import Category, Post
from neighbour.posts.page import page_data


def publish(author: Identity, form: PostForm) -> Post:
    """Pin up what the composer holds, in the author's own quarter."""
    is_limited = not allows(author, Permission.ALERT_UNLIMITED, author.home)
    widens_after = timedelta(hours=form.widens.data or 0)
    post = service.publish(**form.said_by(author), is_limited=is_limited, widens_after=widens_after)
    if draft := form.poll():
        polls.put_up(post, draft)
    return post


def revise(editor: Identity, post: Post, form: PostForm) -> Post:
    """Change a post to what the composer holds."""
    is_limited = not allows(editor, Permission.ALERT_UNLIMITED, post)
    polls.revise(post, form.poll())
    if form.category.data == Category.URGENT and polls.draft_of(post) is not None:
        raise NotPossible(__("Something urgent is not voted on."))
    return service.revise(post, **form.changed_by(editor), is_limited=is_limited)


def keep_reopening(post: Post) -> None:
    """An alert that is over stays over: whoever was told of it was told of its end."""
    if post.solved_at is not None and post.category == Category.URGENT:
        raise NotPossible(
            __("This alert is over, and whoever was told knows. Pin it up anew, so that they hear of it.")
        )


KIND = Kind(
    name="post",
    label=__("Post"),
    plural=__("Posts"),
    icon="pen-line",
    order=10,
    model=Post,
    categories=CATEGORIES,
    form=PostForm,
    fields="posts/fields.html",
    more="posts/more.html",
    publish=publish,
    revise=revise,
    details=polls.details,
    keep_reopening=keep_reopening,
    page="posts/poll.html",
    page_data=page_data,
)
