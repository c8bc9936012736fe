"""What contributions say by mail: somebody has answered you."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from neighbour.accounts.appearance import NOBODY, Byline
from neighbour.contributions import muting, service
from neighbour.contributions.cards import authors, url_of
from neighbour.contributions.models import Comment, Contribution, State
from neighbour.contributions.readers import reading_as
from neighbour.contributions.solving import helped_with
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.text import excerpt
from neighbour.core.tokens import to_uid
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip
from neighbour.notices.ways_out import invented, ways_out

QUOTED = 600  # characters of the answer that stand in the mail; the rest is on the page


class Answered(Notice):
    """Somebody answered what the reader pinned up, or replied to their comment."""

    key = "contributions.answered"
    title = __("Somebody has answered you")
    is_list = True
    list_name = "answers"
    list_title = __("Answers to me")
    list_hint = __(
        "A mail when somebody answers what you pinned up or replies to your comment, when your answer helped, and when nobody"
        " has answered you for two days."
    )

    def subject(self, context: dict[str, Any]) -> str:
        return _("%(name)s has answered: %(title)s", name=context["name"], title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer as it reads now, through the reader's own eyes: taken down, moved away, silenced – nothing to say any
        more."""
        with reading_as(person_id) as reader:
            comment, contribution = _answer(payload)
            if muting.is_silent(person_id, comment):
                raise Skip
            by = authors([comment.author_id], reader, contribution.audience)[comment.author_id]
            return self.told(person_id, comment, contribution, NOBODY if comment.is_left else by)

    def told(self, person_id: int, comment: Comment, contribution: Contribution, by: Byline) -> dict[str, Any]:
        """An answer in the words of the mail, and whose doing it is that it comes. Through the reader's eyes."""
        return {
            "name": by.shown,
            "title": contribution.title,
            "words": excerpt(comment.body_html, QUOTED),
            "url": site_url(f"{url_of(contribution.id)}#r-{to_uid(comment.id)}"),
            **ways_out(person_id, self),
        }

    def preview(self) -> dict[str, Any]:
        return {
            "name": "Maximiliane-Theodora O.",
            "title": "Wer kann am Freitag einen Kleiderschrank mittragen?",
            "words": "Ich bin ab vier zu Hause und bringe meinen Bruder mit. Habt ihr Gurte?",
            "url": site_url("/c/beispiel#r-beispiel"),
            **invented(),
        }


class Helped(Answered):
    """What the reader answered has helped; said once for each contribution."""

    key = "contributions.helped"
    title = __("Your answer has helped")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your answer has helped: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """As for an answer, with who says thanks; nothing where it was taken back."""
        with reading_as(person_id) as reader:
            comment, contribution = _answer(payload)
            if comment.id not in helped_with(contribution.id):
                raise Skip
            by = authors([contribution.author_id], reader, contribution.audience)[contribution.author_id]
            return self.told(person_id, comment, contribution, NOBODY if contribution.is_left else by)


class Unanswered(Answered):
    """Nobody has answered what the reader asked two days ago, and what can be done about it."""

    key = "contributions.unanswered"
    title = __("Nobody has answered yet")

    def subject(self, context: dict[str, Any]) -> str:
        return _("No answer yet: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Nothing to say once it is answered, solved, taken down or left behind."""
        with reading_as(person_id):
            asked = db.session.get(Contribution, uuid.UUID(payload["contribution"]))
            if asked is None or asked.state != State.PUBLISHED or asked.solved_at or asked.is_left:
                raise Skip
            if service.is_answered(asked.id):
                raise Skip
            url = site_url(url_of(asked.id))
            return {"title": asked.title, "url": url, "edit_url": url + "/edit", **ways_out(person_id, self)}

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "url": site_url("/c/beispiel"), "edit_url": site_url("/c/beispiel/edit")}


def tell_helpers(answers: Iterable[Comment]) -> None:
    """Promise whoever wrote these answers a mail that they have helped. Inside atomic()."""
    for answer in answers:
        Helped.send(answer.author_id, subject_key=str(answer.contribution_id), payload={"comment": str(answer.id)})


def tell_of(answer: Comment, contribution: Contribution, answered_id: uuid.UUID | None = None) -> None:
    """Promise a mail to whoever wrote what was answered: the slip, the answer whose row of replies it stands in, and the reply
    of that row that was answered (``answered_id``). Nobody about their own words. Inside atomic()."""
    asked = {contribution.author_id}
    for comment_id in {answer.parent_id, answered_id} - {None}:
        comment = db.session.get(Comment, comment_id)
        asked |= {comment.author_id} if comment is not None else set()
    for person_id in asked - {answer.author_id}:
        Answered.send(person_id, subject_key=str(answer.id), payload={"comment": str(answer.id)})


def _answer(payload: dict[str, Any]) -> tuple[Comment, Contribution]:
    """The answer a mail is about and what it answers, as the reader sees them; raises Skip where one is not there any more."""
    comment = db.session.get(Comment, uuid.UUID(payload["comment"]))
    contribution = db.session.get(Contribution, comment.contribution_id) if comment else None
    if comment is None or contribution is None or {comment.state, contribution.state} != {State.PUBLISHED}:
        raise Skip
    return comment, contribution
