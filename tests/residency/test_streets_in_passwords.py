"""A street of the register is no secret: everybody knows it."""

from __future__ import annotations

import pytest

from neighbour.core.db import as_owner, atomic
from neighbour.residency.gazetteer import loading

pytestmark = pytest.mark.usefixtures("frozen_clock")


def test_streets_of_the_register_are_what_everybody_knows(town):
    street = "Kettfadenstraße"
    town.address("28", street=street)
    with town.app.app_context(), as_owner(), atomic():
        loading.refresh_streets()
    browser = town.app.test_client()
    for password in (f"{street}28", f"{street.upper()} 6"):
        data = {"email": "neu@altenbrueck.example", "password": password, "is_adult": "y", "accepts_rules": "y"}
        answer = browser.post("/signup", data=data)
        assert answer.status_code == 422 and "als eines der ersten geraten" in answer.text, (
            password,
            answer.status_code,
        )
