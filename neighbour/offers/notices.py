"""What offers say by mail. Each mail leads to the offer's page, which shows how things stand when it is opened."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select

from neighbour.contributions.cards import authors, url_of
from neighbour.contributions.notices import Answered
from neighbour.contributions.readers import Reader, reading_as
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip
from neighbour.notices.ways_out import choice, invented, ways_out
from neighbour.offers import loans, prices, words
from neighbour.offers.models import HELD, OPEN, Ask, AskState, Offer, Stage
from neighbour.offers.prices import Price

TITLE = "Kinderfahrrad, 20 Zoll"


def _name(person_id: int, reader: Reader, offer: Offer) -> str:
    return authors([person_id], reader, offer.audience)[person_id].shown


def _of_borrower(offer_id: uuid.UUID, reader: Reader) -> dict[str, Any]:
    """What whoever has borrowed it may know of it."""
    loan = loans.borrowed(offer_id)
    if loan is None:
        raise Skip
    return {
        "title": loan.title or _("something you have borrowed"),
        "url": site_url(url_of(offer_id)),
        "name": authors([loan.author_id], reader, loan.audience)[loan.author_id].shown,
        "say": words.Words(),
        **choice(),
    }


class _OfAsk:
    """A notice about one ask; it is read through the reader's eyes when the mail is written."""

    #: states of the ask in which there is still something to say
    while_: tuple[AskState, ...] = OPEN

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id) as reader:
            ask = self.ask_now(uuid.UUID(payload["ask"]))
            offer = db.session.get(Offer, ask.offer_id) if ask is not None else None
            if ask is None or offer is None or ask.state not in self.while_:
                raise Skip
            return {**self.of_offer(offer), **self.more(ask, offer, reader, person_id, payload)}

    def ask_now(self, ask_id: uuid.UUID) -> Ask | None:
        """The ask this is about."""
        return db.session.get(Ask, ask_id)

    def of_offer(self, offer: Offer) -> dict[str, Any]:
        return {
            "title": offer.title,
            "url": site_url(url_of(offer.id)),
            "say": words.of(offer.category),
            **choice(),
        }

    def more(self, ask: Ask, offer: Offer, reader: Reader, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """What this notice says besides."""
        return {}

    def preview(self) -> dict[str, Any]:
        return {
            "title": TITLE,
            "url": site_url("/c/beispiel"),
            "say": words.Words(),
            **choice(),
            "name": "Maximiliane-Theodora O.",
        }


class Asked(_OfAsk, Notice):
    """To the author: somebody asks for it, or has one, with their words."""

    key = "offers.asked"
    title = __("Somebody has come forward for an offer of yours")
    is_list = True
    list_name = Answered.list_name  # it is an answer to what one has pinned up
    list_title = Answered.list_title
    list_hint = Answered.list_hint

    def subject(self, context: dict[str, Any]) -> str:
        return context["say"]("asked subject", name=context["name"], title=context["title"])

    def ask_now(self, ask_id: uuid.UUID) -> Ask | None:
        """Whoever stepped back and asked again in the meantime asks with other words."""
        ask = db.session.get(Ask, ask_id)
        if ask is None or ask.state in OPEN:
            return ask
        again = select(Ask).where(Ask.offer_id == ask.offer_id, Ask.person_id == ask.person_id, Ask.state.in_(OPEN))
        return db.session.scalar(again)

    def more(self, ask: Ask, offer: Offer, reader: Reader, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": _name(ask.person_id, reader, offer),
            "words": ask.words,
            "waiting": offer.waiting,
            **ways_out(person_id, self),
        }

    def preview(self) -> dict[str, Any]:
        words = "Für meine Tochter wäre es genau richtig. Ich kann heute Abend vorbeikommen."
        return {**super().preview(), "words": words, "waiting": 3, **invented()}


class Promised(_OfAsk, Notice):
    """To one who waited: it is yours."""

    key = "offers.promised"
    title = __("Something is promised to you, or yours is accepted")
    while_ = (AskState.PROMISED,)

    def subject(self, context: dict[str, Any]) -> str:
        return context["say"]("promised subject", title=context["title"])

    def more(self, ask: Ask, offer: Offer, reader: Reader, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": _name(offer.author_id, reader, offer),
            "pickup": offer.pickup,
            "has_words": bool(loans.for_holder(offer.id)),  # they stand on the page alone, behind a wall of their own
        }

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "pickup": "am Brunnenplatz, abends", "has_words": True}


