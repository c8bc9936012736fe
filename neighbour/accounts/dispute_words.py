"""Why an operator turns round what silence decided about an account: one of these, in words for the desk and for both mailboxes.

No text of the operator's own: what is told to two people one of whom may be fleeing from the other names nothing by accident.
"""

from __future__ import annotations

from enum import StrEnum

from neighbour.core.i18n import lazy_gettext as __


class Reason(StrEnum):
    LETTER = "letter"
    PAPER = "paper"
    KNOWS = "knows"
    ADMITTED = "admitted"


SAID = {
    Reason.LETTER: __("Whoever has the newer address knew the word from a letter to the account's home."),
    Reason.PAPER: __("Whoever has the newer address came with a paper of the account's name and address."),
    Reason.KNOWS: __("Whoever has the newer address knew of the account what only its owner can know."),
    Reason.ADMITTED: __("Whoever has the older address said that the account is not theirs."),
}
