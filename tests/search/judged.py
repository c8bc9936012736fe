"""One hundred questions, each with what ought to be found: by people who look for something on this board and in these texts.
And thirty of a neighbour who says what they want to do with it: borrow, buy, have for nothing, swap.

A line is ``question | right``: a part of the title of a slip in the demo city, or the key of one of the real texts (see
``CORPUS``); where several are right they are divided by ``;``. Written by reading the texts, before the search was tried on them.
"""

from __future__ import annotations

import json
from pathlib import Path

CORPUS = (
    # file, prefix of its keys, columns of the title, columns of the text
    ("angebote_berlinpass_2014.json", "B", ("anbieter",), ("kurzbeschreibung_des_angebotes", "preis", "schlagworte")),
    ("jugend_familie_angebote_2014.json", "J", ("einrichtung",), ("stadtteile", "angebote")),
    ("raeume_mieten_2014.json", "R", ("einrichtung",), ("quadratmeter", "ausstattung", "nutzung", "kosten")),
    ("meldungen_koeln_2016_geo.json", "K", ("category",), ("text",)),
    ("meldungen_koeln_2025.json", "L", ("category",), ("text",)),
)


def corpus(folder: Path) -> list[tuple[str, str, str]]:
    """(key, title, text) of each of the real texts."""
    found = []
    for name, prefix, titles, texts in CORPUS:
        for row in json.loads((folder / name).read_text()):
            title, body = (" ".join(str(row.get(each) or "") for each in names).strip() for names in (titles, texts))
            found.append((prefix + str(row["id"]), title[:120] or "ohne Titel", body or "ohne Text"))
    return found


QUESTIONS = """
Kleiderschrank tragen | Wer kann am Freitag einen Kleiderschrank
Schrank hochtragen Freitag | Wer kann am Freitag einen Kleiderschrank
Wasser abgestellt | Wasser abgestellt in der Spulengasse
Rohrbruch | Wasser abgestellt in der Spulengasse
Quittengelee | Wohin mit acht Gläsern Quittengelee
Gelee wird nicht fest | Wohin mit acht Gläsern Quittengelee
Repair Cafe | Repair-Café
Reparaturcafé Toaster | Repair-Café
Kinderrad | Kinderfahrrad, 20 Zoll
Fahrrad für Kinder | Kinderfahrrad, 20 Zoll
Schlüsselbund gefunden | Gefunden: ein Schlüsselbund
Schlüssel verloren | Gefunden: ein Schlüsselbund
Schneiderin | Die Schneiderin in der Leinenstraße
Jacke nähen lassen | Die Schneiderin in der Leinenstraße
Mieterberatung | Mieterberatung am Donnerstag
Mieterbratung | Mieterberatung am Donnerstag
Laubbläser | heute früh um sechs den Laubbläser
Laubblaeser | heute früh um sechs den Laubbläser
Fernseher Spanisch | Mein Fernseher spricht
Lastenrad Schloss weg | Mein Lastenradschloss
Balkonstühle ölen | Zwei Balkonstühle
Stuhl streichen | Zwei Balkonstühle
Bücherschrank | Im Kinderbücherschrank
Tagesmutter | Tagesmutter oder Kita
Kitaplatz | Tagesmutter oder Kita
Fahrradreparatur | Ich repariere Fahrräder; Repair-Café
Sperrmüll Kettfadenstraße | Sperrmüll in der Kettfadenstraße
Sperrmuell anmelden | Sperrmüll in der Kettfadenstraße
Brief vom Amt | Wer liest mit mir einen Brief
Internetausfall | auch abends das Internet aus
Internet Schiffchenweg | auch abends das Internet aus
Hut gefunden | Gefunden: Herrenhut
Anwohnerparkausweis | Anwohnerparken
Heizung ablesen | Genossenschaft: Heizungsablesung
Klavierstimmer | der ein Klavier stimmt
Klavir | der ein Klavier stimmt; Hofkino
Silberfisch | Silberfische
Schach | Schachabend; Schachstunden
Schachabend Mittwoch | Schachabend
Kirschen pflücken Leiter | Sauerkirschbaum
Grundschule Nachmittagsbetreuung | Welche Grundschule
Nachmitagsbetreuung | Welche Grundschule
Leihregal | Das Leihregal
Hochbeet gießen | Hochbeet am Spielplatz
Steuererklärung | Spanisch gegen Steuererklärung
Steuererklaerung Hilfe | Spanisch gegen Steuererklärung
Flohmarkt Spulengasse | Hausflohmarkt in der Spulengasse
Hausfohmarkt | Hausflohmarkt in der Spulengasse
Straßenlaterne flackert | Die Straßenlaterne vor dem Hinterhof
Wellensittich entflogen | Wellensittich Limonka
Wellensitich | Wellensittich Limonka
Bäckerin | die neue Bäckerin
Schildkröten füttern Urlaub | vier Tage lang Schildkröten
Solaranlage Balkon | Balkonsolar im Denkmalschutz
Puppe | Liegen geblieben: eine Puppe
schwimmen lernen | Wo kann ein Siebenjähriger
Schwimmkurs | Wo kann ein Siebenjähriger; B504
alter Laptop | Wer einen alten Laptop hat
Fußpflege | Fußpflege, die ins Haus
Umzugskarton | Umzugskartons gesucht
Umzugskisten | Umzugskartons gesucht
Stummfilm Hof | Hofkino am Freitag
Ohrring | Verloren: linker Ohrring
glass jars | Where do you take broken glass
broken jar recycling | Where do you take broken glass
quiet reading place | A quiet place to read
Skat | Skatrunde sucht; Kaffee und Karten
Kinderwagen Treppen | Mit Kinderwagen durch
Rollschuh | ein einzelner Rollschuh
Chor Bass | Chor sucht einen Bass
Chorprobe | Offene Chorprobe
Fahrradständer | Neue Fahrradständer
Krimi Lesekreis | Lesekreis: als Nächstes
Deutsch lernen | Kostenlos Deutsch sprechen
vermisste Katze | Unsere Katze Motte
Fladenbrot | Der kleine Laden in der Gerberstraße
feuchter Keller | Stehen bei euch auch die Keller
Brücke gesperrt | Die Brücke an der Wehrgasse
Mathenachhilfe | Nachhilfe Mathe und Physik
Hörgerät | Mein Hörgerät redet
Kinderärztin Praxis | Kinderarzt gesucht
Kuscheltier Hase verloren | Verloren: Stoffhase
Brennhols | Brennholz, ein Raummeter
Pflanzentauschbörse | Pflanzentausch an der Sackträgergasse
Bohrmaschine leihen | Schlagbohrmaschine; Ich bohre Löcher
Babyfon | Babyphone
Nähmaschine tauschen | Nähmaschine, frisch gewartet
Bücherregal | Bücherregal aus Kiefernholz
Lauftreff | Lauftreff, langsam
Flohmarkt Brunnenplatz | Hofflohmarkt rund um den Brunnenplatz
Eishockey | B132
Puppentheater | B262
Leserausweis Marzahn | B216
Musikschule Köpenick | B38
Blindenwerkstatt | B462
Ampel verdreht | KA-1627
toilettenschüssel brücke | L10057-2025
Gullideckel Sportplatz | L10065-2025
Fahrradwerkstatt Keramik | J133
Krabbelgruppe | J125
"""

