"""What does not belong on a market among neighbours: found by its words, and explained to whoever wrote them.

The lists hold what is unlawful to hand on (weapons, medicine), what needs more than a notice (animals) and what swindlers ask
for (vouchers). Words stand alone or as the head of a German compound; toys and accessories are not meant: a water pistol, ink,
a basket for puppies; nor is what somebody says there is none of. Where a word alone does not say, whoever wrote it is asked
instead of refused, and answers by pinning it up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __

_NEVER = r"(?!)"
_BETWEEN = r"(?:\w+\s+){0,2}?"
#: what is made for something else: its head says what is handed on
_GEAR = (
    r"\w*(?:box|boxen|k(?:ö|oe)rb\w*|korb|tasche|taschen|gitter|k(?:ä|ae)fig|stall|leine|geschirr|futter|napf|n(?:ä|ae)pfe|decke|bett|"
    r"halter|schrank|dose|dosen|spender|kiste|koffer|etui|schachtel|regal|st(?:ä|ae)nder|beutel|rucksack|organizer|b(?:ü|ue)cher|buch|"
    r"ratgeber|spielzeug|milch|gehege|auslauf|toilette|unterlage|halsband|mantel|transporter|k(?:ü|ue)hler)"
)
#: before "for …" it is the thing itself that changes hands
_NOT_AFTER = "".join(
    f"(?<!{word} )"
    for word in ("zuhause", "heim", "platz", "plätzchen", "familie", "familien", "euro", "€", "suche", "home")
)
#: what tells of something, or shows it: "Roman: Der Revolver", "Puzzle Katzen"
_ABOUT = (
    r"(?:\w{0,30}(?:buch|b(?:ü|ue)cher|roman|romane|krimi|krimis|film|filme|(?<!bei)spiel|puzzle)|thriller|comic|"
    r"manga|dvds?|blu-?ray|cd|poster|kalender|zeitschrift)"
    r":?[^\S\n]+[„“»«\"'‚]?(?:(?!(?:und|sowie|plus|mit|oder)\b)\w+[^\S\n]+){0,3}?"
)
#: what is not there, or not taken: "no vouchers", "no old medicine"
_NONE_OF = r"(?:(?:kein(?:e|en|er|es|em)?|weder|without)\s+(?:(?-i:(?!problem\b)[a-zäöü])\w{0,20}\s+)?(?:\w{1,20}-)?)"
#: playthings, pictures and costumes
_PLAY = (
    r"\b\w*(?:spielzeug|spielfigur|plastik|holz|wasserspritz|nerf|karneval|fasching|fastnacht|halloween|kost(?:ü|ue)m|verkleid|pl(?:ü|ue)sch|"
    r"stofftier|kuscheltier|steiff|porzellan|figur|puzzle|malbuch|bilderbuch|lego|playmobil|schleich|deko)\w*"
)
_INK = (
    r"(?:\w*druck\w*|\w*toner\w*|tinte\w*|hp|canon|epson|brother|samsung|lexmark|\w*f(?:ü|ue)ller\w*|f(?:ü|ue)llfeder\w*|pelikan|lamy|"
    r"soda\w*|sprudel\w*|sahne\w*|co2|co₂|\w*filter\w*|brita|silikon\w*|acryl\w*|kartusche\w*|deko\w*|dusch\w*|kaffee\w*)"
)


@dataclass(frozen=True)
class _Rule:
    """``always``: refused wherever it stands; ``at_head``: refused where nothing stands before it that it could be a part or picture
    of; ``mostly``: refused, but asked about among playthings; ``perhaps``: asked about, unless ``clear`` words stand beside it;
    ``unsure``: asked about though a word of ``always`` is in it. ``named``: what else may stand behind "for" or "about". ``heads``:
    what keeps its meaning behind a hyphen ("Ibuprofen-Tabletten"). ``help``: somebody is looked for, not the thing: who fetches it
    from the pharmacy, feeds it, disposes of it."""

    why: LazyText
    question: LazyText
    always: str
    mostly: str = _NEVER
    perhaps: str = _NEVER
    at_head: str = _NEVER
    unsure: str = _NEVER
    named: str = _NEVER
    clear: str = _NEVER
    toys: str = _NEVER
    heads: str = ""
    help: str = _NEVER

    def verdict(self, text: str, *, is_wanted: bool = False) -> LazyText | None:
        """The reason against it; of what is wanted nothing that may be help is refused."""
        if is_wanted and _found(self.help, text):
            return None
        meant = self._aside.sub(" ", self._meant(text))
        if (
            _found(self.always, meant)
            or _found(self.at_head, meant)
            or (_found(self.mostly, meant) and not re.search(_PLAY, text, re.IGNORECASE))
        ):
            return self.why
        return None

    def doubt(self, text: str) -> LazyText | None:
        """What is to be asked, where nothing is said against it."""
        meant = self._meant(text)
        is_unclear = _found(self.perhaps, meant) and not _found(self.clear, text)
        return self.question if is_unclear or self._aside.search(meant) or _found(self.mostly, meant) else None

    def _meant(self, text: str) -> str:
        """Without toys and accessories."""
        gear = rf"\b{_GEAR}\s+{_BETWEEN}(?:für|fuer|über|ueber|ohne)\s+{_BETWEEN}(?:{self._words})\b"
        compound = rf"\b(?:{self._words})-(?!{self.heads}\d)\w{{3,}}"
        return re.sub(rf"\b(?:{self.toys})\b|{gear}|{compound}", " ", text, flags=re.IGNORECASE)

    @property
    def _words(self) -> str:
        return f"{self.always}|{self.mostly}|{self.named}"

    @property
    def _aside(self) -> re.Pattern[str]:
        """Where it is what something else is for, or about."""
        apart = rf"{_NOT_AFTER}(?:für|fuer|über|ueber|ohne)\s+{_BETWEEN}(?:{self._words})|{_ABOUT}(?:{self._words})|{self.unsure}"
        apart += rf"|{_NONE_OF}(?:{self._words})"
        return re.compile(rf"\b(?:{apart})\b", re.IGNORECASE)


def _found(pattern: str, text: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE) is not None


_FIRED = r"(?:schreckschuss|gas|luft|soft-?air|air-?soft|signal|start(?:er)?|jagd|sport|dienst|klein-?kaliber|schrot|sturm|maschinen|scharfsch(?:ü|ue)tzen|pr(?:ä|ae)zisions|co2)"
_ANIMALS = (
    r"(?:meerschweinchen|kaninchen|hamster|wellensittiche?|katzen?|kater|hunde?|hasen|schildkr(?:ö|oe)ten?|h(?:ü|ue)hner|papageie?n?|"
    r"rennm(?:ä|ae)use|\w*welpen?|k(?:ä|ae)tzchen|h(?:ü|ue)ndin(?:nen)?|r(?:ü|ue)den?|frettchen|degus?|kanarienv(?:o|ö|oe)gel)"
)
#: of a living thing alone
_A_HOME = (
    r"(?:in (?:gute|liebe\w*) h(?:ä|ae)nde|such(?:t|en?) (?:(?:ein|eine|einen|neue?[ns]?|liebe\w*|sch(?:ö|oe)ne[ns]?|gute[ns]?) ){0,2}"
    r"(?:zuhause|pl(?:ä|ae)tzchen|familie))"
)
_HANDED_ON = rf"(?:abzugeben|zu verkaufen|zu verschenken|{_A_HOME})"
#: between the animal and that it is handed on; what it is made of, stands on or has to do with it is asked about
_STILL_IT = (
    r"(?:(?!(?:und|oder|aber|weil|hat|haben|mag|m(?:ö|oe)gen|braucht|brauchen|aus|als|von|auf|im|zum|zur|steiff|playmobil|lego|schleich|"
    r"pl(?:ü|ue)sch\w*|porzellan\w*|deko\w*)\b)\w+\s+){0,4}"
)
_A_FEW = r"(?:ein\w{0,2}|zwei|drei|vier|f(?:ü|ue)nf|sechs|sieben|\d{1,2})"
#: what may stand before the animal at the beginning of a line or sentence; with any other word it may be a part of a thing, also
#: where all is written small: "kratzbaum katze zu verschenken"
_NO_THING = (
    rf"(?:{_A_FEW}|(?:unser|mein|dies|klein|jung|alt|(?:ä|ae)lter|lieb|s(?:ü|ue)(?:ß|ss)|zahm|zutraulich|verschmust|schwarz|wei(?:ß|ss)|grau|getigert|"
    r"gesund|nett|verspielt|h(?:ü|ue)bsch|wundersch(?:ö|oe)n|sch(?:ö|oe)n|ruhig|freundlich|anh(?:ä|ae)nglich|scheu|treu|toll|rot|braun|bunt|"
    r"(?:un)?kastriert|sterilisiert|geimpft|gechipt|entwurmt|stubenrein|reinrassig|m(?:ä|ae)nnlich|weiblich)\w{0,3}|ich|wir|leider|habe|haben|gebe|verkaufe|verschenke|wegen\s+\w{1,30}|"
    r"aus\s+\w{1,20}gr(?:ü|ue)nden|schweren\s+herzens|hier|heute|nun|jetzt|daher|sehr|ganz|noch|dringend|sofort)"
)
_ANY_SMALL = rf"(?:{_NO_THING}|(?-i:(?!(?:mit|aus|auf|als|von|und|oder|im)\b)[a-zäöü])\w{{0,20}})"
_HEAD = rf"(?:(?m:^)|[.!?:;,]\s{{1,3}})(?:{_NO_THING}\s+){{0,4}}"
#: what follows is handed on because of the animal, not the animal: "we have a cat and therefore wool"
_THEREFORE = rf"und\s+(?:deshalb|deswegen|daher|darum)\s+(?!{_HANDED_ON})"
#: how somebody else might want to pay
_PAYMENT = (
    r"(?:[\w-]{0,30}gutscheine?n?|\w{0,30}guthabenkarten?|geschenkkarten?|paysafe\w{0,9}|pay-?pal|gift ?cards?|vouchers?|western union|moneygram|"
    r"(?:amazon|steam|google play|apple|itunes)[- ]?(?:karten?|codes?|guthaben)|schecks?|(?:ü|ue)berweisung(?:en)?|vorkasse|bitcoins?|versand)"
)
_AND_SO_ON = r"(?:\s?,\s|\s?/\s?|\s(?:und|oder|noch|or)\s)(?:auch\s)?(?:keine?n?\s)?"
_RULES = (
    _Rule(
        why=__("Weapons and ammunition are not passed on here: the law wants to know who has them. The police takes them in."),
        question=__("Weapons and ammunition are not passed on here. If this is a toy, a tool or ink, pin it up."),
        always=(
            rf"(?:{_FIRED}[- ]?(?:pistolen?|gewehre?|revolver)|druckluft-?gewehre?)|(?:schreckschuss|jagd|schrot|signal|kleinkaliber)-?patronen?|(?:schreckschuss|gas)waffen?|munition|"
            r"(?:9|7,65|6,35|22er)\s?(?:mm)?[- ]patronen|(?:platz|gewehr|pistolen|revolver)-?patronen|springmesser|butterfly-?messer|faustmesser|"
            r"schlagringe?|elektroschocker|pfefferspray|samuraischwert|handgranaten?|rifles?|ammunition|handguns?"
        ),
        mostly=r"pistolen?|gewehre?|revolver|armbr(?:u|ü)ste?|pistols?",
        perhaps=r"soft-?air|air-?soft|\w*patronen?|[\w-]{1,40}pistolen?|[\w-]{1,40}gewehre?",
        clear=_INK,
        unsure=r"druckluft[- ]?pistolen?",  # on a compressor it is a tool
        toys=(
            r"(?:wasser|spielzeug|kinder|hei(?:ß|ss)-?kleber?|klebe?r?|spritz|massage|lackier|farb|spr(?:ü|ue)h|nerf|kartuschen|silikon|seifenblasen|"
            r"tinten|drucker|f(?:ü|ue)ller|filter|hei(?:ß|ss)luft|blas|ausblas|druckluft-?ausblas|reinigungs|tank|zapf|schaum|bauschaum|fett|tacker|garten|brause)"
            r"[\w-]{0,40}(?:pistolen?|gewehre?|patronen?)"
        ),
        heads=r"munition|patronen|waffe\w*|",
    ),
    _Rule(
        why=__("Medicine is not passed on here: it may harm somebody else. Pharmacies take back what is left."),
        question=__("Medicine is not passed on here. If this is something to keep it in, or to read about it, pin it up."),
        always=(
            r"antibiotik\w+|ibuprofen|paracetamol|schmerztabletten|schlaftabletten|schlafmittel|tilidin|tramadol|ritalin|insulin|"
            r"ozempic|viagra|valium|amoxicillin|penicillin|novalgin|metamizol|diclofenac|voltaren|aspirin|oxycodon|codein|diazepam|lorazepam|"
            r"zopiclon|pregabalin|sildenafil|prednisolon|pantoprazol|metformin|cortison\w*|kortison\w*|(?:verschreibungs|rezept)pflichtig\w*|medikamente?n?|arzneimittel|"
            r"antibiotics|painkillers|prescription drugs"
        ),
        toys=r"medikament\w*(?:dose|schrank|box|spender|tasche|koffer|organizer)\w*",
        heads=r"tablette|ampulle|pen|salbe|spray|tropfen|packung|kapsel|pflaster|spritze|saft|gel\b|creme|zäpfchen|lösung|mg|akut|rest|vorrat|",
        help=r"(?:aus|von|in|bei) (?:der|einer) apotheke|zur apotheke|(?:from|to) the (?:pharmacy|chemist)|entsorg\w*",
    ),
    _Rule(
        why=__("Animals are not passed on here: they need somebody who looks closely. The animal shelter helps to find a home."),
        question=__("Animals are not passed on here. If this is a thing, pin it up."),
        always=_NEVER,
        at_head=rf"{_HEAD}{_ANIMALS}\s+{_STILL_IT}{_HANDED_ON}",
        named=rf"{_ANIMALS}\s+{_STILL_IT}{_HANDED_ON}",
        perhaps=(
            rf"{_ANIMALS}\s+(?:(?!{_THEREFORE})\w+\s+){{0,4}}{_HANDED_ON}|"
            rf"(?:verschenke|verkaufe|gebe|vermittle)\s+(?:{_ANY_SMALL}\s+){{0,3}}{_ANIMALS}|{_ANIMALS}\b[^.!?\n]{{1,60}}\b{_A_HOME}|"
            rf"(?:zuhause|pl(?:ä|ae)tzchen|familie)\s+(?:für|fuer)\s+(?:\w+\s+){{0,3}}{_ANIMALS}"
        ),
        mostly=(
            r"[\w-]{0,40}welpen?|k(?:ä|ae)tzchen|hundebabys?|katzenbabys?|baby-?(?:katzen?|hunde?)|kitten|pupp(?:y|ies)|"
            rf"wurf\s+(?:\w+\s+)?{_ANIMALS}|(?<!mit )(?<!aus ){_ANIMALS}\s+{_STILL_IT}{_A_HOME}"
        ),
        heads=r"rüde|ruede|hündin|huendin|mädchen|maedchen|junge|wurf|paar|pärchen|geschwister|baby|",
        help=r"\w*sitter\w*|betreu\w*|gassi\w*|f(?:ü|ue)tter\w*|spazier\w*",
    ),
    _Rule(
        why=__("Vouchers and gift cards are not traded here: they are what swindlers ask for most."),
        question=__("Vouchers and gift cards are not traded here. If this is something else, pin it up."),
        always=(
            r"\w*gutscheine?|\w*guthabenkarten?|geschenkkarten?|paysafe\w*|wertmarken|(?:amazon|steam|google play|apple|itunes)[- ]?"
            r"(?:karten?|codes?|guthaben)|gift ?cards?|vouchers?"
        ),
        #: a favour of one's own, not one that is bought: time, or what a neighbour does
        unsure=(
            rf"\w*gutscheine?:?\s+(?:(?:für|fuer|über|ueber)\s+)?(?:{_A_FEW}\s+)?(?:(?:nachmittage?|abende?|vormittage?|stunden?|mal)\s+)?"
            r"(?:\w*m(?:ä|ae)hen|babysitt\w*|kinderh(?:ü|ue)ten|garten\w*|\w*putzen|nachhilfe|\w*hilfe|kuchen|gassi\w*|vorlesen|kochen)|"
            r"selbst\s?(?:gemachte?|gebastelte?|geschriebene?)[rnms]?\s+\w*gutscheine?"
        ),
        #: no way to pay here, which is not even asked about; and what holds one
        toys=rf"{_NONE_OF}{_PAYMENT}(?:{_AND_SO_ON}{_PAYMENT}){{0,4}}|{_PAYMENT}\s+(?:nehme?n?\s+(?:ich|wir)\s+nicht|nein danke|unerw(?:ü|ue)nscht|zwecklos)|"
        r"[\w-]{0,40}gutschein-?(?:rahmen|h(?:ü|ue)llen?|mappen?|box|schachteln?|verpackung|etuis?|halter|umschl(?:a|ä|ae)ge?)",
        heads="|",  # whatever stands behind it
    ),
)  # fmt: skip


def look(text: str, *, is_wanted: bool = False) -> LazyText | None:
    """Why this may not be offered, nor wanted, in words for whoever wrote it; None where nothing speaks against it, or
    ``is_wanted`` and it may be help that is looked for."""
    return next((why for rule in _RULES if (why := rule.verdict(text, is_wanted=is_wanted)) is not None), None)


def doubt(text: str, *, is_wanted: bool = False) -> LazyText | None:
    """What to ask about words that alone do not say whether it is forbidden; None where they are clear, either way."""
    if look(text, is_wanted=is_wanted) is not None:
        return None
    questions = (rule.question if rule.verdict(text) is not None else rule.doubt(text) for rule in _RULES)
    return next((question for question in questions if question is not None), None)