class Changed(_OfAsk, Notice):
    """To whoever has the promise or the thing: its author has changed where and when, the price, or what only they read. It says
    what holds when the mail is written."""

    key = "offers.changed"
    title = __("Where, when or the price has changed")
    folds = True

    def subject(self, context: dict[str, Any]) -> str:
        return _("Changed: %(title)s", title=context["title"])

    def kind_of(self, payload: dict[str, Any]) -> str:
        return str(payload["ask"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id) as reader:
            ask = db.session.get(Ask, uuid.UUID(payload["ask"]), populate_existing=True)
            if ask is None or ask.state not in HELD:
                raise Skip
            offer = db.session.get(Offer, ask.offer_id)
            if offer is None:  # a loan is seen on its own page
                said = {**_of_borrower(ask.offer_id, reader), "pickup": "", "price": ""}
            else:
                price = prices.said(Price(offer.price_cents, offer.price_words))
                said = {**self.of_offer(offer), "pickup": offer.pickup, "price": price}
                said["name"] = _name(offer.author_id, reader, offer)
            return {**said, "has_words": bool(loans.for_holder(ask.offer_id))}

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "pickup": "am Brunnenplatz, Dienstag um neun", "price": "25 €", "has_words": True}


class _Over(_OfAsk):
    """A notice to one who does not get it. They may not be able to see the offer any more, but they know what they asked for."""

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id):
            ask = db.session.get(Ask, uuid.UUID(payload["ask"]))
            if ask is None or ask.state not in self.while_:
                raise Skip
            offer = db.session.get(Offer, ask.offer_id)
            title, category = db.session.execute(select(func.asked_title(ask.id), func.asked_category(ask.id))).one()
        say = words.of(category)
        return {
            "title": title or say("unnamed"),
            "url": site_url(url_of(ask.offer_id) if offer is not None else "/market"),
            "say": say,
            **choice(),
            **self.besides(ask, offer),
        }

    def besides(self, ask: Ask, offer: Offer | None) -> dict[str, Any]:
        """What this notice says besides; ``offer``: None where they do not see it any more."""
        return {}


class _How(NamedTuple):
    """Names of the words of one way to miss something."""

    subject: str
    title: str
    why: str


_GONE = _How("missed subject", "missed", "why missed")
_LAPSED = _How("lapsed subject", "lapsed", "why lapsed")
_ENDED = _How("ended subject", "ended", "why ended")


class Missed(_Over, Notice):
    """To everybody else who waited: it is gone, or has ended and nobody got it. To whom it was promised: its author has said that
    it is done, and who got it was somebody else, or that is a mistake. ``how``: the words of which of these."""

    key = "offers.missed"
    title = __("Something you came forward for is settled")
    while_ = (AskState.MISSED,)

    def subject(self, context: dict[str, Any]) -> str:
        return context["say"](context["how"].subject, title=context["title"])

    def besides(self, ask: Ask, offer: Offer | None) -> dict[str, Any]:
        if offer is not None and offer.is_unclaimed:
            return {"how": _ENDED}
        # what is missed with a promise of old was missed out of its holder's hands: who steps back has left
        is_done = offer is not None and offer.solved_at is not None and not offer.is_left
        return {"how": _LAPSED if ask.turn > 0 and is_done else _GONE}

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "how": _GONE}


class PassedOn(_Over, Notice):
    """To whom it was promised: it goes to somebody else."""

    key = "offers.passed_on"
    title = __("A promise was passed on")
    while_ = (AskState.LEFT,)

    def subject(self, context: dict[str, Any]) -> str:
        return context["say"]("passed on subject", title=context["title"])


class Declined(_Over, Notice):
    """To one who waited: the author has said no, kindly."""

    key = "offers.declined"
    title = __("It does not work out")
    while_ = (AskState.DECLINED,)

    def subject(self, context: dict[str, Any]) -> str:
        return _("It does not work out: %(title)s", title=context["title"])


