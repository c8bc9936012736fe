"""Lists of events: read to the letter, complained about row by row, imported as a whole or not at all."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime, time
from html import unescape

import pytest
from click.testing import CliRunner

from neighbour.contributions import service as base
from neighbour.contributions.models import Audience
from neighbour.core import clock, limits, scope
from neighbour.core.db import atomic
from neighbour.core.text import plain
from neighbour.core.tokens import to_uid
from neighbour.events import cells, importing, service, sheets
from neighbour.events.cli import events
from neighbour.events.importing import Becomes, Refused
from neighbour.events.list_rows import Choices, Target
from tests.events.lists import BERLIN, HEAD, LIST, imported, read, rows, source
from tests.factories import make_event, make_initiative, make_person, make_quarter, sign_in, viewer_of


@pytest.fixture
def house(here, host):
    """A verified initiative that works here, with an editor who lives somewhere else."""
    return make_initiative(here, host)


def complaints(text, where, mapping=None, **choices):
    """Row → the columns complained about."""
    sheet, found = read(text)
    report = importing.judge(sheet, {**found, **(mapping or {})}, Choices(BERLIN, **choices), where)
    return {row.number: [str(column) for column, _why in row.wrong] for row in report.rows if row.wrong}


def test_a_list_is_imported_to_the_letter_once_and_a_changed_row_changes_its_event(host, here, house, owner):
    where = source(host, here, "i:1", house)
    assert imported(LIST, where).to_do == 2
    assert rows(owner) == [
        ("Chor", datetime(2026, 6, 2, 19), datetime(2026, 6, 2, 21), False, "", "Saal"),
        ("Repair-Café", datetime(2026, 5, 30, 14), datetime(2026, 5, 30, 17, 30), False, "", "Spulengasse 11"),
    ]
    assert rows(owner, "body_md, category, audience, initiative_id, cost")[0] == (
        "Zeile eins;\nZeile zwei", "culture", "public", house.id, "",
    )  # fmt: skip
    before = owner.execute("SELECT id, version, edited_at FROM contribution ORDER BY id").fetchall()
    assert imported(LIST, where).to_do == 0, "sent again it changes nothing"
    assert owner.execute("SELECT id, version, edited_at FROM contribution ORDER BY id").fetchall() == before
    report = imported(LIST.replace("Saal", "Hof").replace("21:00", "22:00"), where)
    assert [row.becomes for row in report.rows] == [Becomes.SAME, Becomes.CHANGED]
    assert rows(owner, "title, place, ends, sequence")[0] == ("Chor", "Hof", datetime(2026, 6, 2, 22), 1)
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (2,)


def test_one_row_that_is_not_right_keeps_the_whole_list_out_unless_it_is_left_out_on_purpose(host, here, owner):
    where, broken = source(host, here), LIST + "3;Fest;culture;0000-00-00;;10:00;;;\n"
    with pytest.raises(Refused):
        imported(broken, where)
    assert rows(owner) == [] and complaints(broken, where) == {4: ["begins"]}
    report = imported(broken, where, leaves_out=True)
    assert len(report.of(Becomes.NEW)) == 2 == len(rows(owner))


def test_what_breaks_in_the_middle_leaves_nothing_behind(host, here, owner, monkeypatch):
    put, done = importing._put, []

    def break_down(*given):
        if done:
            raise RuntimeError("the light goes out")
        done.append(put(*given))

    monkeypatch.setattr(importing, "_put", break_down)
    with pytest.raises(RuntimeError):
        imported(LIST, source(host, here))
    assert rows(owner) == [] and owner.execute("SELECT count(*) FROM event_import").fetchone() == (0,)


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (";Fest;;30.05.2026;;10:00;;;", ["uid"]),
        ("1;;;30.05.2026;;10:00;;;", ["title"]),
        (f"1;{'x' * 141};;30.05.2026;;10:00;;;", ["title"]),
        ("1;Fest;Rummel;30.05.2026;;10:00;;;", ["category"]),
        ("1;Fest;;;;10:00;;;", ["begins"]),
        ("1;Fest;;30.02.2026;;10:00;;;", ["begins"]),
        ("1;Fest;;demnächst;;10:00;;;", ["begins"]),
        ("1;Fest;;Sonntag 30.05.2026;;10:00;;;", ["begins"]),
        ("1;Fest;;11.05.2026;;10:00;;;", ["begins"]),
        ("1;Fest;;30.05.2029;;10:00;;;", ["begins"]),
        ("1;Fest;;30.05.2026;29.05.2026;10:00;;;", ["ends"]),
        ("1;Fest;;30.05.2026 10:00;30.05.2026 09:00;;;;", ["ends"]),
        ("1;Fest;;30.05.2026;30.09.2026;ganztägig;;;", ["ends"]),
        ("1;Fest;;30.05.2026;;;;;", ["time"]),
        ("1;Fest;;30.05.2026;;25:00;;;", ["time"]),
        ("1;Fest;;30.05.2026;;ab ca. 15:00;;;", ["time"]),
        ("1;Fest;;30.05.2026 10:00;;11:00;;;", ["time"]),
        ("1;Fest;;30.05.2026;31.05.2026;10:00-18:00;;;", ["time"]),
        (f"1;Fest;;30.05.2026;;10:00;{'x' * 161};{'y' * 81};", ["place", "cost"]),
        ("1;Fest;;30.05.2026;;10:00;;", [""]),
        ("1;Fest;;30.05.2026;;10:00;;;;;x", [""]),
        (";;;x;;y;;;", ["uid", "title", "begins", "time"]),
        ("1;Fest;;28.03.2027 02:30;;;;;", ["begins"]),
        ("1;Fest;;27.03.2027 22:00;28.03.2027 02:30;;;;", ["ends"]),
        ("1;Fest;;28.03.2027;;02:30-04:00;;;", ["time"]),
        ("1;Fest;;2026-10-25T02:30+01:00;;;;;", ["begins"]),
    ],
)
def test_whatever_leaves_a_doubt_is_complained_about_at_its_column(host, here, owner, row, columns):
    assert complaints(f"{HEAD}\n{row}\n", source(host, here)) == {2: columns}


def test_the_same_name_twice_is_complained_about(host, here):
    twice = LIST + "1;Noch eins;;30.05.2026;;10:00;;;\n"
    assert complaints(twice, source(host, here)) == {4: ["uid"]}


def test_times_days_and_rules_are_read_as_people_and_calendars_write_them():
    day = date(2026, 5, 31)
    for text in ("2026-05-31", "31.05.2026", "31.5.2026", "Sonntag 31.05.2026", "So, 31.05.2026", "Sun 2026-05-31"):
        assert cells.moment("begins", text, BERLIN) == (day, None), text
    for text in (
        "2026-05-31 18:00",
        "31.05.2026 18.00 Uhr",
        "2026-05-31T18:00:00",
        "2026-05-31T16:00Z",
        "2026-05-31T12:00-04:00",
    ):
        assert cells.moment("begins", text, BERLIN) == (day, time(18)), text
    for text in ("10:00-18:00", "10:00 - 18:00", "10.00 – 18.00 Uhr", "10:00 bis 18:00"):
        assert cells.hours("time", text) == (time(10), time(18)), text
    for text in ("ab 10:00", "Beginn 10:00", "10:00", "10:00 Uhr"):
        assert cells.hours("time", text) == (time(10), None), text
    assert (
        cells.hours("time", "18:00-24:00") == (time(18), time(0)) and cells.hours("time", "Ganztägig") == cells.ALL_DAY
    )
    assert (
        cells.weekdays("weekdays", "Mo - Mi, Sa")
        == ("MO", "TU", "WE", "SA")
        == cells.weekdays("weekdays", "Montag-Mittwoch,\nSamstag")
    )
    rule, until = cells.rule("rule", "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231T225959Z", BERLIN)
    assert rule == "FREQ=WEEKLY;BYDAY=TU" and until.last_day(time(18), BERLIN) == date(2026, 12, 31)
    for parse, text in (
        (cells.weekdays, "Sa - Mo"), (cells.weekdays, "So und Feiertage"), (cells.hours, "Sa 10:00\nSo 11:00"), (cells.flag, "vielleicht"), (cells.is_off, "verlegt"),
    ):  # fmt: skip
        with pytest.raises(cells.Wrong):
            parse("x", text)
    for text in (
        "FREQ=SECONDLY",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;UNTIL=morgen",
        "FREQ=DAILY;UNTIL=20270114T250000Z",
        "wöchentlich",
    ):
        with pytest.raises(cells.Wrong):
            cells.rule("rule", text, BERLIN)


def test_series_further_days_and_what_is_called_off(host, here, owner):
    head = "uid,title,begins,time,weekdays,rule,until,more,status,all_day\n"
    text = head + (
        'a,A,2026-05-20,08:00-13:00,"Mi, Sa",,2026-12-31,,,\n'
        "b,B,2026-05-30,,,FREQ=MONTHLY;BYDAY=-1SA,,,,ja\n"
        'c,C,2026-05-20,22:00-02:00,,,,"21.05.2026 5.6.2026",cancelled,\n'
        'd,D,2026-05-21,10:00,"Mi, Sa",,,,,\n'
        "e,E,2026-05-20,10:00,Mi,FREQ=DAILY,,,,\n"
        "f,F,2026-05-20,10:00,,,2026-06-01,,,\n"
        "g,G,2026-05-20,10:00,,,,,,ja\n"
        "h,H,2026-05-20,10:00,,FREQ=WEEKLY;BYDAY=TU,,,,\n"
        "i,I,2026-05-20,10:00,,FREQ=MONTHLY;BYDAY=4WE,,,,\n"
    )
    wrong = {5: ["weekdays"], 6: ["rule"], 7: ["until"], 8: ["all_day"], 9: ["rule"], 10: ["rule"]}
    assert complaints(text, source(host, here)) == wrong
    imported(text, source(host, here), leaves_out=True)
    found = rows(owner, "title, rule, until_on, more_on, is_all_day, cancelled_at IS NOT NULL")
    assert found == [
        ("A", "FREQ=WEEKLY;BYDAY=WE,SA", date(2026, 12, 31), [], False, False),
        ("B", "FREQ=MONTHLY;BYDAY=-1SA", None, [], True, False),
        ("C", "", None, [date(2026, 5, 21), date(2026, 6, 5)], False, True),
    ]
    again = text.replace("c,C,", "c,Cäcilie,").replace("cancelled", "")
    imported(again, source(host, here), leaves_out=True)
    assert rows(owner, "title, cancelled_at IS NOT NULL")[2] == ("Cäcilie", True), "an empty cell calls nothing back on"
    imported(text.replace("cancelled", "confirmed"), source(host, here), leaves_out=True)
    assert rows(owner, "title, cancelled_at IS NOT NULL")[2] == ("C", False)


@pytest.mark.parametrize(
    ("begins", "until", "column", "last"),
    [
        ("20:00", "20270114T000000Z", "", date(2027, 1, 7)),  # one in the morning in Berlin
        ("00:30", "20270113T233000Z", "", date(2027, 1, 14)),
        ("00:31", "20270113T233000Z", "", date(2027, 1, 7)),
        ("20:00", "20270114T200000", "", date(2027, 1, 14)),
        ("20:00", "20270114T195959", "", date(2027, 1, 7)),
        ("20:00", "20270114", "", date(2027, 1, 14)),
        ("", "20270114T000000Z", "", date(2027, 1, 14)),  # of what is all day, the day that is written
        ("20:00", "20270114T000000Z", "2027-01-13", date(2027, 1, 7)),
        ("20:00", "20270114T000000Z", "2027-01-14", None),
    ],
)
def test_a_rule_ends_at_a_moment_and_a_date_that_begins_later_is_none_of_it(
    host, here, owner, begins, until, column, last
):
    """RFC 5545 section 3.3.10."""
    row = f"uid;title;begins;time;all_day;until;rule\n1;Chor;2026-12-03;{begins};{'' if begins else 'ja'};{column};"
    text, where = f'{row}"FREQ=WEEKLY;BYDAY=TH;UNTIL={until}"\n', source(host, here)
    if last is None:
        assert complaints(text, where) == {2: ["until"]}
        return
    imported(text, where)
    assert owner.execute("SELECT max(slot_on) FROM occurrence").fetchone() == (last,)


def test_what_ends_before_it_begins_ends_on_the_next_day_where_it_is_a_night(host, here, owner):
    taken = ("22:00-02:00", "16:00-08:00", "10:30-01:00", "10:00-24:00", "10:00-00:00")
    refused = ("18:00-17:00", "18:00-18:00", "20:00-10:00", "17:00-08:01", "15:59-08:00")
    times = (*taken, *refused)
    text = "uid;title;begins;time\n" + "".join(f"{n};{each};2026-12-03;{each}\n" for n, each in enumerate(times))
    assert complaints(text, source(host, here)) == {number: ["time"] for number in range(7, 12)}
    sheet, mapping = read(text)
    (said,) = importing.judge(sheet, mapping, Choices(BERLIN), source(host, here)).rows[5].wrong
    assert "18:00" in said[1] and "17:00" in said[1] and "Tag und Uhrzeit" in said[1]
    imported(text, source(host, here), leaves_out=True)
    assert [(end - begin).seconds // 3600 for begin, end in rows(owner, "begins, ends")] == [14, 14, 14, 16, 4]


def test_the_end_of_a_day_is_no_begin_and_what_lasts_for_days_is_not_held_every_week(host, here, owner):
    head = "uid,title,begins,ends,time,weekdays,rule,all_day\n"
    text = head + (
        "a,A,2026-06-02 18:00,2026-06-02 24:00,,,,\n"
        "b,B,2026-06-02,,18:00-24:00,,,\n"
        "c,C,2026-06-02 24:00,,,,,\n"
        "d,D,2026-06-02,,24:00-02:00,,,\n"
        'e,E,2026-06-02,2026-06-23,,"Di, Sa",,ja\n'
        "f,F,2026-06-02,2026-06-03,,,FREQ=WEEKLY,ja\n"
        "g,G,2026-06-02,2026-06-02 20:00,,,,ja\n"
        "h,H,2026-06-02 22:00,2026-06-03 02:00,,Di,,\n"
        "i,I,2026-06-02,2026-06-03,18:00-24:00,,,\n"
    )
    expected = {4: ["begins"], 5: ["time"], 6: ["weekdays"], 7: ["rule"], 8: ["all_day"]}
    assert complaints(text, source(host, here)) == {**expected, 10: ["time"]}
    del expected[7]
    assert complaints(text, source(host, here), several_days="through") == expected
    imported(text, source(host, here), leaves_out=True, several_days="through")
    ends = [(title, end.isoformat(" ", "minutes")) for title, end in rows(owner, "title, ends")]
    assert ends == [
        ("A", "2026-06-03 00:00"),
        ("B", "2026-06-03 00:00"),
        ("F", "2026-06-04 00:00"),
        ("H", "2026-06-03 02:00"),
        ("I", "2026-06-04 00:00"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_of_spreadsheets(encoding, separator):
    text = f'uid{separator}title{separator}begins\r\n1{separator}"Straße, grün; ""schön"""{separator}2026-05-30\r\n\r\n'
    sheet = sheets.read(sheets.decoded(text.encode(encoding)))
    cells_ = [{"uid": "1", "title": 'Straße, grün; "schön"', "begins": "2026-05-30"}]
    assert [row.cells for row in sheet.rows] == cells_
    for said in (f"sep={separator}", f'"Sep={separator}"'):  # Excel's own line, which it shows nowhere
        found = sheets.read(sheets.decoded(f"{said}\r\n{text}".encode(encoding)))
        assert found == sheet and found.rows[0].number == 2
    if separator == ";":
        assert sheets.read("sep=|\n" + text.replace(";", "|", 2)).columns == ("uid", "title", "begins")


