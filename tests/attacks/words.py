"""What a machine cannot find out by itself: what fields are good for, what parts of addresses name, which secrets pages take.

Each register is asked for by name; what it does not know fails with the line that is missing. Add it where it says.
"""

from __future__ import annotations

from dataclasses import dataclass

from neighbour.contributions import kinds
from neighbour.events.list_rows import Target
from tests.attacks.mapping import Given, Page

SECRET, PERSONAL, TEXT, OBJECT, CHOICE = "secret", "personal", "text", "object", "choice"
PASSWORD = "sieben blaue Regenschirme"  # of everybody in the world of the attacks


@dataclass(frozen=True)
class Word:
    """What a field holds, and a value it takes.

    secret: opens something. personal: about who one is or where one lives. text: written for others to read, or about
    oneself. object: names a thing, so that of somebody else's it must not. choice: one of a few, or a switch.
    """

    holds: str
    sample: str = ""


#: by the field's name without its form's prefix; fields of these WTForms classes need no line
BY_CLASS = {
    "PasswordField": Word(SECRET, PASSWORD),
    "EmailField": Word(PERSONAL, "neu@altenbrueck.example"),
    "BooleanField": Word(CHOICE, "y"),
    "DateField": Word(CHOICE, "2026-06-01"),
}
FIELDS = {
    "texts": Word(CHOICE, "leave"),
    "word": Word(CHOICE, "x"),
    "about": Word(TEXT, "Wir sind da."),
    "act": Word(CHOICE, "resume"),
    "address_line": Word(PERSONAL, "Kanalweg 5, 04873 Altenbrück"),
    "again": Word(CHOICE),
    "answer": Word(CHOICE, "{}"),
    "answers": Word(OBJECT),
    "days": Word(CHOICE, "7"),
    "end": Word(CHOICE),
    "files": Word(PERSONAL),
    "in": Word(CHOICE),
    "instead_of": Word(CHOICE),
    "is_added": Word(CHOICE),
    "leaving": Word(CHOICE, "stay"),
    "most_uses": Word(CHOICE, "10"),
    "name": Word(TEXT, "Mein Handy"),
    "only_factor": Word(CHOICE),
    "move": Word(CHOICE),
    "paper": Word(CHOICE, "bill"),
    "passkey": Word(OBJECT, "x"),
    "photo": Word(OBJECT),
    "photo_off": Word(OBJECT),
    "photo_told": Word(OBJECT),
    "stood": Word(CHOICE, ""),
    "copy": Word(OBJECT),
    "why": Word(TEXT, "Dauerregen"),
    "photos": Word(PERSONAL),
    "quarter": Word(OBJECT, "0"),
    "seed": Word(SECRET, "x"),
    "side": Word(CHOICE, "new"),
    "shows_city": Word(CHOICE, "first"),
    "shows_nearby": Word(CHOICE, "initial"),
    "shows_own": Word(CHOICE, "initial"),
    "streets": Word(TEXT, "Kanalweg"),
    "then": Word(CHOICE, "/me"),
    "up_to": Word(CHOICE, "8"),
    "verdict": Word(CHOICE, "yes"),
    "widens": Word(CHOICE, "0"),
    "said": Word(TEXT, "Das Wasser läuft wieder."),
    "choice": Word(CHOICE, "1"),
    "poll_question": Word(TEXT),
    **{f"poll_{number}": Word(TEXT) for number in range(1, 9)},
    "poll_days": Word(CHOICE, "7"),
    "poll_multiple": Word(CHOICE),
    "which": Word(SECRET, "x"),
    "words": Word(TEXT, "Bitte schaut noch einmal hin."),
    "ask": Word(OBJECT, "x"),
    "condition": Word(TEXT, "gebraucht"),
    "due_on": Word(CHOICE, "2026-06-01"),
    "lend_days": Word(CHOICE, "7"),
    "point": Word(TEXT, ""),
    "content": Word(TEXT, "uid,title,begins,all_day\n1,Fest,2026-06-06,yes"),
    "whose": Word(OBJECT),
    "no_time": Word(CHOICE, "refuse"),
    "several_days": Word(CHOICE, "refuse"),
    "first_day": Word(CHOICE, "2026-06-01"),
    "file": Word(TEXT),
    "leave_out": Word(CHOICE),
    "looked_at": Word(CHOICE, ""),
    "rule": Word(CHOICE, ""),
    **{
        f"column_{each}": Word(CHOICE, each if each in ("uid", "title", "begins", "all_day") else "") for each in Target
    },
    "pickup": Word(PERSONAL, "am Brunnenplatz"),
    "price": Word(TEXT, "25"),
    "sure": Word(CHOICE, "1"),
    "there": Word(CHOICE, "1"),
    "alias": Word(TEXT, "Die vom Eck"),
    "audience": Word(CHOICE, "quarter"),
    "before": Word(OBJECT),
    "body": Word(TEXT, "Das kann ich machen."),
    "body_md": Word(TEXT, "Sie sollte **bis zur Decke** reichen."),
    "by": Word(OBJECT),
    "care_of": Word(PERSONAL, ""),
    "category": Word(CHOICE, "question"),
    "code": Word(SECRET, "123456"),
    "device": Word(OBJECT, "x"),
    "entry": Word(OBJECT),
    "first_name": Word(PERSONAL, "Anna"),
    "form_key": Word(CHOICE),
    "grid": Word(CHOICE, "8"),
    "hours": Word(CHOICE, "24"),
    "kind": Word(CHOICE, "post"),
    "language": Word(CHOICE, "de"),
    "last_name": Word(PERSONAL, "Kowalczyk"),
    "mailbox": Word(PERSONAL, "stumm@altenbrueck.example"),
    "missing": Word(CHOICE),
    "nearby": Word(CHOICE, "1"),
    "newest": Word(OBJECT),
    "next": Word(CHOICE, "/me"),
    "note": Word(PERSONAL, "Im Hof links."),
    "number": Word(PERSONAL, "5"),
    "open": Word(CHOICE, "0"),
    "own": Word(CHOICE, "1"),
    "parent": Word(OBJECT),
    "postcode": Word(PERSONAL, "04873"),
    "preview": Word(CHOICE),
    "q": Word(PERSONAL, "Kanalweg 5"),
    "recipient": Word(PERSONAL, "Anna Kowalczyk"),
    "reason": Word(CHOICE, "letter"),
    "scope": Word(CHOICE, "name"),
    "show": Word(CHOICE, "events"),
    "shown": Word(CHOICE, "name"),
    "street": Word(PERSONAL, "Kanalweg"),
    "thank": Word(CHOICE, "1"),
    "keep": Word(CHOICE, "1"),
    "list": Word(CHOICE, "1"),
    "what": Word(CHOICE, "thread"),
    "order": Word(CHOICE, "newest"),
    "when": Word(CHOICE, "7"),
    "where": Word(CHOICE, ""),
    "tell": Word(CHOICE, "0"),
    "page": Word(CHOICE, "1"),
    "s": Word(CHOICE, "x"),
    "undo": Word(CHOICE, "1"),
    "theme": Word(CHOICE, "dark"),
    "title": Word(TEXT, "Wer leiht mir eine Leiter?"),
    "to": Word(OBJECT),
    "capacity": Word(CHOICE, "12"),
    "come": Word(CHOICE, "1"),
    "companions": Word(CHOICE, "1"),
    "date": Word(CHOICE, "2026-06-02"),
    "for_guests": Word(TEXT, "Klingel Fadenlauf"),
    "for_holder": Word(PERSONAL, "Klingel Fadenlauf"),
    "access": Word(TEXT, "Stufenlos"),
    "after": Word(OBJECT),
    "month": Word(CHOICE, "2026-06-01"),
    "cost": Word(TEXT, "Kostenlos"),
    "day": Word(CHOICE, "2026-06-02"),
    "from_time": Word(CHOICE, "18:00"),
    "more_days": Word(CHOICE, "9.6.2026"),
    "online_url": Word(TEXT, "https://treffen.example.org/hof"),
    "place": Word(TEXT, "Im Hof"),
    "reaches": Word(CHOICE, "one"),
    "repeats": Word(CHOICE, ""),
    "until_time": Word(CHOICE, "20:00"),
}
#: pages whose field names are made while they run
ANY_NAME: dict[str, tuple[str, ...]] = {
    "notices.choose POST": ("digest", "answers", "alerts"),
    # what is to be seen on a photo: one field for each
    **dict.fromkeys(("contributions.publish POST", "contributions.revise POST", "contributions.compose_photos POST",
                     "contributions.edit_photos POST"), ("alt-aaaaaaaaaaaaaaaaaaaaaaaaaa",)),
}  # fmt: skip


