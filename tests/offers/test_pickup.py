"""Where a thing changes hands everybody reads: no house, but the hour."""

from __future__ import annotations

from neighbour.offers import pickup

HOUSES = (
    "Spulengasse 6, klingeln|Am Mühlgraben 12 a|Garnstr. 4|Spulengasse Nr. 6|Webergasse Haus 14|Spulengasse, Hausnummer 6|Hausnr. 6, hinten"
    "|Spulengasse 6, 18 Uhr|Spulengasse 6 ab 18 Uhr|Spulengasse 10-12|Webergasse 3 18:00"
    "|Garnstr 4, klingeln|Hauptstr.4|Spulengasse Hs 6|Spulengasse Hs. 6|Spulengasse #6|Webergasse Nummer 3|Brunnenplatz 4|im Hof, Haus 17-19"
)
MEETINGS = (
    "am Brunnenplatz, abends|am Brunnenplatz 18 Uhr|Brunnenplatz 18:00|Spielplatz 17 Uhr|Im Hof 10-12 Uhr|am Marktplatz 9.30 Uhr|im Hof 18h"
    "|Brunnenplatz 10 bis 12 Uhr|Brunnenplatz 9.30–11 Uhr|Marktplatz 24.12.|Marktplatz 6. Dezember|Hof 5 Minuten vom Bahnhof|Haus am See, 18 Uhr"
    "|im Hof 17-19|im Hof 17–19 Uhr|Kirchplatz 17 bis 19|Schulhof 14.30 bis 15|Marktplatz 3x klingeln|Marktplatz 3 mal klingeln"
    "|Spielplatz 3 Häuser weiter|Marktplatz 1. Stand links|im Hof 1. Tür links|Bahnhof 8:15|Hauptbahnhof, Gleis 3|Brunnenplatz 8 Uhr morgens"
    "|Am Webstuhl, 20 Minuten vom Platz|Am Weg 2 Minuten"
)


def test_a_house_number_is_told_from_a_time_of_day():
    assert [text for text in HOUSES.split("|") if not pickup.has_house(text)] == []
    assert [text for text in MEETINGS.split("|") if pickup.has_house(text)] == []