@pytest.mark.parametrize(
    "data",
    [b"", b"  \n ", b";;\n1;2;3", b"sep=;", b"uid,title", b"uid,uid\n1,2", b'uid,title\n"1,2', b"PK\x03\x04\0\0zip", b"\x81\x8d\x8f", b"[1, 2", b'{"a": 1}',
     b"[" * 100_000, b"[]", b"a\n" + b"1\n" * 1_001, b"x" * 400_001, ",".join(f"c{n}" for n in range(61)).encode() + b"\n1"],
)  # fmt: skip
def test_what_is_no_list_is_refused_as_a_whole(context, data):
    with pytest.raises(sheets.Unreadable):
        sheets.read(sheets.decoded(data))


def test_json_with_other_things_in_it_is_complained_about_row_by_row(host, here):
    found = [
        {"uid": 1, "title": "A", "begins": "2026-05-30", "all_day": True},
        "text",
        {"uid": 2, "title": ["x"]},
        {"uid": None, "title": "C"},
    ]
    assert complaints(json.dumps({"n": 3, "index": found}), source(host, here)) == {
        2: [""],
        3: [""],
        4: ["uid", "begins"],
    }
    assert not sheets.read('[{"": 1}, {}, "text"]').is_readable
    row = '{"uid": "%s", "title": "A", "begins": "2026-05-30 10:00", "%s": "2026-05-31 10:00"}'
    text = f"[{row % (1, 'begins')}, {row % (2, 'title ')}, {row % (3, 'ends')}]"
    assert complaints(text, source(host, here)) == {1: [""], 2: [""]}, "what a name twice means is not guessed"
    with pytest.raises(sheets.Unreadable):
        sheets.read('{"index": [], "index": [{"uid": 1}]}')


