"""What tests of accounts share: a good password, signing up, and pages without what differs between any two."""

from __future__ import annotations

import re
from typing import Any

from neighbour.accounts import passwords
from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, atomic, db

GOOD = "drei bunte Regenschirme"
_PER_PERSON = re.compile(
    r'name="(?:[ek]-)?(?:csrf_token|form_key)"[^>]*value="[^"]*"|content="[^"]*"|\S+@\S+|avatar--\d'
)


def give_password(person: Any, password: str = GOOD) -> None:
    """Somebody made by the factory can sign in from now on."""
    with as_owner(), atomic():
        db.session.get_one(Person, person.id).password_hash = passwords.hash_password(password, 64)


def sign_up(client: Any, email: str = "neu@altenbrueck.example", password: str = GOOD, **more: str) -> Any:
    """Send the first form of signing up."""
    agreed = {"is_adult": "y", "accepts_rules": "y"}
    return client.post("/signup", data={"email": email, "password": password, **agreed, **more})


def masked(response: Any) -> str:
    """A page without tokens, mail addresses and the colours of faces."""
    return _PER_PERSON.sub("", response.get_data(as_text=True))
