"""What the steps around an offer are called, in both directions.

Whoever offers something has it, and others ask for it: it is promised and collected. Whoever looks for something (category
"wanted") has nothing, and others offer theirs: it is accepted and found. The steps are the same; the words are not, nor who shows
the code: always whoever takes the thing away. Every text that goes with a direction stands here once, beside its counterpart;
pages, mails and answers take it by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from neighbour.core.i18n import LazyText, ngettext
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers.models import Category

#: of something that is offered; of something that is wanted
TABLE: dict[str, tuple[LazyText, LazyText]] = {
    # Whoever might ask, or has asked
    "ask title": (__("I would like it"), __("I have one")),
    "ask": (__("Ask for it"), __("Offer yours")),
    "nobody yet": (__("Nobody has asked yet."), __("Nobody has come forward yet.")),
    "who reads": (
        __("Only the one who offers it reads who you are and what you write."),
        __("Only the one who looks for it reads who you are and what you write."),
    ),
    "sign in": (__("Sign in to ask for it"), __("Sign in to offer yours")),
    "not proven": (
        __("As soon as your address is proven, you can ask for it."),
        __("As soon as your address is proven, you can offer yours."),
    ),
    "over": (
        __("This is over: nobody can ask for it any more."),
        __("This is over: nothing is needed here any more."),
    ),
    "declined": (
        __("It does not work out this time. You can ask again tomorrow."),
        __("It does not work out this time. You can come forward again tomorrow."),
    ),
    "place": (__("You wait: you are number %(num)s."), __("You have come forward: you are number %(num)s.")),
    "until": (
        __("A mail tells you when it is promised to you, or gone."),
        __("A mail tells you when yours is accepted, or not needed any more."),
    ),
    "yours": (
        __("It is promised to you. Agree below on when you meet, and show this code there:"),
        __(
            "Yours is accepted. Agree below on when you meet, and on whether it is lent, given or sold. Whoever"
            " collects it from"
            " you shows you this code:"
        ),
    ),
    "lapsed here": (
        __("It was promised to you and has just been settled without you. Is that a mistake? Answer below."),
        __("Yours was accepted, and it has just been settled without you. Is that a mistake? Answer below."),
    ),
    "step back": (__("I do not need it any more"), __("I cannot help after all")),
    # Its author
    "author title": (__("Who asks for it"), __("Who has one")),
    "nobody here": (
        __("Nobody has asked yet. Whoever does stands here, in the order of asking, and you choose."),
        __("Nobody has come forward yet. Whoever does stands here, in the order of coming, and you choose."),
    ),
    "promise": (__("Promise it to %(name)s"), __("Accept it from %(name)s")),
    "promised": (__("Promised to %(name)s"), __("You take it from %(name)s")),
    "hand over": (__("It is collected"), __("I have got it")),
    "not got": (
        __(
            "%(name)s hears in a few minutes that it is settled without them. Have they got it? Then open it again and say"
            " “It is collected”."
        ),
        __(
            "%(name)s hears in a few minutes that it is settled without them. Is it theirs? Then open it again and say"
            " “I have got it”."
        ),
    ),
    "pass on": (__("Does not come: on to the next"), __("Comes to nothing: on to the next")),
    "still there": (
        __("This ends on %(day)s. Is it still there?"),
        __("This ends on %(day)s. Are you still looking?"),
    ),
    "no more": (__("No, it is gone"), __("No, I have found it")),
    # What is asked before a step that others hear of at once
    "ask step_back": (__("Give the promise back?"), __("Can you not help after all?")),
    "why step_back": (
        __(
            "Whoever waits longest has it at once, and whoever offers it hears of it. You could ask again, at"
            " the end of the queue."
        ),
        __(
            "Whoever came forward next is accepted at once, and whoever looks for it hears of it. You could come"
            " forward again, at"
            " the end of the queue."
        ),
    ),
    "yes step_back": (__("Give it back"), __("No, I cannot")),
    "ask pass_on": (__("%(name)s does not come?"), __("It comes to nothing with %(name)s?")),
    "why pass_on": (
        __("%(name)s gets a mail and leaves the queue. Whoever waits longest has it at once."),
        __("%(name)s gets a mail and is out of it. Whoever came forward next is accepted at once."),
    ),
    "yes pass_on": (__("Pass it on"), __("On to the next")),
    "why decline": (
        __(
            "%(name)s gets one mail: “It does not work out this time.” After that they leave the queue and can"
            " ask again tomorrow at"
            " the earliest."
        ),
        __(
            "%(name)s gets one mail: “It does not work out this time.” After that they are out of it and can"
            " come forward again"
            " tomorrow at the earliest."
        ),
    ),
    # What is said after a step, or against it
    "has asked": (
        __("You have asked. You get a mail when it is promised to you, or gone."),
        __("Thank you for coming forward. You get a mail when yours is accepted, or not needed any more."),
    ),
    "waits again": (__("You wait again, at your place."), __("You are with it again, at your place.")),
    "has promised": (__("Promised. Your neighbour gets a mail."), __("Accepted. Your neighbour gets a mail.")),
    "has passed on": (__("Passed on. Both get a mail."), __("On to the next. Whom it concerns gets a mail.")),
    "has handed over": (__("Handed over. That was neighbourly."), __("Found. That was neighbourly.")),
    "one already": (
        __("It is promised already. Pass it on first."),
        __("You have accepted somebody's already. Go on to the next from there."),
    ),
    # What everybody sees
    "ribbon over": (__("Gone"), __("Found")),
    "ribbon promised": (__("Promised"), __("As good as found")),
    # Mails
    "asked subject": (__("%(name)s asks: %(title)s"), __("%(name)s can help: %(title)s")),
    "asked": (__("%(name)s asks for it"), __("%(name)s can help")),
    "asked about": (__("For “%(title)s”:"), __("About “%(title)s”:")),
    "see who": (__("See who asks"), __("See who can help")),
    "promised subject": (__("Promised to you: %(title)s"), __("Yours is accepted: %(title)s")),
    "is promised": (__("It is promised to you"), __("Yours is accepted")),
    "who promises": (
        __("%(name)s promises you “%(title)s”."),
        __("%(name)s gladly takes what you offered for “%(title)s”."),
    ),
    "code": (
        __(
            "On the page stands a code to show at the door. Do you not need it any more? Say so there, and the"
            " next one has it."
        ),
        __(
            "On the page stands a code: whoever collects the thing shows you the same one. Can you not help"
            " after all? Say so there,"
            " and whoever came forward next is accepted."
        ),
    ),
    "to the code": (__("To the code"), __("To the page and the code")),
    "unnamed": (__("something you asked for"), __("something you wanted to help with")),
    "missed subject": (__("Gone: %(title)s"), __("Not needed any more: %(title)s")),
    "missed": (__("It is gone"), __("It is not needed any more")),
    "why missed": (
        __("“%(title)s” is gone, was taken down, or is shown in fewer quarters now. You do not have to do anything."),
        __(
            "“%(title)s” is settled: somebody else has helped, or it was taken down, or is shown in fewer"
            " quarters now. Thank you for"
            " coming forward. You do not have to do anything."
        ),
    ),
    "ended subject": (__("Ended: %(title)s"), __("Not looked for any more: %(title)s")),
    "ended": (__("It has ended, and nobody got it"), __("It has ended, and nobody helped")),
    "why ended": (
        __(
            "“%(title)s” does not hang any more: its days are over, or whoever offered it is not here any more. As far as we"
            " know nobody got it. You do not have to do anything."
        ),
        __(
            "“%(title)s” does not hang any more: its days are over, or whoever looked for it is not here any more. As far as we"
            " know nothing was found. Thank you for coming forward. You do not have to do anything."
        ),
    ),
    "lapsed subject": (__("Settled without you: %(title)s"), __("Found without you: %(title)s")),
    "lapsed": (__("It is settled without you"), __("It was found without you")),
    "why lapsed": (
        __(
            "“%(title)s” was promised to you. Whoever offers it has said that it is settled, and not that you have got it."
        ),
        __(
            "Yours was accepted for “%(title)s”. Whoever looks for it has said that it is settled, and not that it comes"
            " from you. Thank you for coming forward."
        ),
    ),
    "lapsed by mistake": (
        __("Is that a mistake? Answer below the offer."),
        __("Is that a mistake? Answer below what is looked for."),
    ),
    "passed on subject": (__("Passed on: %(title)s"), __("Not after all: %(title)s")),
    "passed on": (__("It was passed on"), __("It comes to nothing after all")),
    "why passed on": (
        __("“%(title)s” was promised to you and now goes to somebody else. Was that a mistake? Ask again."),
        __("Yours was accepted for “%(title)s” and is not any more. Was that a mistake? Come forward again."),
    ),
    "why declined": (
        __(
            "It does not work out with “%(title)s” this time. That is nothing against you: whoever offers it has"
            " chosen differently."
        ),
        __(
            "It does not work out with “%(title)s” this time. That is nothing against you: whoever looks for it"
            " has chosen"
            " differently. Thank you for coming forward."
        ),
    ),
    "stepped back subject": (__("%(name)s steps back: %(title)s"), __("%(name)s cannot help after all: %(title)s")),
    "stepped back": (__("%(name)s steps back"), __("%(name)s cannot help after all")),
    "why stepped back": (
        __("%(name)s does not need “%(title)s” any more."),
        __("%(name)s cannot help with “%(title)s” after all."),
    ),
    "next has it": (
        __("The next one in the queue has the promise now and has got a mail."),
        __("Whoever came forward next is accepted now and has got a mail."),
    ),
    "nobody else": (
        __("At the moment nobody else waits for it."),
        __("At the moment nobody else has come forward."),
    ),
    "nobody moves up": (
        __("It is settled by now, so nobody moves up."),
        __("It is found by now, so nobody else is accepted."),
    ),
    "still there subject": (__("Still there? %(title)s"), __("Still looking? %(title)s")),
    "is it still there": (__("Is it still there?"), __("Are you still looking?")),
    "why still there": (
        __(
            "“%(title)s” ends on %(day)s. If it is still there, keep it for 60 days more. If not, you need not"
            " do anything."
        ),
        __(
            "“%(title)s” ends on %(day)s. If you still look for it, keep it for 60 days more. If not, you need not do anything."
        ),
    ),
    "why this mail": (
        __("You get this mail because it is about a thing of yours, or one you asked for."),
        __("You get this mail because it is about something that you look for, or wanted to help with."),
    ),
}


@dataclass(frozen=True)
class Words:
    """The words of one direction: ``say("promise", name=…)``."""

    is_wanted: bool = False

    def __call__(self, key: str, **values: object) -> str:
        return str(self.later(key, **values))

    def later(self, key: str, **values: object) -> LazyText:
        """The same, translated when it is read."""
        return LazyText(TABLE[key][self.is_wanted].message, values)

    def waiting(self, num: int) -> str:
        """How many ask, in a ribbon that everybody sees; of what is wanted nothing is reserved."""
        if self.is_wanted:
            return ngettext("%(num)s has come forward", "%(num)s have come forward", num)
        return _("Asked for, %(waiting)s", waiting=ngettext("%(num)s waits", "%(num)s wait", num))

    def before_you(self, num: int) -> str:
        """How many ask, to one who might."""
        if not num:
            return self("nobody yet")
        if self.is_wanted:
            return ngettext("%(num)s neighbour has come forward.", "%(num)s neighbours have come forward.", num)
        return ngettext("%(num)s neighbour waits for it.", "%(num)s neighbours wait for it.", num)

    def to_choose(self, num: int) -> str:
        """How many ask, to the author."""
        if self.is_wanted:
            return ngettext(
                "%(num)s neighbour has come forward. You choose whose help you accept.",
                "%(num)s neighbours have come forward. You choose whose help you accept.",
                num,
            )
        return ngettext(
            "%(num)s neighbour waits. You choose who gets it.", "%(num)s neighbours wait. You choose who gets it.", num
        )


def of(category: str | None) -> Words:
    """The words for an offer of this category."""
    return Words(category == Category.WANTED)