def test_formulas_and_html_stay_the_words_they_are(client, host, here, owner, visitor):
    evil = '=HYPERLINK("http://x.example")', "<script>alert(1)</script>", "@SUM(1)"
    text = json.dumps(
        [
            {"uid": n, "title": each, "begins": "2026-05-30", "all_day": "ja", "text": each, "place": each}
            for n, each in enumerate(evil)
        ]
    )
    imported(text, source(host, here))
    assert [row[0] for row in rows(owner, "title")] == sorted(evil)
    sign_in(client, make_person(here))
    board = client.get("/board").get_data(as_text=True)
    assert "<script>alert" not in board and "&lt;script&gt;" in re.sub("&shy;|<wbr>", "", board)


def test_another_editor_sends_the_list_on_and_what_was_taken_down_stays_down(host, here, house, owner):
    first, second = source(host, here, "i:1", house), source(make_person(make_quarter("Fern")), here, "i:1", house)
    imported(LIST, first)
    report = imported(LIST.replace("Saal", "Hof"), second)
    assert [row.becomes for row in report.rows] == [Becomes.SAME, Becomes.CHANGED] and rows(owner, "place")[0] == (
        "Hof",
    )
    chor = owner.execute("SELECT id FROM contribution WHERE title = 'Chor'").fetchone()[0]
    with scope.use(viewer_of(host, here)), atomic():
        base.withdraw(service.of_person(chor))
    for text in (LIST, LIST.replace("Chor", "Chorprobe")):
        assert [row.becomes for row in imported(text, second).rows] == [Becomes.SAME, Becomes.DOWN]
    assert rows(owner, "title, state")[0] == ("Chor", "withdrawn")
    assert imported(LIST, source(host, here, "q:other")).to_do == 2, "another list has names of its own"


