"""Dates as people say them: the day before the month in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from neighbour.core import i18n

MOMENT = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "full", "long", "masthead"),
    [
        ("de", "Mittwoch, 25. November 2026", "25. November 2026", "Mittwoch, 25. November"),
        ("en", "Wednesday, 25 November 2026", "25 November 2026", "Wednesday, 25 November"),
    ],
)
def test_the_day_stands_before_the_month(language, full, long, masthead):
    with i18n.speaking(language):
        assert i18n.full_date(date(2026, 11, 25)) == full
        assert i18n.exact(MOMENT) == f"{full}, 18:00"
        assert i18n.long_date(MOMENT) == long
        assert i18n.masthead_date(MOMENT) == masthead
