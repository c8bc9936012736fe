"""What people see who do not live on the board yet: visitors, newcomers, those who wait, those who forgot."""

from __future__ import annotations

import re

from pypdf import PdfReader

from tests.journeys.looking import Walk, email_of, mails, wait_for_mail

HOUSES = {"de": "9", "en": "11"}  # in Garnweg: one card per house and month
SECRET = "sieben nasse Handschuhe"


def visitor(walk: Walk) -> None:
    """Looks round without an account."""
    walk.go("/", "start", picture="start")
    for path in ("/rules", "/privacy", "/imprint", "/quarters"):
        walk.go(path)
    walk.page.goto(walk.visitor.site + "/quarters")
    with walk.page.expect_navigation():
        walk.page.get_by_role("link", name="Weberviertel").first.click()
    walk.look("a quarter")
    walk.go("/find-my-quarter")
    for typed in ("Spulengasse 6", "Färberstraße", "Lindenstraße 4", "Kettfadenstraße 171", "Quellnymphensteig"):
        walk.send("/find-my-quarter", f"asked for {typed}", q=typed)
    _signs_in_wrong(walk)
    walk.go("/signup")
    walk.send("/signup", "sign-up, empty", 422)
    walk.send("/signup", "sign-up, wrong", 422, email="leni@example", password="12345")
    walk.go("/genuine", "is a paper genuine?", picture="genuine")
    walk.go("/code/N234-5678-90A", "a code, without an account", picture="code-visitor")
    walk.go("/not-me")
    walk.send("/not-me", "not me, empty", 422)
    walk.send("/not-me", "not me, unknown code", 422, code="4RTV-7K2M-9QXD")


def _signs_in_wrong(walk: Walk) -> None:
    walk.go("/board", "sign-in, on the way to the board")
    walk.send("/signin", "sign-in, empty", 422)
    walk.send("/signin", "sign-in, wrong", 422, email="niemand@example.org", password="falsch geraten")
    walk.go("/forgot")
    walk.send("/forgot", "forgot, empty", 422)
    walk.send("/forgot", "forgot, sent", email="niemand@example.org")


def stumbler(walk: Walk) -> None:
    """Meets every page that says no."""
    walk.go("/nowhere", "not found", status=404)
    walk.go("/signout", "a form's address in the address line", status=405)
    for name, status, field, value in (
        ("a form of another browser", 403, "csrf_token", "of-somebody-else"),
        ("far too much text", 413, "email", "a" * 1_200_000),
    ):
        walk.visitor.go("/signin")
        walk.page.eval_on_selector(f"[name={field}]", "(field, value) => { field.value = value; }", value)
        walk.send("/signin", name, status)
    walk.visitor.go("/rules")
    walk.page.eval_on_selector("[name=theme]", "button => { button.value = 'plaid'; }")
    walk.send("/theme", "a form that makes no sense", 400)
    walk.visitor.go("/signin")
    guess = {"email": f"versuch-{walk.language}@example.org", "password": "falsch geraten"}
    assert [walk.visitor.send("/signin", **guess) for _again in range(5)] == [422] * 5
    walk.send("/signin", "too many attempts", 429, **guess)


def newcomer(walk: Walk) -> None:
    """Signs up for real, with every mistake on the way."""
    email = f"neu-{walk.language}@example.org"
    walk.visitor.go("/signup")
    for box in ("is_adult", "accepts_rules"):
        walk.page.check(f"[name={box}]")
    walk.send("/signup", "address", email=email, password=SECRET)
    _finds_the_address(walk)
    _chooses_a_name(walk)
    _confirms(walk, email)
    _waits_for_the_card(walk, email)


