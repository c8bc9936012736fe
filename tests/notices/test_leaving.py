"""The page for leaving a list."""

from __future__ import annotations

from sqlalchemy import select

from neighbour.core.db import as_owner, db
from neighbour.notices.models import Subscription
from tests.digests.helpers import make_reader
from tests.factories import make_quarter


def test_the_token_in_its_address_is_told_to_no_other_page(context, client):
    make_reader(make_quarter())
    with as_owner():
        token = db.session.scalars(select(Subscription.token)).first()
    page = client.get(f"/unsubscribe/{token}")
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
