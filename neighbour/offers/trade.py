"""Signs of trade in an offer's words: a market among neighbours is for what one has oneself.

One sign is a question, because a neighbour may write it, too ("tiles of a Meisterbetrieb"); two are refused, and so is one that
only traders have to give (the numbers of § 5 DDG, the note of § 19 UStG). Where nothing is paid two are a question as well: who
gives away what a firm has left over says where it is from. Not meant: what is denied ("no dealer", "dealers unwelcome"), where a
used thing was bought or by whom it was fitted ("invoice from …"), and whom somebody looks for.
"""

from __future__ import annotations

import re

_FIRM = r"(?:gGmbH|GmbH|OHG|e\. ?K\.|UG \(haftungsbeschr(?:ä|ae)nkt\)|Ltd\.?)(?![-\w])"
_SHOP = (
    r"(?:online-?|web-?)shops?\b|ladengesch(?:ä|ae)fte?s?\b|(?:www\.)?[\w-]{0,20}(?<!work)shop[\w-]{0,20}\.[a-z]{2,8}\b"
)
_TRADER = r"h(?:ä|ae)ndler(?:in)?\b|gewerblich\w*|(?:commercial|professional) seller\b"
#: the tax on a price; the word alone may be what a book is about
_TAX = (
    r"(?:MwSt|USt)\b(?!\.?[- ]?id)|(?:mit|inkl\w*|incl\w*|zzgl|zuz(?:ü|ue)glich|plus|ausgewiesene\w*|gesetzliche\w*)\.? (?:\w+\.? ){0,2}?"
    r"(?:mehrwert|umsatz)steuer(?!-?id|-?identifikation)\w*|(?:mehrwert|umsatz)steuer (?:wird |ist )?(?:ausgewiesen|ausweisbar|enthalten)|plus VAT\b"
)
#: one sign, whatever of it is found
_SIGNS = (
    _FIRM,
    _SHOP,
    _TRADER,
    _TAX,
    r"(?:neuware|neuger(?:ä|ae)te?|new goods) (?:\w+ )?(?:mit|gegen|with) (?:an )?(?:rechnung|invoice)\b",
    r"\w*ankauf\b",
    r"wir kaufen (?:\w+ )?(?:ihr|eur|deine|alt|jede|alle|gold|silber|schmuck|autos?\b)\w*|kaufe (?:\w+ ){1,3}(?:aller|jeder|jeglicher) art\b",
    r"(?:meister|maler|fach|handwerks|innungs)betrieb\w*",
    r"(?:st(?:ü|ue)ck|staffel)preise?\b|mengenrabatt|gro(?:ß|ss)handel\w*|gro(?:ß|ss)h(?:ä|ae)ndler\w*|wholesale\b|dropshipping|lagerverkauf\w*",
    r"(?<!noch )(?:\d+ st(?:ü|ue)ck )?(?:vorr(?:ä|ae)tig|auf lager|lieferbar)\b",
    r"(?<!noch )\d+ (?:monate|jahre?) gew(?:ä|ae)hrleistung\b|gew(?:ä|ae)hrleistung:? (?:von |f(?:ü|ue)r )?\d+ (?:monate|jahre?)",
    # what one does for a living
    r"(?:(?:entr(?:ü|ue)mpel|renovier|reinig|sanier|haushaltsaufl(?:ö|oe)s|wart|dienstleist)ung(?:en)?|\w{0,30}(?:arbeiten|montagen?)|"
    r"reparaturen|umz(?:ü|ue)ge|transporte) (?:aller|jeder|jeglicher) art\b",
    r"\w{2,30}(?:unternehmen|firma|service|dienstleister) (?:bietet|bieten)\b",
    r"ab \d{1,5} ?(?:€|euros?\b) ?(?:/|pro|die|je) ?(?:h|std|stunde)\b",
    r"(?:besuch\w{0,5}|kommt?|schaut?) (?:\w+ ){0,3}?(?:meine[nm]?|unsere?[nm]?) (?:\w+ )?(?:laden|gesch(?:ä|ae)ft|boutique|salon)\b",
    r"(?:nach|vor)?bestell\w* (?:\w+ ){0,3}?(?:auf|unter|bei) (?:www\.|https?:)|widerrufsrecht\b|widerrufsbelehrung\b",
)
#: beside another sign, one more: by itself it is a brand ("drill, Firma Bosch")
_BESIDE = (r"(?:firma|fa\.) (?-i:[A-ZÄÖÜ])[\w-]+",)
#: nobody else has to give it
_PROOFS = (
    r"(?:USt\.?|umsatzsteuer)-? ?(?:id|identifikations)[-.]?(?:nr\b|nummer)?|VAT (?:no|number|ID)\b",
    r"HR[AB] ?\d+|handelsregister(?:-?nummer|-?nr\.?|:| [AB] \d+| HR[AB])|handelsregister eingetragen|kleinunternehmer(?:in|s|regelung)?\b|§ ?19 (?:abs\. ?1 )?UStG",
    r"gewerbliche[rsn]? (?:anbieter|verk(?:ä|ae)ufe?r?|h(?:ä|ae)ndler|verkauf)\w*",
)  # fmt: skip
_ANY = "|".join((*_SIGNS, *_PROOFS))
_NAMED = r"(?:[\w&-]+\.? )"  # a word of a name before it
_MORE = rf"(?:,? (?:(?:noch|und|oder|mit|inkl\.?|bitte) )?(?:\w+ )?(?:{_ANY})){{0,2}}"  # and what stands beside it
_DENIED = (
    rf"\b(?:kein\w*|nicht|weder|(?<!VAT )no|not a) {_NAMED}{{0,2}}?(?:{_ANY})(?: (?:noch |und |oder )?(?:{_ANY}))*"
)
_UNWANTED = (
    rf"(?<!\w)(?:{_ANY})(?:,? (?:und |oder )?(?:{_ANY})){{0,2}} (?:(?:sind|ist|wird|bitte|hier) )?"
    r"(?:(?:un|nicht )erw(?:ü|ue)nscht|zwecklos|ausgeschlossen|nicht\b|nein danke|verboten|tabu|unwelcome|not welcome)"
)
_BOUGHT = (
    rf"\b(?:gekauft|erworben|bestellt|\w*rechnung|garantie|gew(?:ä|ae)hrleistung|kassenbon|quittung|\w*beleg|neu|bought|invoice) (?:\w+ ){{0,3}}?"
    rf"(?:bei|beim|von|vom|der|des|aus|auf|im|in|from|at) {_NAMED}{{0,5}}?(?:{_ANY}){_MORE}"
)
_THERE = (
    rf"\b(?:bei|beim|von|vom|im|durch|from|at) {_NAMED}{{0,5}}?(?:{_ANY})(?: {_NAMED}{{0,3}}?(?:{_ANY}))?,? (?:\w+ ){{0,4}}?"
    r"(?:gekauft|erworben|bestellt|verlegt|eingebaut|montiert|gestrichen|bought|fitted)\b"
)
_LOOKED_FOR = rf"\b(?:suche\w*|gesucht|kennt|kenne|looking for) {_NAMED}{{0,3}}?(?:{_ANY})"
_ASIDE = re.compile("|".join((_UNWANTED, _DENIED, _BOUGHT, _THERE, _LOOKED_FOR)), re.IGNORECASE)


def signs(text: str) -> tuple[str, ...]:
    """The words that sound of trade, each sign once, as they stand there; without those that do not mean the author."""
    found = _found((*_SIGNS, *_PROOFS), text)
    found += _found(_BESIDE, text) if found else ()
    return tuple(each for each in found if not any(each != other and each in other for other in found))


def is_plain(text: str, *, is_gift: bool = False) -> bool:
    """Whether nobody has to be asked: one that only traders have to give, or two signs, where something is paid (not
    ``is_gift``)."""
    return (len(signs(text)) > 1 and not is_gift) or bool(_found(_PROOFS, text))


def _found(patterns: tuple[str, ...], text: str) -> tuple[str, ...]:
    meant = _ASIDE.sub(" ", " ".join(text.split()))
    found = (re.search(rf"(?<!\w)(?:{pattern})", meant, re.IGNORECASE) for pattern in patterns)
    return tuple(each[0].strip(" .") for each in found if each)
