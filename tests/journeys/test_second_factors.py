"""A passkey in a real browser, an app and paper by keyboard on a phone, and a steward who is led to a second step."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest

from neighbour.core import postgres, roles
from tests.journeys import axe
from tests.journeys.browsing import PHONE
from tests.journeys.looking import PASSWORD, email_of, enter
from tests.journeys.test_by_keyboard import Keys

pytestmark = pytest.mark.browser


@pytest.fixture
def town(altenbrueck):
    """The demo city; what is set up here is taken off again, for those who come after."""
    yield altenbrueck
    with roles.connect(postgres.address(altenbrueck.folder).owner_url, autocommit=True) as owner:
        owner.execute("TRUNCATE passkey, authenticator, recovery_code, challenge")


class Device:
    """The browser's own virtual authenticator."""

    def __init__(self, page: Any, **more: bool):
        self.tools = page.context.new_cdp_session(page)
        self.tools.send("WebAuthn.enable")
        usual = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        made = {**usual, "isUserVerified": True, "automaticPresenceSimulation": True, **more}
        self.id = self.tools.send("WebAuthn.addVirtualAuthenticator", {"options": made})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        return self.tools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def counts_from(self, count: int) -> None:
        """A copy of the passkey, made when it had signed so often."""
        (one,) = self.credentials()
        self.tools.send("WebAuthn.removeCredential", {"authenticatorId": self.id, "credentialId": one["credentialId"]})
        copy = {**one, "signCount": count}
        self.tools.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": copy})


def looks_right(walk: Any, name: str) -> None:
    assert axe.check(walk.page, words=True) == [], name
    assert axe.sideways(walk.page) == [], name


def sends(walk: Any, button: str) -> None:
    """Press the button that asks the device; the form goes by itself then."""
    with walk.page.expect_navigation():
        walk.page.get_by_role("button", name=button).first.click()


def test_a_passkey_is_made_and_opens_the_door_alone_and_after_the_password(town, chromium):
    walk = enter(chromium, town, person="linh")
    device = Device(walk.page)
    walk.visitor.go("/me/access")
    walk.visitor.press("Passkey anlegen", "link")
    looks_right(walk, "new passkey")
    walk.visitor.fill(name="Linhs Handy")
    sends(walk, "Passkey anlegen")
    assert walk.visitor.path == "/me/recovery-codes" and len(device.credentials()) == 1
    looks_right(walk, "no codes yet")
    walk.visitor.press("Zehn Codes machen")
    looks_right(walk, "codes")
    walk.visitor.go("/me/access")
    assert "Linhs Handy" in walk.visitor.words and "noch 10 Codes" in walk.visitor.words
    looks_right(walk, "access")
    _comes_back_by_passkey(walk)
    _shows_it_after_the_password(walk)
    _a_copy_is_refused(walk, device)
    walk.page.context.close()
    assert walk.watch.seen == []


def _leave(walk: Any) -> None:
    walk.visitor.go("/me")
    walk.visitor.press("Abmelden")
    walk.visitor.go("/signin")


def _comes_back_by_passkey(walk: Any) -> None:
    _leave(walk)
    looks_right(walk, "sign-in")
    sends(walk, "Mit Passkey anmelden")
    assert walk.visitor.path == "/board"


def _shows_it_after_the_password(walk: Any) -> None:
    _leave(walk)
    walk.visitor.sign_in(email_of("linh"), PASSWORD)
    assert walk.visitor.path == "/signin/second"
    looks_right(walk, "second step")
    sends(walk, "Passkey benutzen")
    assert walk.visitor.path == "/board"


def _a_copy_is_refused(walk: Any, device: Device) -> None:
    device.counts_from(0)
    _leave(walk)
    sends(walk, "Mit Passkey anmelden")
    assert walk.visitor.path == "/signin/passkey" and "hat es nicht geklappt" in walk.visitor.words
    looks_right(walk, "refused")
    walk.visitor.go("/board")
    assert walk.visitor.path == "/signin"


