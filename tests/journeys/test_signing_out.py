"""Whoever signs out leaves nothing behind for the next person at the device."""

from __future__ import annotations

import pytest

from tests.journeys.looking import PASSWORD, email_of, enter

pytestmark = pytest.mark.browser

DRAFTS = "Object.keys(sessionStorage).filter(name => name.startsWith('draft:'))"


def test_signing_out_forgets_drafts_before_the_server_is_asked(altenbrueck, chromium):
    came = enter(chromium, altenbrueck, person="katrin")
    page = came.page
    came.visitor.go("/write")
    page.locator("[name=title]").fill("Wer hat eine Wasserwaage?")
    page.locator("[data-draft-note]").wait_for()
    came.visitor.go("/me")
    assert len(page.evaluate(DRAFTS)) == 1
    # A browser that knows Clear-Site-Data forgets them with the answer; here it never comes.
    page.evaluate("addEventListener('submit', event => event.preventDefault())")
    page.get_by_role("button", name="Abmelden").click()
    assert page.evaluate(DRAFTS) == []
    page.context.close()
    assert came.watch.seen == []


STORED = "async () => JSON.stringify([{...localStorage}, {...sessionStorage}, await indexedDB.databases(), await caches.keys()])"


def test_after_signing_out_the_browser_has_nothing_to_tell(altenbrueck, chromium):
    """Neither by going back, nor in any of the places where a browser keeps things."""
    came = enter(chromium, altenbrueck, person="katrin")
    page, email = came.page, email_of("katrin")
    for path in ("/board", "/me/access", "/me"):
        came.visitor.go(path)
    assert email in page.content()
    came.visitor.press("Abmelden")
    for _step in range(3):
        page.go_back()
        assert came.visitor.path == "/signin" and email not in page.content(), came.visitor.path
    stored = page.evaluate(STORED)
    assert not [word for word in (email, "Katrin", "draft:") if word in stored], stored
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0
    cookies = page.context.cookies()
    assert [(each["httpOnly"], each["sameSite"]) for each in cookies] == [(True, "Lax")], cookies
    assert not [each for each in cookies if email in each["value"] or "katrin" in each["value"].lower()]
    page.context.close()
    assert came.watch.seen == []


def test_a_password_can_be_pasted_and_browsers_know_what_it_is(altenbrueck, chromium):
    came = enter(chromium, altenbrueck)
    page = came.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    came.visitor.go("/signin")
    page.evaluate("text => navigator.clipboard.writeText(text)", PASSWORD)
    page.locator("[name=password]").focus()
    page.keyboard.press("Control+V")
    assert page.input_value("[name=password]") == PASSWORD
    fields = {name: page.get_attribute(f"[name={name}]", "autocomplete") for name in ("email", "password")}
    assert fields["password"] == "current-password" and fields["email"] in ("username", "email")
    came.visitor.go("/signup")
    assert page.get_attribute("[name=password]", "autocomplete") == "new-password"
    page.context.close()
    assert came.watch.seen == []