def test_the_festivals_of_berlin_come_in_or_have_a_complaint(city_data, host, here, owner):
    text = sheets.decoded((city_data / "events" / "strassenfeste_2014.json").read_bytes())
    where = source(host, here)
    with clock.freeze(datetime(2014, 1, 1, 8, tzinfo=UTC)):
        for choices, count, wrong in (
            ({}, 99, {"time": 208, "begins": 2}),
            ({"no_time": "all_day", "several_days": "daily"}, 238, {"time": 69, "begins": 2}),
        ):
            sheet, mapping = read(text)
            report = importing.judge(sheet, mapping, Choices(BERLIN, "festival", **choices), where)
            assert len(report.rows) == 309 and len(report.of(Becomes.NEW)) == count
            found = [str(column) for row in report.of(Becomes.WRONG) for column, _why in row.wrong]
            assert {column: found.count(column) for column in set(found)} == wrong
        imported(text, where, leaves_out=True, category="festival")
        assert imported(text, where, leaves_out=True, category="festival").to_do == 0
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (99,)
    given = {each["id"]: each for each in json.loads(text)}
    for uid, title, begins, ends, body, place in owner.execute(
        "SELECT uid, title, begins, ends, body_md, place FROM event JOIN contribution USING (id) JOIN event_import i ON i.event_id = event.id"
    ):
        one = given[uid]
        assert title == " ".join(one["bezeichnung"].split()) and f"{begins:%Y-%m-%d}" == one["von"]
        assert place == ", ".join(each for each in (" ".join(one["strasse"].split()), one["plz"]) if each)
        assert body == "\n\n".join(each for each in (one["bemerkungen"].strip(), one["www"].strip()) if each)
        if one["zeit"].strip() == "ganztägig":
            assert begins.time() == time() and (ends.date() - begins.date()).days >= 1
        else:
            times = re.findall(r"\d{2}:\d{2}", one["zeit"])
            assert f"{begins:%H:%M}" == times[0] and f"{ends:%H:%M}".replace("24:", "00:") == times[-1].replace(
                "24:", "00:"
            )
            assert one["bis"] == f"{begins:%d.%m.%Y}"


