"""Whoever signs out leaves nothing behind for the next person at the device."""

from __future__ import annotations

import pytest

from tests.journeys.looking import enter

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
