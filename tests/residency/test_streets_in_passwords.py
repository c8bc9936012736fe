"""A street of the register is no secret: everybody knows it."""

from __future__ import annotations

import pytest

from neighbour.core.db import as_owner, db
from neighbour.residency.models import Address

pytestmark = pytest.mark.usefixtures("frozen_clock")


def test_streets_of_the_register_are_what_everybody_knows(town):
    with town.app.app_context(), as_owner():
        street = db.session.query(Address.street).limit(1).scalar()
    browser = town.app.test_client()
    for password in (f"{street}28", f"{street.upper()} 6"):
        data = {"email": "neu@altenbrueck.example", "password": password, "is_adult": "y", "accepts_rules": "y"}
        answer = browser.post("/signup", data=data)
        assert answer.status_code == 422 and "als Erstes" in answer.text, (password, answer.status_code)
