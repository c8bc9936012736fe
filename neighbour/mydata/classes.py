"""Why anything is kept: each class of personal data with its purpose, legal basis, recipients and period, in one table.

The privacy notice (/privacy), the processing record (``neighbour privacy record``) and the archive of one's own data are
written from it; which columns belong to a class says the register (``core/personal``). A guard test compares. How long
says the retention table (``rules``), whose periods are put into the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from neighbour.core import limits
from neighbour.core.i18n import LazyText, ngettext
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.mydata.rules import RULES


@dataclass(frozen=True)
class DataClass:
    """A class of data. title, purpose, seen_by, period: plain words; basis: of Art. 6 GDPR; whose: the people concerned."""

    key: str
    title: LazyText
    purpose: LazyText
    seen_by: LazyText
    basis: LazyText
    period: LazyText


@dataclass(frozen=True)
class Kept:
    """A period in words, in the language spoken when it is read: ``90 days``, ``12 months``."""

    period: timedelta

    def __str__(self) -> str:
        years, days = divmod(self.period.days, 365)
        if years == 1 and not days:
            return _("12 months")
        if years and not days:
            return ngettext("%(num)s year", "%(num)s years", years)
        return ngettext("%(num)s day", "%(num)s days", self.period.days) if self.period.days else _("an hour")


class Counted(Kept):
    """How long attempts are counted at most; the rooms say it when the application is made (``limits.register``)."""

    def __init__(self) -> None:
        super().__init__(timedelta())

    def __str__(self) -> str:
        return str(Kept(timedelta(seconds=max(rate.seconds for rate in limits.RATES.values()))))


#: the periods of the retention table by name, for the words below
KEPT: dict[str, Kept] = {rule.name: Kept(rule.period) for rule in RULES} | {"counted": Counted()}
CONTRACT = __("so that you can use the board (Art. 6 (1) b GDPR)")
SAFETY = __("our interest in keeping the board safe (Art. 6 (1) f GDPR)")
DUTY = __("the law obliges us to (Art. 6 (1) c GDPR)")

CLASSES: dict[str, DataClass] = {
    each.key: each
    for each in (
        DataClass(
            "account",
            __("E-mail address, password, name"),
            __("Signing in, your mail, and so that neighbours know who is writing. Of the password we keep a fingerprint only (argon2id)."),
            __("Proven neighbours see first name and initial, and your street only if you allow it. The rest: nobody."),
            CONTRACT,
            __("Until you delete your account; after %(inactive)s without a visit we ask twice, then it is deleted. Sign-ups not confirmed: %(unconfirmed)s.", **KEPT),
        ),
        DataClass(
            "home",
            __("Your address"),
            __("To find your quarter, to send you the card with the code, and to compare it with a paper you show. It is encrypted in a table of its own; the key lies elsewhere."),
            __("You; whoever prints the cards for the operator; and those who look at a proof you have chosen: two of the Quartiersteam or the operator, or the initiative you visit. Each look is written down for you."),
            CONTRACT,
            __("As long as your account; a proven home that you left or renamed %(homes_before)s, and as long as somebody quarrels about the account; an address the register lacks %(missing)s; printed files, encrypted, %(letter_files)s; houses whose quarter changed %(plans)s.", **KEPT),
        ),
        DataClass(
            "proof",
            __("How you have shown that you live here"),
            __("Only neighbours who have proven their address read and write here. Of codes we keep fingerprints."),
            __("Neighbours see that you are proven, not how. Whoever invited you sees that you came. A document: two of the Quartiersteam, or the operator."),
            CONTRACT,
            __("Documents until decided on, %(documents)s at most; codes on cards 30 days, for an initiative %(visit_codes)s; after their end invitations and flyers %(invitations)s, proofs, decisions and quarters you left %(proofs)s; letters %(letters)s under your name, then without: a “never again” on a card stays valid.", **KEPT),
        ),
        DataClass(
            "contribution",
            __("What you pin up, answer, thank for and come to"),
            __("It is the board. You choose how far each contribution reaches."),
            __("The quarters you chose; what you make public, everybody."),
            CONTRACT,
            __("As long as you leave it there; what you take down or asked for %(withdrawn)s, the words of an answer you take down %(answers_taken_down)s, what the operator takes down %(hidden)s; photos not pinned up %(uploads)s; that you came to an event %(guests)s after it; what only those read who get a thing %(for_holders)s after the end; up to where you have read %(read_marks)s.", **KEPT),
        ),
        DataClass(
            "mail",
            __("Your digest, and which mails you were sent"),
            __("So that nothing comes twice and we notice when your mail does not arrive."),
            __("You, and the mail server that carries it."),
            CONTRACT,
            __("What was sent %(mails)s; your choice of lists as long as your account; fingerprints of addresses that take no mail %(suppressions)s.", **KEPT),
        ),
        DataClass(
            "access",
            __("Devices, links in mails, the day you were here last"),
            __("So that you can stay signed in, sign devices out, and nobody guesses passwords."),
            __("You"),
            CONTRACT,
            __("Devices 14 days after the last visit, 90 at most; links %(links)s after they end; an address you left 72 hours; counters of attempts %(counted)s at most; used recovery codes %(used_codes)s; ways to sign in that were put aside because nobody objected %(factors_aside)s; the log %(logs)s; a second step the operator took off, and quarrels about whose an account is, %(resets)s. Passkeys and the app as long as you have them.", **KEPT),
        ),
        DataClass(
            "security",
            __("Who opened an address, and events that matter for safety"),
            __("So that misuse comes to light and we can tell you if something went wrong. Numbers and kinds of events, no texts."),
            __("You; the operator after an incident."),
            SAFETY,
            __("%(events)s; what we wrote to you after an incident: %(incidents)s", **KEPT),
        ),
        DataClass(
            "requests",
            __("Your wishes about your data"),
            __("To hand you your data, or delete it. That you are gone remains as a fingerprint, so that no backup brings you back."),
            __("You"),
            DUTY,
            __("The archive 7 days, the wish %(archives)s. Deleting takes 14 days in which you can come back; of an account that was given away because nobody objected, 30 from that day.", **KEPT),
        ),
    )
}  # fmt: skip