class Unknown(AssertionError):
    """Something new that a register of this file has to know."""


def word(given: Given) -> Word:
    """What a field is; raises Unknown with the line to add."""
    name = given.name.rpartition("-")[2]
    found = FIELDS.get(name) or BY_CLASS.get(given.kind)
    if found is None:
        where = f" (of {given.form})" if given.form else ""
        raise Unknown(
            f"nobody says what the field {given.name!r}{where} holds: add to FIELDS in tests/attacks/words.py a line like"
            f' "{name}": Word(PERSONAL, "a value it takes"), holding SECRET, PERSONAL, TEXT, OBJECT or CHOICE'
        )
    return found


def fill_in(page: Page, fields: list[Given]) -> dict[str, str]:
    """A form of this page as somebody sends it."""
    names = [each for each in fields if each.name != "*"]
    values = {each.name: word(each).sample for each in names}
    if len(names) < len(fields):
        if page.key not in ANY_NAME:
            raise Unknown(
                f"{page.key} makes up the names of its fields: add to ANY_NAME in tests/attacks/words.py"
                f' "{page.key}": ("a name", …)'
            )
        values |= dict.fromkeys(ANY_NAME[page.key], "y")
    return {name: value for name, value in values.items() if value}


#: which kind of secret (``tokens.KINDS``) a part of an address or a field takes: (endpoint, its name)
SECRETS_OF_PAGES: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("mydata.come_back", "token"): "come_back",
    ("mydata.returning", "token"): "come_back",
    ("mydata.stay", "token"): "stay",
    ("mydata.staying", "token"): "stay",
    ("accounts.add_app", "seed"): "totp-set-up",
    ("accounts.object_to_reset", "token"): "stop_reset",
    ("accounts.stop_reset", "token"): "stop_reset",
    ("accounts.dispute", "token"): "dispute",
    ("accounts.dispute_options", "token"): "dispute",
    ("accounts.object_to_dispute", "token"): "dispute",
    ("accounts.settle_dispute", "token"): "dispute",
    ("accounts.take_back_email", "token"): "undo_email",
    ("accounts.undo_email", "token"): "undo_email",
    ("accounts.take_back_factor", "token"): "undo_factor",
    ("accounts.undo_factor", "token"): "undo_factor",
    ("residency.answer_missing", "which"): "desk:missing",
    ("residency.open_missing", "which"): "desk:missing",
    ("residency.still_here", "token"): "still-here",
    ("residency.still_here_yes", "token"): "still-here",
    ("accounts.confirm_by_code", "code"): "confirm_code",
    ("accounts.confirm_by_link", "token"): "confirm",
    ("accounts.confirm_link", "token"): "confirm",
    ("accounts.reset", "token"): "reset",
    ("accounts.set_password", "token"): "reset",
    ("notices.leave", "token"): "list",
    ("notices.one_click", "token"): "list",
    ("notices.one_click_opened", "token"): "list",
    ("notices.unsubscribe", "token"): "list",
    ("residency.code_from_link", "code"): "letter_code",
    ("residency.give_code", "code"): ("letter_code", "invitation_code", "flyer_code"),
    ("residency.keep_code", "code"): "letter_code",
    ("offers.hand_over", "code"): "offer_code",
    ("events.feed", "token"): "calendar",
    ("initiatives.look", "code"): "visit_code",
    ("initiatives.confirm", "code"): "visit_code",
    ("initiatives.visit_from_link", "code"): "visit_code",
    ("accounts.take_second_step", "code"): "recovery",
    ("residency.refuse", "code"): "refusal_code",
}
#: of these, pages that hand the secret on to another one and look nothing up
HAND_ON = {
    ("notices.one_click_opened", "token"),
    ("residency.code_from_link", "code"),
    ("residency.keep_code", "code"),
    ("mydata.staying", "token"),
    ("initiatives.visit_from_link", "code"),
}
#: called like a secret and none: a language; the keyed hash of a house, which opens nothing to whoever may not see it (tried as
#: a thing of the town); the digits of an app, which are made of its seed and the time and are tried beside it
NO_SECRET = {
    ("accounts.settle_dispute", "code"),
    ("pages.language", "code"),
    ("residency.crowded_house", "key"),
    ("residency.decide_house", "key"),
    ("accounts.add_app", "code"),
    ("accounts.show_again", "code"),
}


def tab_of(form: str) -> dict[str, str]:
    """The composer's field that says whose form it is."""
    kind = next((each.name for each in kinds.all_kinds() if each.form.__name__ == form), None)
    return {"kind": kind} if kind else {}
