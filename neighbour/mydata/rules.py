"""The retention table: what is forgotten when.

Each line names a class of data, what of it, how long it is kept, and what forgets it. The register of personal data says of
every table which lines take its rows away, or why they stay (``core/personal``: ``ends``, ``lasts``); the privacy notice says
the same in words (``classes``). Nobody's eyes are open while they work: what lies behind the wall is forgotten by functions of
the database that do just that (migrations 0024 and 0025).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, or_, text

from neighbour.accounts import forgetting as accounts
from neighbour.accounts.putting_aside import ASIDE_FOR
from neighbour.contributions import photo_drawing, photos
from neighbour.core import clock, instance, limits, logs
from neighbour.core.db import atomic, db
from neighbour.core.i18n import LazyText, ngettext
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.mydata import files, inactivity
from neighbour.notices import ledger
from neighbour.notices.models import Suppression
from neighbour.residency import homes, print_runs
from neighbour.residency.cases import documents


@dataclass(frozen=True)
class Rule:
    """A line of the table. period: what is older goes; forget: takes the moment before which things are old, gives how many;
    is_hourly: what ends so soon, or is so delicate, that it does not wait for the night."""

    name: str
    kind: str
    what: LazyText
    period: timedelta
    forget: Callable[[datetime], int]
    is_hourly: bool = False

    @property
    def line(self) -> str:
        """What and the period in words, in the language spoken now; what goes at its end needs none."""
        if self.period.days:
            return f"{self.what}: " + ngettext("%(num)s day", "%(num)s days", self.period.days)
        return f"{self.what}: " + _("an hour") if self.period else str(self.what)


def _asks(statement: str) -> Callable[[datetime], int]:
    """Functions of the database with the moment as their argument."""

    def forget(before: datetime) -> int:
        with atomic():
            return int(db.session.scalar(text(f"SELECT {statement}"), {"before": before, "at": clock.now()}) or 0)

    return forget


def _taken_down(state: str) -> Callable[[datetime], int]:
    """Answers first: whose slip goes too goes with it."""
    return _asks(f"forget_answers('{state}', :before) + forget_taken_down('{state}', :before)")


def _suppressions(before: datetime) -> int:
    over = or_(Suppression.until < clock.now(), Suppression.since < before)
    with atomic():
        return int(db.session.execute(delete(Suppression).where(over)).rowcount)  # type: ignore[attr-defined]


def _letter_files(before: datetime) -> int:
    return print_runs.tidy(current_app.extensions["config"], before)


def _archives(before: datetime) -> int:
    """Archives at the end of their seven days, wishes of long ago, and files that no row knows any more."""
    with atomic():
        gone = db.session.scalar(text("SELECT forget_exports(:at, :before)"), {"at": clock.now(), "before": before})
        known = set(db.session.scalars(text("SELECT export_files()")))
    stray = files.strangers(known)
    for path in stray:
        path.unlink(missing_ok=True)
    return int(gone or 0)


def _photo_files(before: datetime) -> int:
    return photo_drawing.tidy(before)


def _logs(before: datetime) -> int:
    return logs.forget(instance.job_log(current_app.extensions["config"].instance_dir), before)


HOUR, DAY, MONTH, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=30), timedelta(days=365)
CODES = 90 * DAY  # what came of invitations and flyers, after they are over
#: ``period`` counts from the end of what ends by itself, from the beginning of all else
RULES: tuple[Rule, ...] = (
    Rule("unconfirmed", "account", __("sign-ups never confirmed"), accounts.UNCONFIRMED_FOR, accounts.unconfirmed),
    Rule("inactive", "account", __("accounts without a visit, after two reminders"), inactivity.AFTER, inactivity.look_after),
    Rule("missing", "home", __("addresses the register lacks"), 90 * DAY, _asks("forget_missing(:before)")),
    Rule("homes_before", "home", __("proven homes that were left or renamed"), homes.KEPT, _asks("forget_homes_before(:before)")),
    Rule("letter_files", "home", __("printed letters (files in INSTANCE_DIR/letters)"), print_runs.KEPT, _letter_files),
    Rule("plans", "home", __("changes of quarters, house by house"), YEAR, _asks("forget_plans(:before)")),
    Rule("codes", "proof", __("codes of letters, 30 days after printing"), timedelta(), _asks("forget_letter_codes(:before)")),
    Rule("letters", "proof", __("whose letter it was"), YEAR, _asks("forget_whose_letters(:before)")),
    Rule("invitations", "proof", __("invitations that are over, and who used them"), CODES, _asks("forget_invitations(:before)")),
    Rule("flyers", "proof", __("flyers that are over, and who used them"), CODES, _asks("forget_flyers(:before)")),
    Rule("alarms", "proof", __("alarms about codes"), CODES, _asks("forget_alarms(:before)")),
    Rule("print_runs", "proof", __("batches of letters printed at the desk"), CODES, _asks("forget_print_runs(:before)")),
    Rule("documents", "proof", __("documents that nobody decided on"), documents.KEPT_FOR, documents.forget_overdue, True),
    Rule("cases", "proof", __("decided cases, with who said what"), YEAR, _asks("forget_cases(:before)")),
    Rule("visit_codes", "proof", __("codes to show at an initiative"), HOUR, _asks("forget_visit_codes(:before)"), True),
    Rule("visits", "proof", __("which initiative confirmed whom"), YEAR, _asks("forget_visits(:before)")),
    Rule("proofs", "proof", __("proofs that have ended"), YEAR, _asks("forget_proofs(:before)")),
    Rule("memberships", "proof", __("quarters that were left, with their proofs"), YEAR, _asks("forget_memberships(:before)")),
    Rule("withdrawn", "contribution", __("what its author took down"), MONTH, _taken_down("withdrawn")),
    Rule("hidden", "contribution", __("what the operator took down"), YEAR, _taken_down("hidden")),
    Rule("answers_taken_down", "contribution", __("words taken down"), HOUR, _asks("forget_taken_back(:before)"), True),
    Rule("uploads", "contribution", __("photos sent, not pinned up"), photos.UNPINNED, _asks("forget_uploads(:before)"), True),
    Rule("photo_files", "contribution", __("files of photos that belong to nothing"), DAY, _photo_files),
    Rule("guests", "contribution", __("who came to an event, after its end"), 14 * DAY, _asks("forget_guests(:before)")),
    Rule("asks", "contribution", __("what one asked for on the market, when it is over"), MONTH, _asks("forget_asks(:before)")),
    Rule("for_holders", "contribution", __("what only who got a thing read"), 14 * DAY, _asks("forget_for_holders(:before)")),
    Rule("read_marks", "contribution", __("up to where one has read"), YEAR, _asks("forget_read_marks(:before)")),
    Rule("mails", "mail", __("what was sent"), ledger.KEPT, ledger.purge),
    Rule("suppressions", "mail", __("fingerprints of addresses that take no mail"), 2 * YEAR, _suppressions),
    Rule("sessions", "access", __("sessions that are over"), timedelta(), accounts.sessions, True),
    Rule("links", "access", __("links and codes sent by mail"), accounts.LINKS_KEPT, accounts.links, True),
    Rule("challenges", "access", __("riddles for passkeys"), timedelta(), accounts.challenges, True),
    Rule("counters", "access", __("counters of attempts, after the time they count for"), HOUR, limits.purge, True),
    Rule("left_mail", "access", __("mail addresses that were left, after 72 hours"), timedelta(), accounts.left_addresses, True),
    Rule("used_codes", "access", __("recovery codes that were used"), MONTH, _asks("forget_used_codes(:before)")),
    Rule("resets", "access", __("second steps taken off by the operator"), accounts.RESETS_KEPT, accounts.resets),
    Rule("disputes", "access", __("quarrels about whose an account is"), accounts.RESETS_KEPT, accounts.disputes),
    Rule("factors_aside", "access", __("ways to sign in put aside when nobody objected"), ASIDE_FOR, accounts.factors_aside),
    Rule("logs", "access", __("lines of the log (INSTANCE_DIR/log)"), MONTH, _logs),
    Rule("looks", "security", __("looks at addresses"), YEAR, _asks("forget_looks(:before)")),
    Rule("events", "security", __("events that matter for safety"), YEAR, _asks("forget_events(:before)")),
    Rule("incidents", "security", __("what we wrote to you after an incident"), 3 * YEAR, _asks("forget_told(:before)")),
    Rule("archives", "requests", __("archives after seven days; the wishes after 30"), MONTH, _archives),
)  # fmt: skip