def test_the_markets_of_berlin_begin_when_somebody_says_so(city_data, host, here, owner):
    text = sheets.decoded((city_data / "events" / "wochenmaerkte_2014.json").read_bytes())
    where, title = source(host, here), {Target.TITLE: "location"}
    with clock.freeze(datetime(2014, 1, 1, 8, tzinfo=UTC)):
        assert len(complaints(text, where, title)) == 180, "no row says when it begins"
        sheet, mapping = read(text)
        report = importing.judge(sheet, {**mapping, **title}, Choices(BERLIN, first_day=date(2014, 1, 6)), where)
        wrong = [str(column) for row in report.of(Becomes.WRONG) for column, _why in row.wrong]
        assert (len(report.of(Becomes.NEW)), wrong.count("weekdays"), wrong.count("time"), len(set(wrong))) == (
            127,
            46,
            23,
            2,
        )
        imported(text, where, leaves_out=True, mapping=title, first_day=date(2014, 1, 6))
        assert owner.execute("SELECT count(*) FROM event").fetchone() == (127,)
        assert owner.execute("SELECT DISTINCT rule FROM event WHERE rule NOT LIKE 'FREQ=WEEKLY%'").fetchall() == []
        (first,) = owner.execute(
            "SELECT begins FROM event JOIN event_import i ON i.event_id = event.id WHERE uid = '353'"
        ).fetchone()
    assert first == datetime(2014, 1, 8, 9), "Wednesday and Saturday, from the sixth on"


def send(client, text, whose, **more):
    data = {
        "file": (io.BytesIO(text.encode()), "liste.csv"),
        "whose": whose,
        "audience": "quarter",
        "category": "gathering",
    }
    data |= {"no_time": "refuse", "several_days": "refuse", "act": "send", **more}
    return client.post("/events/import", data=data, content_type="multipart/form-data")


def carried(html):
    """The next request a browser makes of the page: its hidden and chosen fields."""
    found = {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', html)
    }
    for name, inside in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', inside)
        found[name] = unescape(chosen[1]) if chosen else ""
    return {name: value for name, value in found.items() if name != "csrf_token"}


def test_an_editor_sends_a_list_looks_at_it_and_imports_it(client, here, owner):
    editor = make_person(make_quarter("Fern"))
    house = make_initiative(here, editor)
    sign_in(client, editor)
    whose = f"i:{house.public_id} {here.key}"
    page = client.get("/events/import").get_data(as_text=True)
    assert "Haus am Kanal, Weberviertel" in page and "FREQ=MONTHLY" in page
    assert "Lernen und Reparieren" in page and "gathering, " not in page and "bestätigt, abgesagt" in page
    foreign = LIST.replace(HEAD, "nr;was;category;begins;ends;time;place;cost;text")
    html = send(client, foreign, whose).get_data(as_text=True)
    assert html.count("Welche Spalte ist das?") == 4 and rows(owner) == [], (
        "two columns, each at its field and in the list on top"
    )
    fields = carried(html) | {"column_uid": "nr", "column_title": "was", "act": "look"}
    html = client.post("/events/import", data=fields, content_type="multipart/form-data").get_data(as_text=True)
    assert "2 Termine einlesen" in html and "Repair-Café" in html and rows(owner) == []
    done = client.post("/events/import", data=carried(html) | {"act": "import"}, content_type="multipart/form-data")
    assert done.status_code == 303 and [row[0] for row in rows(owner, "title")] == ["Chor", "Repair-Café"]
    assert rows(owner, "audience, initiative_id, author_id")[0] == ("quarter", house.id, editor.id)
    again = send(client, foreign.replace("nr;was", "id;titel"), whose).get_data(as_text=True)
    assert "Es gibt nichts zu tun" in again
    with scope.use(scope.NOBODY):
        counted = limits.RATES["publish"].times - limits.left("publish", str(editor.id))
    assert counted == 1, "looking is not publishing"
    bad = send(client, LIST + "3;Fest;;0000-00-00;;;;;\n", whose).get_data(as_text=True)
    assert "„0000-00-00“ ist kein Tag" in bad and "Zeile 4" in bad and "einlesen, die anderen" not in bad


def test_a_page_with_rows_that_are_wrong_imports_the_others_only_when_that_is_asked(client, here, owner):
    editor = make_person(here)
    house = make_initiative(here, editor)
    sign_in(client, editor)
    html = send(client, LIST + "3;Fest;;0000-00-00;;10:00;;;\n", f"i:{house.public_id} {here.key}").get_data(
        as_text=True
    )
    assert "2 Termine einlesen, die anderen Zeilen weglassen" in html
    fields = carried(html) | {"act": "import"}
    refused = client.post("/events/import", data={**fields, "leave_out": ""}, content_type="multipart/form-data")
    assert (
        refused.status_code == 422
        and "Es wurde nichts eingelesen" in refused.get_data(as_text=True)
        and rows(owner) == []
    )
    assert client.post("/events/import", data=fields, content_type="multipart/form-data").status_code == 303
    assert len(rows(owner)) == 2


