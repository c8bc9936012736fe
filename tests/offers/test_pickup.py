"""Where a thing changes hands everybody reads: no house, but the hour."""

from __future__ import annotations

from neighbour.offers import pickup

HOUSES = (
    "Spulengasse 6, klingeln|Am Mühlgraben 12 a|Garnstr. 4|Spulengasse Nr. 6|Webergasse Haus 14|Spulengasse, Hausnummer 6|Hausnr. 6, hinten"
    "|Spulengasse 6, 18 Uhr|Spulengasse 6 ab 18 Uhr|Spulengasse 10-12|Webergasse 3 18:00"
)
MEETINGS = (
    "am Brunnenplatz, abends|am Brunnenplatz 18 Uhr|Brunnenplatz 18:00|Spielplatz 17 Uhr|Im Hof 10-12 Uhr|am Marktplatz 9.30 Uhr|im Hof 18h"
    "|Brunnenplatz 10 bis 12 Uhr|Brunnenplatz 9.30–11 Uhr|Marktplatz 24.12.|Marktplatz 6. Dezember|Hof 5 Minuten vom Bahnhof|Haus am See, 18 Uhr"
)


def test_a_house_number_is_told_from_a_time_of_day():
    assert [text for text in HOUSES.split("|") if not pickup.has_house(text)] == []
    assert [text for text in MEETINGS.split("|") if pickup.has_house(text)] == []
