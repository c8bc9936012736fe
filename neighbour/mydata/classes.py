"""Why anything is kept: each class of personal data with its purpose, legal basis, recipients and period, in one table.

The privacy notice (/privacy), the processing record (``neighbour privacy record``) and the archive of one's own data are
written from it; which columns belong to a class says the register (``core/personal``). A guard test compares.
"""

from __future__ import annotations

from dataclasses import dataclass

from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __


@dataclass(frozen=True)
class DataClass:
    """A class of data. title, purpose, seen_by, period: plain words; basis: of Art. 6 GDPR; whose: the people concerned."""

    key: str
    title: LazyText
    purpose: LazyText
    seen_by: LazyText
    basis: LazyText
    period: LazyText


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
            __("Until you delete your account; after 24 months without a visit we ask twice, then it is deleted. Sign-ups that are not confirmed: 14 days."),
        ),
        DataClass(
            "home",
            __("Your address"),
            __("To find your quarter, to send you the card with the code, and to compare it with a paper you show. It is encrypted in a table of its own; the key lies elsewhere."),
            __("You; whoever prints the cards for the operator; and those who look at a proof you have chosen: two of the Quartiersteam or the operator, or the initiative you visit. Each look is written down for you."),
            CONTRACT,
            __("As long as your account; an address the register lacks for 90 days; printed files, encrypted, for 7 days."),
        ),
        DataClass(
            "proof",
            __("How you have shown that you live here"),
            __("Only neighbours who have proven their address read and write here. Of codes we keep fingerprints."),
            __("Neighbours see that you are proven, not how. Whoever invited you sees that you came. A document: two of the Quartiersteam, or the operator."),
            CONTRACT,
            __("Documents until they are decided on, 14 days at most; codes 30 days; invitations and flyers 90 days after they end; proofs and decisions 12 months after they end, likewise quarters you have left; letters 12 months under your name, then without it: a “never again” on a card stays valid."),
        ),
        DataClass(
            "contribution",
            __("What you pin up, answer and thank for"),
            __("It is the board. You choose how far each contribution reaches."),
            __("The quarters you chose; what you make public, everybody."),
            CONTRACT,
            __("As long as you leave it there. What was taken down is deleted after 30 days, what the operator took down after 12 months."),
        ),
        DataClass(
            "mail",
            __("Your digest, and which mails you were sent"),
            __("So that nothing comes twice and we notice when your mail does not arrive."),
            __("You, and the mail server that carries it."),
            CONTRACT,
            __("What was sent: 30 days. Your choice of lists: as long as your account."),
        ),
        DataClass(
            "access",
            __("Devices, links in mails, the day you were here last"),
            __("So that you can stay signed in, sign devices out, and nobody guesses passwords."),
            __("You"),
            CONTRACT,
            __("Devices 14 days after the last visit, 90 at most; links a day after they end; an address you left 72 hours; counters of attempts an hour; used recovery codes and the log 30 days. Passkeys and the app as long as you have them."),
        ),
        DataClass(
            "security",
            __("Who opened an address, and events that matter for safety"),
            __("So that misuse comes to light and we can tell you if something went wrong. Numbers and kinds of events, no texts."),
            __("You; the operator after an incident."),
            SAFETY,
            __("12 months; what we wrote to you after an incident: 3 years"),
        ),
        DataClass(
            "requests",
            __("Your wishes about your data"),
            __("To hand you your data, or to delete it, whatever happens in between. That you are gone remains as a fingerprint, so that no backup brings you back."),
            __("You"),
            DUTY,
            __("The archive 7 days, the wish 30 days. Deleting takes 14 days in which you can come back, then it is done at once."),
        ),
    )
}  # fmt: skip
