"""Signs of trade in an offer's words: a market among neighbours is for what one has oneself.

One sign is a question, because a neighbour may write it, too ("tiles of a Meisterbetrieb"); two are refused, and so is one that
only traders have to give (the numbers of § 5 DDG, the note of § 19 UStG). Not meant: what is denied ("no dealer"), where a used
thing was bought ("invoice from …"), and whom somebody looks for.
"""

from __future__ import annotations

import re

_FIRM = r"(?:gGmbH|GmbH|OHG|e\. ?K\.|UG \(haftungsbeschr(?:ä|ae)nkt\)|Ltd\.?)(?![-\w])"
_SHOP = r"(?:online-?|web-?)shops?\b|ladengesch(?:ä|ae)fte?s?\b"
_TRADER = r"h(?:ä|ae)ndler(?:in)?\b|gewerblich\w*|(?:commercial|professional) seller\b"
_TAX = r"(?:MwSt|USt)\b(?!\.?[- ]?id)|mehrwertsteuer\w*|umsatzsteuer(?!-?id|-?identifikation)\w*|plus VAT\b"
#: one sign, whatever of it is found
_SIGNS = (
    _FIRM,
    _SHOP,
    _TRADER,
    _TAX,
    r"(?:neuware|neuger(?:ä|ae)te?|new goods) (?:\w+ )?(?:mit|gegen|with) (?:an )?(?:rechnung|invoice)\b",
    r"\w*ankauf\b",
    r"wir kaufen (?:\w+ )?(?:ihr|eur|deine|alt|jede|alle|gold|silber|schmuck|autos?\b)\w*",
    r"(?:meister|maler|fach|handwerks|innungs)betrieb\w*",
    r"(?:st(?:ü|ue)ck|staffel)preise?\b|mengenrabatt|gro(?:ß|ss)handel\w*|gro(?:ß|ss)h(?:ä|ae)ndler\w*|wholesale\b|dropshipping|lagerverkauf\w*",
)
#: nobody else has to give it
_PROOFS = (
    r"(?:USt\.?|umsatzsteuer)-? ?(?:id|identifikations)[-.]?(?:nr\b|nummer)?|VAT (?:no|number|ID)\b",
    r"HR[AB] ?\d+|handelsregister\w*|kleinunternehmer\w*|§ ?19 (?:abs\. ?1 )?UStG",
    r"gewerbliche[rsn]? (?:anbieter|verk(?:ä|ae)ufe?r?|h(?:ä|ae)ndler|verkauf)\w*",
)  # fmt: skip
_ANY = "|".join((*_SIGNS, *_PROOFS))
_NAMED = r"(?:[\w&-]+\.? )"  # a word of a name before it
_DENIED = (
    rf"\b(?:kein\w*|nicht|weder|(?<!VAT )no|not a) {_NAMED}{{0,2}}?(?:{_ANY})(?: (?:noch |und |oder )?(?:{_ANY}))*"
)
_BOUGHT = (
    rf"\b(?:gekauft|erworben|bestellt|rechnung|garantie|kassenbon|quittung|beleg|neu|bought|invoice) (?:\w+ ){{0,3}}?"
    rf"(?:bei|beim|von|vom|der|des|aus|im|in|from|at) {_NAMED}{{0,5}}?(?:{_ANY})"
)
_THERE = rf"\b(?:bei|beim|vom|im|from|at) {_NAMED}{{0,5}}?(?:{_ANY}) (?:\w+ )?(?:gekauft|erworben|bestellt|bought)\b"
_LOOKED_FOR = rf"\b(?:suche\w*|gesucht|kennt|kenne|looking for) {_NAMED}{{0,3}}?(?:{_ANY})"
_ASIDE = re.compile("|".join((_DENIED, _BOUGHT, _THERE, _LOOKED_FOR)), re.IGNORECASE)


def signs(text: str) -> tuple[str, ...]:
    """The words that sound of trade, each sign once, as they stand there; without those that do not mean the author."""
    found = _found((*_SIGNS, *_PROOFS), text)
    return tuple(each for each in found if not any(each != other and each in other for other in found))


def is_plain(text: str) -> bool:
    """Whether nobody has to be asked: two signs, or one that only traders have to give."""
    return len(signs(text)) > 1 or bool(_found(_PROOFS, text))


def _found(patterns: tuple[str, ...], text: str) -> tuple[str, ...]:
    meant = _ASIDE.sub(" ", " ".join(text.split()))
    found = (re.search(rf"(?<!\w)(?:{pattern})", meant, re.IGNORECASE) for pattern in patterns)
    return tuple(each[0].strip(" .") for each in found if each)