@pytest.mark.parametrize(
    "what",
    [
        "another file",
        "another audience",
        "another quarter",
        "another initiative",
        "an event that was changed meanwhile",
    ],
)
def test_what_comes_in_is_what_was_looked_at(client, here, owner, what):
    """Enter in any field presses the first button of a form, and that imports."""
    editor, fern = make_person(here), make_quarter("Fern")
    house, other = make_initiative(here, editor), make_initiative(here, editor, slug="werkstatt")
    owner.execute("INSERT INTO initiative_quarter (initiative_id, quarter_id) VALUES (%s, %s)", [house.id, fern.id])
    sign_in(client, editor)
    whose = f"i:{house.public_id} {here.key}"
    fields = carried(send(client, LIST, whose).get_data(as_text=True)) | {"act": "import"}
    client.post("/events/import", data=fields, content_type="multipart/form-data")
    fields = carried(send(client, LIST.replace("Saal", "Hof"), whose).get_data(as_text=True)) | {"act": "import"}
    if what == "another file":
        fields["file"] = (io.BytesIO(LIST.replace("Saal", "Halle").encode()), "andere.csv")
    elif what == "another audience":
        fields["audience"] = "nearby"
    elif what in ("another quarter", "another initiative"):  # nothing of it is there yet
        new = LIST.replace("\n1;", "\n3;").replace("\n2;", "\n4;")
        fields = carried(send(client, new, whose).get_data(as_text=True)) | {"act": "import"}
        elsewhere = (
            f"i:{house.public_id} {fern.key}" if what == "another quarter" else f"i:{other.public_id} {here.key}"
        )
        assert fields["whose"] == whose
        fields["whose"] = elsewhere
    else:
        owner.execute("UPDATE event SET place = 'Keller' WHERE place = 'Saal'")
    before = rows(owner, "place, audience")
    refused = client.post("/events/import", data=fields, content_type="multipart/form-data")
    html = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "etwas anderes" in html and rows(owner, "place, audience") == before
    fields = carried(html) | {"act": "import"}
    assert client.post("/events/import", data=fields, content_type="multipart/form-data").status_code == 303
    assert rows(owner, "place, audience") != before


def test_an_import_that_is_sent_twice_is_one_and_says_so(client, here, owner):
    editor = make_person(here)
    house = make_initiative(here, editor)
    sign_in(client, editor)
    fields = carried(send(client, LIST, f"i:{house.public_id} {here.key}").text) | {"act": "import"}
    for said in ("2 Termine ausgehängt", "Es gibt nichts zu tun"):
        done = client.post("/events/import", data=fields, content_type="multipart/form-data")
        assert done.status_code == 303 and said in client.get(done.location).text
    assert len(rows(owner)) == 2


def test_an_initiative_has_a_list_for_each_of_its_quarters(client, here, owner):
    editor, fern = make_person(here), make_quarter("Fern")
    house = make_initiative(here, editor)
    owner.execute("INSERT INTO initiative_quarter (initiative_id, quarter_id) VALUES (%s, %s)", [house.id, fern.id])
    sign_in(client, editor)
    for quarter in (here, fern):
        seen = send(client, LIST, f"i:{house.public_id} {quarter.key}").get_data(as_text=True)
        assert "2 Termine einlesen" in seen, "known on the other board only"
        client.post("/events/import", data=carried(seen) | {"act": "import"}, content_type="multipart/form-data")
        assert "Es gibt nichts zu tun" in send(client, LIST, f"i:{house.public_id} {quarter.key}").text
    assert len(rows(owner)) == 4
    owner.execute("DELETE FROM event_import WHERE uid = '2' AND list LIKE %s", [f"% {fern.id}"])
    owner.execute(
        "UPDATE contribution SET quarter_id = %s WHERE quarter_id = %s", [fern.id, here.id]
    )  # they become one
    known = owner.execute("SELECT split_part(list, ' ', 2), uid FROM event_import ORDER BY uid, list").fetchall()
    assert sorted(known) == sorted([(str(fern.id), "1"), (str(here.id), "1"), (str(fern.id), "2")])


@pytest.mark.parametrize("audience", ["public", "city", "nearby"])
def test_what_one_list_of_an_initiative_has_brought_hangs_once_on_every_board_that_reads_it(
    client, here, owner, audience
):
    editor, fern = make_person(here), make_quarter("Fern")
    owner.execute("INSERT INTO adjacency (quarter_id, neighbour_id, border_m) VALUES (%(a)s, %(b)s, 9), (%(b)s, %(a)s, 9)",
                  {"a": here.id, "b": fern.id})  # fmt: skip
    house, other = make_initiative(here, editor), make_initiative(here, editor, slug="verein", name="Verein")
    owner.execute("INSERT INTO initiative_quarter (initiative_id, quarter_id) VALUES (%s, %s)", [house.id, fern.id])
    sign_in(client, editor)

    def imported_as(whose, text=LIST, audience="quarter"):
        seen = send(client, text, whose, audience=audience).text
        client.post("/events/import", data=carried(seen) | {"act": "import"}, content_type="multipart/form-data")
        return " ".join(plain(seen).split())

    imported_as(f"i:{house.public_id} {here.key}", audience=audience)
    said = imported_as(f"i:{house.public_id} {fern.key}", LIST + "3;Fest;festival;2026-06-03 19:00;;;;;\n")
    assert "2 hängen schon" in said and "1 Termin einlesen" in said
    assert f"Repair-Café Zeile 2 Hängt schon in {here.name}. Chor Zeile 3 Hängt schon in {here.name}." in said
    assert [row[0] for row in rows(owner)] == ["Chor", "Fest", "Repair-Café"]
    imported_as(f"i:{other.public_id} {here.key}", audience=audience)
    assert len(rows(owner)) == 5, "another initiative's rows are others, whatever it calls them"
    owner.execute("UPDATE contribution SET state = 'withdrawn' WHERE title = 'Chor'")
    assert "1 hängen schon" in imported_as(f"i:{house.public_id} {fern.key}"), "what was taken down hangs nowhere"


