"""What posts tell the rest of the house about themselves."""

from __future__ import annotations

from datetime import timedelta

from neighbour.contributions.forms import as_uuid
from neighbour.contributions.kinds import Kind
from neighbour.contributions.models import Audience
from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Identity, Permission
from neighbour.policy.table import allows
from neighbour.posts import polls, service
from neighbour.posts.categories import CATEGORIES
from neighbour.posts.forms import PostForm
from neighbour.posts.models import Post


def publish(author: Identity, form: PostForm) -> Post:
    """Pin up what the composer holds, in the author's own quarter."""
    home = author.home
    assert author.person_id is not None and home is not None  # the gate lets nobody else through
    post = service.publish(
        author_id=author.person_id,
        quarter_id=home.quarter_id,
        form_key=as_uuid(form.form_key.data),
        is_limited=not allows(author, Permission.ALERT_UNLIMITED, home),
        widens_after=timedelta(hours=form.widens.data or 0),
        **_fields(form),
    )
    if draft := form.poll():
        polls.put_up(post, draft)
    return post


def revise(editor: Identity, post: Post, form: PostForm) -> Post:
    """Change a post to what the composer holds."""
    assert editor.person_id is not None
    is_limited = not allows(editor, Permission.ALERT_UNLIMITED, post)
    polls.revise(post, form.poll())
    return service.revise(post, editor_id=editor.person_id, is_limited=is_limited, **_fields(form))


def _fields(form: PostForm) -> dict:
    return {
        "category": form.category.data,
        "title": form.title.data,
        "body_md": form.body_md.data,
        "audience": Audience(form.audience.data),
        "hours": form.hours.data,
    }


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
    page="posts/poll.html",
    page_data=polls.page_data,
)
