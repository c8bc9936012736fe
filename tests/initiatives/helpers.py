"""A verified initiative that confirms where people live."""

from __future__ import annotations

import re
from typing import Any

from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, db
from neighbour.initiatives import service
from neighbour.initiatives.models import EditorRole
from tests.residency.papers import Desk


class Treff:
    """The Webstuhl, with Edda who speaks for it."""

    slug = "treff-webstuhl"

    def __init__(self, desk: Desk):
        self.desk, self.app = desk, desk.town.app
        with self.app.app_context(), as_owner():
            made = service.add("Treff Webstuhl", ["weber"], address_line="Spulengasse 6", hours="Di 16–18")
            service.verify(made, None)
            service.let_confirm(made, True)
            self.place = made.public_id
        self.editor = desk.proven("edda")
        self.names(self.editor)

    def names(self, person_id: int) -> None:
        """One more who speaks for it."""
        with self.app.app_context(), as_owner():
            found = service.find(self.slug)
            service.name_editor(found, db.session.get(Person, person_id), EditorRole.EDITOR)

    def code_of(self, browser: Any) -> str:
        """The code a resident shows."""
        browser.post("/proof/in-person")
        found = re.search(r'shown-code__code">([\w-]+)<', browser.get("/proof/in-person").text)
        assert found, "no code"
        return found[1]

    def confirm(self, browser: Any, code: str) -> Any:
        """At the desk: type the code, look, tick, confirm."""
        looked = browser.post(f"/i/{self.slug}/confirm", data={"code": code})
        assert looked.status_code == 200, looked.status_code
        return browser.post(f"/i/{self.slug}/confirm/seen", data={"code": code, "seen": "y"})