@pytest.mark.parametrize("state", ["stranger", "unverified", "suspended initiative", "suspended", "elsewhere"])
def test_nobody_else_imports_anything(client, here, owner, state):
    editor = make_person(here, **({"status": "suspended"} if state == "suspended" else {}))
    house = make_initiative(
        here, *([] if state == "stranger" else [editor]),
        **{"verified_at": None} if state == "unverified" else {"suspended_at": clock.now()} if state == "suspended initiative" else {},
    )  # fmt: skip
    sign_in(client, editor)
    if state == "elsewhere":
        assert send(client, LIST, f"i:{house.public_id} {make_quarter('Fern').key}").status_code in (200, 422)
        assert send(client, LIST, "q:" + here.key, act="import").status_code in (200, 422)
    else:
        assert client.get("/events/import").status_code == 404
        assert send(client, LIST, f"i:{house.public_id} {here.key}").status_code == 404
    assert rows(owner) == []


def test_the_operator_imports_for_any_quarter_and_any_initiative(client, here, owner):
    house = make_initiative(here, make_person(here))
    sign_in(client, make_person(make_quarter("Fern"), is_operator=True))
    page = client.get("/events/import").get_data(as_text=True)
    assert f'value="q:{here.key}"' in page and f'value="i:{house.public_id} {here.key}"' in page
    html = send(client, LIST, f"q:{here.key}").get_data(as_text=True)
    assert (
        client.post(
            "/events/import", data=carried(html) | {"act": "import"}, content_type="multipart/form-data"
        ).status_code
        == 303
    )
    assert len(rows(owner)) == 2


def test_the_command_says_what_is_wrong_and_imports_all_or_nothing(operate, host, here, house, owner, tmp_path):
    file = tmp_path / "liste.csv"
    file.write_text(LIST.replace("uid;title", "nr;was") + "3;Fest;;0000-00-00;;10:00;;;\n", encoding="cp1252")
    words = (
        "import",
        file,
        "--as",
        host.email,
        "--quarter",
        here.key,
        "--initiative",
        "haus",
        "--map",
        "uid=nr",
        "--map",
        "title=was",
    )
    said = operate(events, *words, "--dry-run")
    assert (
        said.exit_code == 0
        and "row 4, begins:" in said.output
        and "3 rows: 2 new, 0 changed, 0 same, 0 down, 0 elsewhere, 1 wrong" in said.output
    )
    assert operate(events, *words).exit_code == 1 and rows(owner) == []
    said = operate(events, *words, "--leave-out")
    assert said.exit_code == 0 and "imported 2 new, 0 changed" in said.output and len(rows(owner)) == 2
    assert "imported 0 new" in operate(events, *words, "--leave-out").output
    for wrong in (("--as", "x@y.example"), ("--quarter", "Q?"), ("--initiative", "weg"), ("--map", "titel=was")):
        assert operate(events, *words, *wrong).exit_code == 1
    assert CliRunner().invoke(events, ["import", "--help"]).exit_code == 0


def test_a_rule_the_composer_has_no_words_for_survives_it(client, host, here, owner):
    event = make_event(
        host, here, datetime(2026, 5, 20, 8), rule="FREQ=WEEKLY;BYDAY=WE,SA", title="Markt", audience=Audience.QUARTER
    )
    sign_in(client, host)
    page = client.get(f"/c/{to_uid(event.id)}/edit").get_data(as_text=True)
    assert "wie bisher: jeden Mittwoch und Samstag" in page
    fields = {
        "kind": "event",
        "category": "festival",
        "title": "Wochenmarkt",
        "body_md": "",
        "day": "2026-05-20",
        "from_time": "08:00",
    }
    fields |= {"until_time": "13:00", "repeats": "as_is", "rule": "FREQ=WEEKLY;BYDAY=WE,SA", "audience": "quarter"}
    assert client.post(f"/c/{to_uid(event.id)}/edit", data=fields).status_code == 303
    assert rows(owner, "title, rule") == [("Wochenmarkt", "FREQ=WEEKLY;BYDAY=WE,SA")]
    assert client.post(f"/c/{to_uid(event.id)}/edit", data={**fields, "rule": "FREQ=SECONDLY"}).status_code == 422
    assert "jeden Mittwoch und Samstag" in client.get(f"/c/{to_uid(event.id)}").get_data(as_text=True)


SMALL = "uid;title;begins"
HOSTILE = [
    (f"{SMALL}\n1;Fest;2026-12-24T18:00+99:00\n", "begins"),
    (f"{SMALL}\n1;Fest;9999-12-31T23:00-12:00\n", "begins"),
    (f"{SMALL}\n1;Fest;0001-01-01T00:00+12:00\n", "begins"),
    (f"{SMALL}\n1;Fest;31.12.9999\n", "begins"),
    (f"{SMALL};rule\n1;Fest;0001-01-01 18:00;FREQ=DAILY\n", "begins"),
    (f"{SMALL};more\n1;Fest;24.12.2026 18:00;31.12.9999\n", "more"),
    (f"{SMALL};more\n1;Fest;24.12.2026 18:00;31.12.2999\n", "more"),
    (f"{SMALL};capacity\n1;Fest;24.12.2026 18:00;000010000999999\n", "capacity"),
    (f"{SMALL};capacity\n1;Fest;24.12.2026 18:00;1{'0' * 6000}\n", "capacity"),
    (f"{SMALL};capacity\n1;Fest;24.12.2026 18:00;0000\n", "capacity"),
    (f"{SMALL};online_url\n1;Fest;24.12.2026 18:00;http://[::1\n", "online_url"),
    ('[{"uid": "1", "title": "Fest \\ud800", "begins": "2026-12-24 18:00"}]', ""),
    ('[{"uid": "1", "title": "Fest", "\\udc00": "x", "begins": "2026-12-24 18:00"}]', ""),
]