def test_who_presses_cancel_on_the_device_is_told_and_can_go_on(town, chromium):
    walk = enter(chromium, town)
    Device(walk.page)  # knows no passkey of this site
    walk.visitor.go("/signin")
    walk.page.get_by_role("button", name="Mit Passkey anmelden").click()
    walk.page.get_by_text("Auf diesem Gerät hat es nicht geklappt").wait_for()
    looks_right(walk, "told")
    walk.visitor.sign_in(email_of("jule"), PASSWORD)
    assert walk.visitor.path == "/board"
    walk.page.context.close()
    assert walk.watch.seen == []


def test_an_app_and_a_code_on_paper_take_keys_only_on_a_phone(town, chromium):
    walk = enter(chromium, town, person="marek", **PHONE)
    keys = Keys(walk.page)
    walk.visitor.go("/me/access")
    keys.to("App für Codes einrichten")
    keys.go()
    looks_right(walk, "new app")
    href = str(walk.page.get_by_role("link", name="Auf diesem Handy").get_attribute("href"))
    seed = pyotp.parse_uri(href)
    keys.to("Die sechs Ziffern")
    keys.type("000000")
    keys.go()
    assert walk.page.evaluate("document.activeElement.id") == "errors"
    keys.to("Die sechs Ziffern")
    walk.page.keyboard.press("Control+a")
    keys.type(seed.now())  # type: ignore[union-attr]
    keys.go()
    assert walk.visitor.path == "/me/recovery-codes"
    keys.to("Zehn Codes machen")
    keys.go()
    codes = re.findall(r"\b[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}\b", walk.visitor.words)
    assert len(codes) == 10
    looks_right(walk, "codes")
    _comes_back_with_paper(walk, keys, codes[3])
    walk.page.context.close()
    assert walk.watch.seen == []


def _comes_back_with_paper(walk: Any, keys: Keys, code: str) -> None:
    _leave(walk)
    keys.to("E-Mail")
    keys.type(email_of("marek"))
    keys.to("Passwort")
    keys.type(PASSWORD)
    keys.to("Anmelden")
    keys.go()
    looks_right(walk, "second step")
    for typed, path in (("2222-2222-2222", "/signin/second"), (code, "/board")):
        keys.to("Code aus deiner App")
        keys.type(typed)
        keys.to("Weiter")
        keys.go()
        assert walk.visitor.path == path
    walk.visitor.go("/me/access")
    assert "noch 9 Codes" in walk.visitor.words


def test_a_steward_is_led_to_a_second_step_and_back_to_the_desk(town, chromium):
    walk = enter(chromium, town, person="karlheinz", is_strong=False, java_script_enabled=False, **PHONE)
    assert walk.visitor.go("/desk") == 403
    walk.visitor.press("App für Codes einrichten", "link")
    href = str(walk.page.get_by_role("link", name="Auf diesem Handy").get_attribute("href"))
    walk.visitor.fill(code=pyotp.parse_uri(href).now())  # type: ignore[union-attr]
    walk.visitor.press("Diese App nehmen")
    assert walk.visitor.path == "/me/recovery-codes"
    assert walk.visitor.go("/desk") == 200
    walk.page.context.close()
    assert walk.watch.seen == []


def test_what_was_typed_is_sent_on_by_the_browser_after_showing_who_one_is(town, chromium):
    walk = enter(chromium, town, person="jule", java_script_enabled=False, **PHONE)
    walk.visitor.go("/me/email")
    walk.visitor.fill(**{"e-email": "falsch"})
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        owner.execute("UPDATE login_session SET fresh_at = fresh_at - interval '11 minutes'")
    walk.visitor.press("E-Mail-Adresse ändern")
    assert walk.page.locator("h1").inner_text() == "Bist du es?"
    walk.visitor.fill(**{"again-password": PASSWORD})
    walk.visitor.press("Weiter")
    assert walk.visitor.path == "/me/email" and walk.page.input_value("[name=e-email]") == "falsch"
    assert "Das sieht nicht nach einer E-Mail-Adresse aus" in walk.visitor.words
    walk.page.context.close()
    assert walk.watch.seen == []
