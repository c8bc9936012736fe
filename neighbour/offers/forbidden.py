"""What does not belong on a market among neighbours: found by its words, and explained to whoever wrote them.

The lists hold what is unlawful to hand on (weapons, medicine), what needs more than a notice (animals) and what swindlers ask
for (vouchers). Words stand alone or as the head of a German compound; toys and accessories are not meant.
"""

from __future__ import annotations

import re

from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __

_WEAPONS = (
    r"\w*pistolen?|\w*gewehre?|revolver|munition|\w*patronen|springmesser|butterflymesser|faustmesser|schlagringe?|"
    r"elektroschocker|pfefferspray|armbr(?:u|ü)ste?|samuraischwert|handgranaten?|pistols?|rifles?|ammunition|handguns?"
)
_TOYS = (
    r"(?:wasser|spielzeug|hei(?:ß|ss)klebe|klebe|spritz|massage|lackier|farb|nerf|kartuschen|seifenblasen|druckluft|tinten|"
    r"drucker)\w*"
)
_MEDICINE = (
    r"antibiotik\w+|ibuprofen|paracetamol|schmerztabletten|schlaftabletten|schlafmittel|tilidin|tramadol|ritalin|insulin|"
    r"ozempic|viagra|valium|cortison\w*|kortison\w*|(?:verschreibungs|rezept)pflichtig\w*|medikamente?|arzneimittel|"
    r"antibiotics|painkillers|prescription drugs"
)
_ANIMALS = (
    r"(?:\w*welpen?|k(?:ä|ae)tzchen|hundebabys?|katzenbabys?|kitten|(?:meerschweinchen|kaninchen|hamster|wellensittiche?|katzen?|"
    r"kater|hunde?|hasen|schildkr(?:ö|oe)ten?|h(?:ü|ue)hner|papageie?n?|rennm(?:ä|ae)use)\s+(?:\w+\s+){0,4}"
    r"(?:abzugeben|zu verkaufen|zu verschenken|in (?:gute|liebe\w*) h(?:ä|ae)nde|suchen? ein neues zuhause|suchen? zuhause)|"
    r"pupp(?:y|ies))"
)
_VOUCHERS = (
    r"\w*gutscheine?|\w*guthabenkarten?|geschenkkarten?|paysafe\w*|wertmarken|(?:amazon|steam|google play|apple|itunes)[- ]?"
    r"(?:karten?|codes?|guthaben)|gift ?cards?|vouchers?"
)

_RULES: tuple[tuple[re.Pattern[str], re.Pattern[str] | None, LazyText], ...] = (
    (
        re.compile(rf"\b(?:{_WEAPONS})\b", re.IGNORECASE),
        re.compile(rf"\b{_TOYS}\b", re.IGNORECASE),
        __("Weapons and ammunition are not passed on here: the law wants to know who has them. The police takes them in."),
    ),
    (
        re.compile(rf"\b(?:{_MEDICINE})\b", re.IGNORECASE),
        re.compile(r"\bmedikament\w*(?:dose|schrank|box|spender)\w*\b", re.IGNORECASE),
        __("Medicine is not passed on here: it may harm somebody else. Pharmacies take back what is left."),
    ),
    (
        re.compile(rf"\b{_ANIMALS}\b", re.IGNORECASE),
        None,
        __("Animals are not passed on here: they need somebody who looks closely. The animal shelter helps to find a home."),
    ),
    (
        re.compile(rf"\b(?:{_VOUCHERS})\b", re.IGNORECASE),
        None,
        __("Vouchers and gift cards are not traded here: they are what swindlers ask for most."),
    ),
)  # fmt: skip


def look(text: str) -> LazyText | None:
    """Why this may not be offered, in words for whoever wrote it; None where nothing speaks against it."""
    for pattern, but_not, why in _RULES:
        meant = text if but_not is None else but_not.sub(" ", text)
        if pattern.search(meant):
            return why
    return None