#: asked by Hannelore of the Weberviertel, who reads what reaches her
DEEDS = """
Leiter ausleihen | Leiter, bis 4 Meter
Leiter leihen | Leiter, bis 4 Meter
Leiter borgen | Leiter, bis 4 Meter
brauche Leiter | Leiter, bis 4 Meter
wer verleiht eine Leiter | Leiter, bis 4 Meter
lend Leiter | Leiter, bis 4 Meter
Bohrmaschine leihen | Schlagbohrmaschine
Bohrmaschine ausleihen | Schlagbohrmaschine
Bohrmaschine borgen | Schlagbohrmaschine
Schlagbohrmaschine leihweise | Schlagbohrmaschine
borrow Bohrmaschine | Schlagbohrmaschine
Lampe kaufen | Stehlampe
Stehlampe zu verkaufen | Stehlampe
Regal kaufen | Bücherregal
suche Bücherregal | Bücherregal
Wintermantel kaufen | Wintermantel
Mantel kaufen | Wintermantel
Wintermantel for sale | Wintermantel
Kinderrad geschenkt | Kinderfahrrad
Kinderfahrrad umsonst | Kinderfahrrad
Fahrrad kostenlos | Kinderfahrrad
Kinderfahrrad for free | Kinderfahrrad
Umzugskartons umsonst | Umzugskartons
Umzugskartons kostenlos | Umzugskartons
Kartons gratis | Umzugskartons
Quittengelee abzugeben | Quittengelee, zwölf
Nähmaschine tauschen | Nähmaschine, frisch
swap Nähmaschine | Nähmaschine, frisch
Babyphone gesucht | Babyphone
Sackkarre gesucht | Umzugshelfer haben wir
"""


def questions(written: str = QUESTIONS) -> list[tuple[str, list[str]]]:
    """(what is typed, what is right)."""
    lines = [line.partition(" | ") for line in written.strip().splitlines()]
    return [(typed.strip(), [each.strip() for each in right.split(";")]) for typed, _bar, right in lines]