@pytest.mark.parametrize(("text", "column"), HOSTILE)
def test_what_no_calendar_or_table_could_hold_is_complained_about_at_its_column(host, here, owner, text, column):
    ((_number, columns),) = complaints(text, source(host, here), no_time="all_day").items()
    assert columns == [column]


def test_leading_zeros_and_the_end_that_programs_write_for_none_are_read(host, here, owner):
    text = f"{SMALL};capacity;rule\n1;Fest;24.12.2026 18:00;{'0' * 6000}7;"
    imported(text + '"FREQ=DAILY;UNTIL=99991231"\n', source(host, here))
    assert rows(owner, "capacity, rule, until_on") == [(7, "FREQ=DAILY", None)]


def test_a_page_says_what_is_wrong_with_a_list_that_is_made_to_break_it(client, here, owner):
    editor = make_person(here)
    house = make_initiative(here, editor)
    sign_in(client, editor)
    whose = f"i:{house.public_id} {here.key}"
    row, long = "1;Fest;24.12.2026 18:00", "x" * 150_000
    for text, said in (
        (f'{SMALL};"{long}"\n{row};y\n', "Zeile 1 ist länger als 131.072 Zeichen"),
        (f"{SMALL};text\n{row};y\n2;{row[2:]};{long}\n", "Zeile 3 ist länger als 131.072 Zeichen"),
        (f'{SMALL};text\n{row};"{long}\n', "Anführungszeichen"),
    ):
        html = send(client, text, whose).get_data(as_text=True)
        assert said in html and ("Anführungszeichen" in html) == (said == "Anführungszeichen")
    nested = '[{"id": 1, "titel": "A", "beginn": "2027-01-11 10:00", "ort": {"name": "Hof"}}, {"id": 2, "id": 3}]'
    refused = send(client, nested, whose)
    html = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "Ein Wert darin ist selbst" in html and "gleich" in html
    assert "Welche Spalte ist das?" not in html and "Zeile 2" in html, "no column of it can be chosen"
    for text in (HOSTILE[0][0], HOSTILE[7][0], HOSTILE[11][0]):
        assert "einlesen, die anderen" not in send(client, text, whose).get_data(as_text=True)
    assert rows(owner) == []


def test_a_list_with_an_event_in_more_than_a_year_is_imported(host, here, owner):
    text = "uid;title;begins;more\n1;Stadtfest;2027-09-01 18:00;\n2;Chor;2026-06-02 18:00;1.4.2028\n"
    assert imported(text, source(host, here)).to_do == 2
    days = owner.execute("SELECT slot_on FROM occurrence ORDER BY 1").fetchall()
    assert days == [(date(2026, 6, 2),), (date(2027, 9, 1),), (date(2028, 4, 1),)]
    day_after_the_last = "uid;title;begins\n3;Zu weit;2028-05-12 18:00\n"
    assert complaints(day_after_the_last, source(host, here)) == {2: ["begins"]}


def test_what_turns_out_to_be_impossible_while_it_is_imported_is_told_of_its_row(
    client, host, here, house, owner, monkeypatch
):
    sign_in(client, host)
    publish = service.publish

    def over_by_now(**words):
        if words["title"] == "Chor":
            raise service.BadPlan("day", "Dieser Tag ist schon vorbei.")
        return publish(**words)

    seen = send(client, LIST, f"i:{house.public_id} {here.key}").text
    monkeypatch.setattr(service, "publish", over_by_now)
    fields = carried(seen) | {"act": "import"}
    answer = client.post("/events/import", data=fields, content_type="multipart/form-data")
    assert answer.status_code == 422 and rows(owner) == []
    assert "Zeile 3: Dieser Tag ist schon vorbei. Es wurde nichts eingelesen." in unescape(answer.text)


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ("2026-06-09T20:00", True),
        ("2026-06-09T22:30Z", True),
        ("2026-06-09, 2026-06-16T19:00", True),
        ("2026-06-09T18:00", False),
        ("2026-06-09T16:00Z, 16.6.2026", False),
    ],
)
def test_a_further_day_with_another_time_is_refused_and_not_held_at_the_first_ones(host, here, owner, more, wrong):
    text = f"uid;title;begins;more\n1;Chor;2026-06-02 18:00;{more}\n2;Fest;2026-06-02;\n"
    assert complaints(text, source(host, here), no_time="all_day") == ({2: ["more"]} if wrong else {})
    assert complaints(
        "uid;title;begins;more\n1;Fest;2026-06-02;2026-06-09T10:00\n", source(host, here), no_time="all_day"
    ) == {2: ["more"]}


@pytest.mark.parametrize(
    ("until", "last"),
    [("2026-06-16", 16), ("2026-06-16 12:00", 9), ("2026-06-16 18:00", 16), ("2026-06-16T15:30Z", 9)],
)
def test_a_last_day_with_a_time_has_a_date_only_if_that_begins_by_then(host, here, owner, until, last):
    head = "uid;title;begins;rule;until\n1;Chor;2026-06-02 18:00;FREQ=WEEKLY"
    imported(f"{head};{until}\n", source(host, here))
    assert owner.execute("SELECT max(slot_on) FROM occurrence").fetchone() == (date(2026, 6, last),)
    both = f'uid;title;begins;rule;until\n2;Chor;2026-06-02 18:00;"FREQ=WEEKLY;UNTIL=20260616";{until}\n'
    assert complaints(both, source(host, here)) == ({} if last == 16 else {2: ["until"]})