class SteppedBack(_OfAsk, Notice):
    """To the author: whom it was promised to steps back; who comes next."""

    key = "offers.stepped_back"
    title = __("Somebody steps back from a promise")
    while_ = (AskState.LEFT,)

    def subject(self, context: dict[str, Any]) -> str:
        return context["say"]("stepped back subject", name=context["name"], title=context["title"])

    def more(self, ask: Ask, offer: Offer, reader: Reader, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {"name": _name(ask.person_id, reader, offer), "follows": self._what_follows(offer)}

    def _what_follows(self, offer: Offer) -> str:
        """How things stand when the mail is written: others may have come, or its author may have said that it is done."""
        say = words.of(offer.category)
        if offer.stage != Stage.FREE:
            told = [say("next has it")] if offer.stage == Stage.PROMISED else []
            if told and loans.for_holder(offer.id):
                told.append(_("What is for the one you choose they read once you say so on the page."))
            return " ".join(told)
        if offer.solved_at is not None:
            return say("nobody moves up")
        return say.to_choose(offer.waiting) if offer.waiting else say("nobody else")

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "follows": words.Words().later("next has it")}


class StillThere(_OfAsk, Notice):
    """To the author, a week before an offer ends: is it still there?"""

    key = "offers.still_there"
    title = __("An offer of yours ends soon")

    def subject(self, context: dict[str, Any]) -> str:
        return context["say"]("still there subject", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id):
            offer = db.session.get(Offer, uuid.UUID(payload["offer"]))
            if offer is None or offer.solved_at is not None or offer.state != "published" or offer.expires_at is None:
                raise Skip
            return {**self.of_offer(offer), "ends": offer.expires_at}

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "ends": clock.now()}


class _OfLoan(_OfAsk):
    """A notice about a loan. Its borrower hears of it wherever they live now and whatever became of the offer."""

    while_ = (AskState.LENT,)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id) as reader:
            ask = db.session.get(Ask, uuid.UUID(payload["ask"]), populate_existing=True)
            if ask is None or ask.state not in self.while_:
                raise Skip
            if ask.person_id != person_id:
                offer = db.session.get_one(Offer, ask.offer_id)  # what one has pinned up oneself one sees
                said = {**self.of_offer(offer), "name": _name(ask.person_id, reader, offer)}
            else:
                said = _of_borrower(ask.offer_id, reader)
            return {**said, "is_mine": ask.person_id != person_id, "due_on": ask.due_on, **self.besides(ask, payload)}

    def besides(self, ask: Ask, payload: dict[str, Any]) -> dict[str, Any]:
        """What this notice says of the loan besides; raises Skip for what is past."""
        return {}

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "is_mine": False, "due_on": i18n.local(clock.now()).date()}


class BringBack(_OfLoan, Notice):
    """To both sides of a loan: tomorrow, today, or three days ago."""

    key = "offers.bring_back"
    title = __("A loan is due")

    def subject(self, context: dict[str, Any]) -> str:
        words = {
            1: __("Due tomorrow: %(title)s", title=context["title"]),
            2: __("Due today: %(title)s", title=context["title"]),
            3: __("Three days late: %(title)s", title=context["title"]),
        }
        return str(words[context["stage"]])

    def besides(self, ask: Ask, payload: dict[str, Any]) -> dict[str, Any]:
        return {"stage": payload["stage"]}

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "stage": 2}


class Prolonged(_OfLoan, Notice):
    """To whoever has borrowed something: its author has set another day."""

    key = "offers.prolonged"
    title = __("A loan has another day")
    folds = True

    def subject(self, context: dict[str, Any]) -> str:
        return _("Until %(day)s: %(title)s", day=i18n.full_date(context["due_on"]), title=context["title"])

    def kind_of(self, payload: dict[str, Any]) -> str:
        return str(payload["ask"])

    def besides(self, ask: Ask, payload: dict[str, Any]) -> dict[str, Any]:
        if ask.due_on != date.fromisoformat(payload["day"]) and "folded" not in payload:  # a later mail says it
            raise Skip
        return {}