def _finds_the_address(walk: Walk) -> None:
    here = "/signup/address"
    walk.send(here, "address, empty", 422)
    walk.send(here, "address, unknown street", 422, street="Quellnymphensteig", number="3", recipient="Ida Ihrig")
    walk.send(here, "address, number too high", 422, street="Kettfadenstraße", number="171", recipient="Ida Ihrig")
    walk.send(here, "address, twice in town", 422, street="Lindenstraße", number="4", recipient="Ida Ihrig")
    with walk.page.expect_navigation():
        walk.page.click("[name=missing]")
    walk.look("address is missing, from the form")
    walk.go(here + "/missing")
    walk.send(here + "/missing", "address is missing, empty", 422)
    walk.send(here + "/missing", "address is missing, told", street="Am Neubau", number="1", note="hinter der Post")
    walk.visitor.go(here)
    house = {"street": "Garnweg", "number": HOUSES[walk.language], "recipient": "Ida Ihrig"}
    walk.send(here, "appearance", **house)


def _chooses_a_name(walk: Walk) -> None:
    here = "/signup/appearance"
    walk.send(here, "appearance, empty", 422)
    walk.visitor.pick("shown", "alias")
    walk.send(here, "appearance, without the other name", 422, first_name="Ida", last_name="Ihrig")
    walk.visitor.pick("shown", "name")
    walk.send(here, "confirm")


def _confirms(walk: Walk, email: str) -> None:
    here = "/signup/confirm"
    walk.send(here, "confirm, empty", 422)
    walk.send(here, "confirm, wrong", 422, code="000000")
    mail, link = wait_for_mail(walk.town, email, here + "/")
    walk.send(here + "/again", "confirm, sent once more")
    walk.town.wait_until(lambda: len(mails(walk.town, email)) > 1, 30)
    walk.go(here + "/used-long-ago", "confirm, dead link")
    mail, link = wait_for_mail(walk.town, email, here + "/")
    walk.look_at(mail.html, "mail: confirm")
    walk.go(link, "confirm, live link")
    walk.send(link, "waiting, before the card")


def _waits_for_the_card(walk: Walk, email: str) -> None:
    walk.send("/waiting/letter", "waiting, card ordered")
    walk.look_at(mails(walk.town, email)[-1].html, "mail: card ordered")
    out = walk.town.folder / f"cards-{walk.language}.pdf"
    done = walk.town.run("letters", "print", "--out", str(out))
    assert done.returncode == 0, done.stderr
    walk.go("/waiting", "waiting, card printed")
    found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", PdfReader(out).pages[0].extract_text())
    assert found is not None
    walk.visitor.go("/not-me")
    walk.visitor.pick("scope", "name")
    walk.send("/not-me", "not me, done", code=found.group())
    walk.go("/waiting", "waiting, card refused")


def waiting(walk: Walk) -> None:
    """Mira: her card is ordered."""
    walk.go("/waiting", picture="waiting")
    walk.visitor.go("/board")
    walk.look("the board, sent back")
    walk.go("/code")
    walk.send("/code", "code, empty", 422)
    walk.send("/code", "code, unreadable", 422, code="was denn")
    walk.send("/code", "code, wrong", 422, code="7K2M-9QXD")
    walk.send("/code", "code, of nobody", 422, code="N234-5678-90A")
    for path in ("/code/WEBE4172", "/me", "/me/digest", "/me/mails", "/signup/address", "/find-my-quarter", "/rules"):
        walk.go(path)
    walk.go("/settings/address")
    walk.send("/settings/address", "own address, opened")


def forgetful(walk: Walk) -> None:
    """Forgot the password; reads the mail in the local mailbox."""
    email = email_of({"de": "wolfgang", "en": "gerda"}[walk.language])
    walk.go("/dev/mailbox/?to=niemand", "mailbox, empty")
    walk.visitor.go("/forgot")
    walk.visitor.send("/forgot", email=email)
    mail, link = wait_for_mail(walk.town, email, "/reset/")
    walk.go("/dev/mailbox/", "mailbox")
    walk.go(f"/dev/mailbox/{mail.name}", "a mail in the mailbox")
    if walk.language == "de":  # the mail speaks the language of its reader, not of this browser
        walk.look_at(mail.html, "mail: new password")
    walk.go(link, "reset, live link")
    walk.send(link, "reset, empty", 422)
    walk.send(link, "sign-in, after a new password", password=SECRET)
    walk.go(link, "reset, used link")
