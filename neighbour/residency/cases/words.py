"""What is said about cases: papers, reasons, grounds."""

from __future__ import annotations

from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __

PAPERS: dict[str, LazyText] = {
    "registration": __("Registration certificate"),
    "bill": __("Bill for electricity, gas, water or telephone"),
    "lease": __("Lease"),
    "official": __("Letter from an authority"),
}
PAPER_HINTS: dict[str, LazyText] = {
    "registration": __("from the residents' office"),
    "bill": __("not older than six months"),
    "lease": __("first page, with name and address"),
    "official": __("tax, pension or child benefit office; not older than six months"),
}

#: why not, as the desk chooses it
REASONS: dict[str, LazyText] = {
    "words": __("Not by these words alone"),
    "name": __("The name is not the one on the letterbox"),
    "address": __("The address is another one"),
    "old": __("The paper is older than six months"),
    "unreadable": __("Name, address or date cannot be read"),
    "paper": __("This paper does not show where somebody lives"),
    "doubts": __("Something about the paper does not fit"),
    "twice": __("This person seems to have an account already"),
    "other": __("Something else (say what)"),
}
_UNSURE = __(
    "Something about it did not fit. The surest way now is another proof. If you have an account already, sign in with that one."
)
#: the same, as the person is told it, with what to do next
TOLD: dict[str, LazyText] = {
    "words": __(
        "Everything opens by another proof only: the surest is a postcard to your letterbox. You go on reading and replying as"
        " before."
    ),
    "name": __("The name on the paper is not the one you gave for your letterbox. Correct one of them and try again."),
    "address": __("The paper shows another address than the one you gave. Correct your address or send another paper."),
    "old": __("The paper is older than six months. Please send a newer one."),
    "unreadable": __(
        "Name, address or date could not be read. Take the picture once more, in daylight and from above."
    ),
    "paper": __("This kind of paper does not show where you live. Which ones do stands on the page where you send it."),
    "doubts": _UNSURE,
    "twice": _UNSURE,  # that there is another account of this name is nothing to tell whoever asks
    "other": __("The reason stands below."),
}
GROUNDS: dict[str, LazyText] = {
    "person": __("There is an account with the same name at this house."),
    "name": __("A name that neighbours read here, or read lately, reads like that of somebody else in the quarter."),
    "protected": __(
        "The account of the same name is protected. Whoever looks for that person may have given her name and house to see"
        " what happens."
    ),
    "household": __("There are more than six accounts at this household."),
    "house": __("There are more accounts at this house than is usual."),
    "words": __("Two neighbours stand for this person. With your yes everything is open to them."),
    "words_house": __("All the words come from one house."),
    "initiative": __("It was confirmed at an initiative whose confirmations are looked at again."),
    "asked": __("A second look was asked for."),
}
#: how a name is borne (``accounts.models.NameKind``)
BORNE: dict[str, LazyText] = {
    "alias": __("as another name"),
    "name": __("as their own name, as neighbours read it"),
    "real": __("as first and last name"),
}
METHODS: dict[str, LazyText] = {
    "postcard": __("a card to the letterbox"),
    "invitation": __("a neighbour's invitation"),
    "flyer": __("a flyer in the house"),
    "document": __("a document"),
    "in_person": __("in person at an initiative"),
}
