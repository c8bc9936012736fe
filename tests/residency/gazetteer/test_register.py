"""The register in the database: import, look-ups by index, commands, the public page."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from neighbour.core import commands, scope
from neighbour.core.db import as_owner
from neighbour.residency.gazetteer import cli, loading, service
from neighbour.residency.gazetteer.cli import addresses
from neighbour.residency.gazetteer.lookup import Reason, Status, resolve
from neighbour.residency.gazetteer.memory import MemoryRegister
from neighbour.residency.gazetteer.reading import BadFile
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.gazetteer.stored import StoredRegister
from tests.residency.helpers import Town

REGISTER = """street,number,suffix,postcode,place,lon,lat,quarter
Kettfadenstraße,15,,04873,Altenbrück,12.78,51.60,weber
Kettfadenstraße,17,,04873,Altenbrück,12.78,51.60,weber
Kettfadenstraße,17,I,04873,Altenbrück,,,ufer
Kettfadenstraße,18,,04873,Altenbrück,,,ufer
Große Bleiche,2,,04873,Altenbrück,,,weber
Große Bleiche,4,,04873,Altenbrück,,,weber
Große Bleiche,3,,04873,Altenbrück,,,ufer
Große Bleiche,2,,04874,Neustadt,,,ufer
Marktplatz,,,04873,Altenbrück,,,weber
"""


@pytest.fixture
def load(app: Flask, town: Town, tmp_path: Path) -> Callable[..., loading.Loaded]:
    def import_(text: str = REGISTER, **more: Any) -> loading.Loaded:
        file = tmp_path / "register.csv"
        file.write_text(text, encoding="utf-8")
        with app.app_context(), as_owner():
            return loading.import_file(file, **more)

    return import_


@pytest.fixture
def public(app: Flask) -> Iterator[None]:
    with app.app_context(), scope.use(scope.PUBLIC):
        yield


def test_import_twice(load: Callable[..., loading.Loaded]) -> None:
    assert load() == loading.Loaded(added=9, changed=0, unchanged=0, removed=0, outside=0)
    assert load() == loading.Loaded(added=0, changed=0, unchanged=9, removed=0, outside=0)


def test_import_changes_and_keeps_what_the_file_does_not_name(load: Callable[..., loading.Loaded], town: Town) -> None:
    load()
    part = "str_name;hnr;hnr_zusatz;plz;plr_id\nKettfadenstraße;15;;04873;ufer\nNeue Straße;1a;;04873;ufer\n"
    assert load(part) == loading.Loaded(added=1, changed=1, unchanged=0, removed=0, outside=0)
    with town.app.app_context(), as_owner():
        moved = resolve(StoredRegister(), "Kettfadenstr.", "15").entry
        new = resolve(StoredRegister(), "Neue Str.", "1 A").entry
    assert moved and (moved.quarter_id, moved.place) == (town.quarters["ufer"], "Altenbrück")
    assert new and (new.number, new.suffix) == ("1", "a")
    assert load(part, replace=True).removed == 8


def test_packed_and_with_names_of_their_own(app: Flask, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "adressen.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8-sig") as packed:
        packed.write("Name\tNr\tPLZ\tx\ty\nAm Ufer\t3\t04873\t12.5\t51.5\n")
    names = {"street": "Name", "number": "Nr"}
    with app.app_context(), as_owner():
        done = loading.import_file(file, columns=names, locate=lambda lon, lat: town.quarters["ufer"])
        found = resolve(StoredRegister(), "am ufer 3").entry
    assert done.added == 1 and done.outside == 0
    assert found and found.quarter_id == town.quarters["ufer"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column for street and number"),
        ("street,number\n", "has no rows"),
        ("strasse,nr\na,1\n", "no column for number"),
        ("street,number,lon\na,1,2\n", "lon and lat belong together"),
        ("street,number\nKettfadenstraße,1\n,2\n", "line 3: has no street"),
        ("street,number\nKettfadenstraße\n", "line 2: has 1 columns, 2 are needed"),
        ("street,number,lon,lat\nAhornweg,1,x,51\n", "line 2: has no point at lon 'x', lat '51'"),
        ("street,number,lon,lat\nAhornweg,1,5820000,390000\n", "line 2: has a point outside the world"),
        ("street,number\nAhornweg,1a\nAhornweg,1A\n", "line 3: repeats line 2: Ahornweg 1 A"),
        ("street,number,quarter\nAhornweg,1,nowhere\n", "line 2: names quarter 'nowhere', which does not exist"),
        ("street,number\n" + "a" * 300 + ",1\n", "line 2: is longer than an address can be"),
        ("street,number\n" + ",1\n" * 25, "25 rows are wrong[\\s\\S]*  line 21: has no street\n  and 5 more$"),
    ],
)
def test_a_bad_file_changes_nothing(load: Callable[..., loading.Loaded], owner: Any, text: str, message: str) -> None:
    with pytest.raises(BadFile, match=message.replace("(", r"\(")):
        load(text)
    assert owner.execute("SELECT count(*) FROM address").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM street").fetchone() == (0,)


@pytest.mark.parametrize("broken", [b"\xff\xfe,1\n", b'"'])
def test_a_file_damaged_far_behind_its_header_says_where(
    app: Flask, town: Town, tmp_path: Path, owner: Any, broken: bytes
) -> None:
    whole = b"street,number\n" + b"".join(b"Ahornweg,%d\n" % number for number in range(1, 6001))
    file, shown = tmp_path / "damaged.csv", list[int]()
    file.write_bytes(whole + broken + b"x" * 140_000)
    with app.app_context(), as_owner(), pytest.raises(BadFile, match=r"damaged.csv is damaged after line [56]\d\d\d: "):
        loading.import_file(file, progress=shown.append)
    assert shown == [4998], "how far it is is said on the way"
    assert owner.execute("SELECT count(*) FROM address").fetchone() == (0,)


@pytest.mark.parametrize("content", [b"\x1f\x8bnot really", b"street,number\n\xff\xfe,1\n", b"street,number\n\x00\x00"])
def test_a_damaged_file_is_one_clear_error(app: Flask, town: Town, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "damaged.csv"
    file.write_bytes(content)
    with app.app_context(), as_owner(), pytest.raises(BadFile):
        loading.import_file(file)


def test_look_ups_by_index_agree_with_those_in_memory(load: Callable[..., loading.Loaded], public: None) -> None:
    load()
    with scope.use(scope.PUBLIC):
        whole, stored = service.whole_register(), StoredRegister()
        for typed in [
            ("Kettfadenstr.", "17", "04873"), ("kettfadenstrasse 17i", "", ""), ("Gr. Bleiche", "3", "04873"),
            ("Grose Bleiche", "3", "04873"), ("Große Bleiche", "2", ""), ("Ketfadenstr", "18", ""), ("Marktpl.", "", ""),
            ("Kettfadenstraße", "99", ""), ("Nirgendwo", "1", ""),
        ]:  # fmt: skip
            assert resolve(stored, *typed) == resolve(whole, *typed), typed
        for street in stored.by_key(street_key("Kettfadenstr.")):
            assert dict(whole.houses(street)) == dict(stored.houses(street)) and len(whole.houses(street)) == 4


def test_a_look_up_is_few_queries(
    load: Callable[..., loading.Loaded], public: None, count_queries: Callable[[], Any]
) -> None:
    load()
    with scope.use(scope.PUBLIC):
        with count_queries() as queries:
            match = service.resolve("Kettfadenstr.", "17", "04873")
        assert match.status is Status.CORRECTED and len(queries) <= 4
        with count_queries() as queries:
            assert service.resolve("Kettfdaenstr.", "17", "04873").reason is Reason.STREET
        assert len(queries) <= 8


def test_suggestions_while_typing(load: Callable[..., loading.Loaded], public: None) -> None:
    load()
    with scope.use(scope.PUBLIC):
        assert [one.name for one in service.suggest("kettf")] == ["Kettfadenstraße"]
        assert [one.name for one in service.suggest("Kettfadenstr")] == ["Kettfadenstraße"]
        assert [one.name for one in service.suggest("Kettfdaenstraße")] == ["Kettfadenstraße"]
        assert service.suggest("große b", "04874")[0] == service.Offer("Große Bleiche", "04874", "Neustadt")
        assert service.suggest("k") == [] and service.suggest("") == [] and service.suggest("%") == []


def test_streets_and_their_quarters(load: Callable[..., loading.Loaded], public: None, town: Town) -> None:
    load()
    with scope.use(scope.PUBLIC):
        here, there = service.quarters_of_street("Gr. Bleiche", "04873") + service.quarters_of_street(
            "große bleiche", "04874"
        )
        assert [(part.name, part.side, part.lowest, part.highest) for part in here.parts] == [
            ("Weberviertel", "even", 2, 4),
            ("Am Ufer", "odd", 3, 3),
        ]
        assert [(part.name, part.side) for part in there.parts] == [("Am Ufer", "all")]
        assert service.quarters_of_street("Nirgendwo") == []


def test_the_application_may_only_read_the_register(
    load: Callable[..., loading.Loaded], raw: Callable[[], Any]
) -> None:
    import psycopg

    load()
    for statement in ("DELETE FROM street", "DELETE FROM address", "UPDATE street SET name = ''"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw().execute(statement)


@pytest.fixture
def command(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr(commands, "application", app.app_context)
    return lambda *arguments: CliRunner().invoke(addresses, list(arguments), catch_exceptions=False)


def test_commands(command: Callable[..., Any], town: Town, tmp_path: Path) -> None:
    file, asked = tmp_path / "register.csv", tmp_path / "asked.csv"
    file.write_text(REGISTER, encoding="utf-8")
    assert "9 added, 0 changed, 0 unchanged" in command("import", str(file)).stdout
    asked.write_text(
        "raw_street,raw_hnr,plz\nKettfadenstr.,17i,04873\nMarktplatz,,04873\n\nNirgendwo,1,\n", encoding="utf-8"
    )
    assert command("find", "--file", str(asked)).stdout.splitlines() == [
        "status,street,number,suffix,postcode,place,quarter,reason",
        "corrected,Kettfadenstraße,17,I,04873,Altenbrück,ufer,",
        "exact,Marktplatz,,,04873,Altenbrück,weber,",
        "unknown,,,,,,,street",
        "unknown,,,,,,,street",
    ]
    one = command("find", "Kettfadenstraße", "171")
    assert one.stdout.splitlines()[1] == "unknown,,,,,,,number"
    assert "Kettfadenstraße goes up to 18" in one.stderr
    assert command("add", "Neue Gasse", "5b", "--postcode", "04873", "--quarter", "weber").stdout == "added\n"
    assert command("find", "neue gasse 5B").stdout.splitlines()[1] == "exact,Neue Gasse,5,b,04873,,weber,"
    for wrong in (
        ("import", str(tmp_path / "none.csv")),
        ("add", "A", "1"),
        ("find",),
        ("add", "A", "1", "--quarter", "x"),
    ):
        failed = command(*wrong)
        assert failed.exit_code == 1 and failed.stderr.startswith("neighbour: ") and failed.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("verb", "content", "complaint"),
    [
        (("import",), b"strasse,plz\nWeg,1\n", "no column for number; the file has: strasse, plz"),
        (("import",), b"\x7fELF\xff\x00", "is not a CSV file in UTF-8"),
        (("import",), b"\x1f\x8bnot really packed", "is not a CSV file in UTF-8"),
        (("import",), gzip.compress(b"street,number\nWeg,1\n", mtime=0)[:12], "is not a CSV file in UTF-8"),
        (("import",), b"", "no column for street and number"),
        (("import", "--columns", "street:Name"), b"street,number\nWeg,1\n", "write OURS=THEIRS"),
        (
            ("import", "--columns", "street=Strasse"),
            b"street,number\nWeg,1\n",
            "there is no column 'Strasse'; the file has: street, number",
        ),
        (("find", "--file"), b"plz\n10115\n", "has no column raw_street; it has: plz"),
        (("find", "--file"), b"\x7fELF\xff\x00", "is not a CSV file in UTF-8"),
        (("find", "--file"), b"", "has no column raw_street; it has: nothing"),
    ],
)
def test_a_file_that_is_no_good_is_refused_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: tuple[str, ...], content: bytes, complaint: str
) -> None:
    def application() -> None:
        raise AssertionError("the instance was opened")

    monkeypatch.setattr(commands, "application", application)
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    failed = CliRunner().invoke(addresses, [*verb, str(file)], catch_exceptions=False)
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert complaint in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_points_decide_the_quarter_and_whoever_lives_there_follows_a_correction(
    command: Callable[..., Any], town: Town, tmp_path: Path, owner: Any
) -> None:
    file = tmp_path / "register.csv"
    file.write_text("Strasse;Nr;x;y\nAhornweg;1;13.5;52.5\nAhornweg;2;20;52.5\n", encoding="utf-8")
    imported = command("import", str(file), "--columns", "street=Strasse,number=Nr")
    assert imported.stdout == "2 added, 0 changed, 0 unchanged, 0 removed\n"
    assert imported.stderr.endswith("1 of the file lie in no quarter\n")
    where = "SELECT number, q.key FROM address a LEFT JOIN quarter q ON q.id = a.quarter_id ORDER BY number"
    assert owner.execute(where).fetchall() == [("1", "weber"), ("2", None)]
    anna = town.person("anna")
    town.settle(anna, owner.execute("SELECT id FROM address WHERE number = '1'").fetchone()[0])
    file.write_text("Strasse;Nr;x;y\nAhornweg;1;14.5;52.5\n", encoding="utf-8")
    corrected = command("import", str(file), "--columns", "street=Strasse,number=Nr").stdout
    assert corrected == "0 added, 1 changed, 0 unchanged, 0 removed\n1 home followed its address into another quarter\n"
    seat = town.seat(anna)
    assert seat is not None and seat.quarter_id == town.quarters["ufer"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("Ahornweg", "1", "--point", "20", "52.5"), "this point lies in no quarter"),
        (("Ahornweg", "1" * 30, "--quarter", "weber"), "this address is longer than an address can be"),
        (("Ahornweg", "1", "--point", "200", "52.5"), "this address has a point outside the world"),
    ],
)
def test_an_address_that_cannot_be_is_not_added(
    command: Callable[..., Any], town: Town, owner: Any, given: tuple[str, ...], complaint: str
) -> None:
    failed = command("add", *given)
    assert failed.exit_code == 1 and failed.stderr.startswith(f"neighbour: {complaint}")
    assert owner.execute("SELECT count(*) FROM address").fetchone() == (0,)


def test_the_nearest_spellings_are_told_beside_the_answer(
    command: Callable[..., Any], load: Callable[..., Any]
) -> None:
    load()
    assert command("find", "Kettfdaenstraße", "17").stderr == "perhaps: Kettfadenstraße 17, 04873 Altenbrück\n"
    assert command("find", "Kettfdaenstraße").stderr == "perhaps: Kettfadenstraße, 04873\n"


def test_many_look_ups_read_the_register_once(
    command: Callable[..., Any], load: Callable[..., loading.Loaded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    read, whole = [], service.whole_register
    monkeypatch.setattr(service, "whole_register", lambda: read.append(1) or whole())
    # Whoever asks whether a register is there must not count it: 100,000 times 280,000 entries is a minute.
    assert not hasattr(MemoryRegister, "__len__")
    asked = tmp_path / "asked.csv"
    asked.write_text("raw_street,raw_hnr,plz\n" + "Kettfadenstraße,17,04873\n" * 5000, encoding="utf-8")
    shown: list[int] = []
    monkeypatch.setattr(cli, "progress", lambda _word: shown.append)
    assert command("find", "--file", str(asked)).stdout.count("exact,Kettfadenstraße,17") == 5000
    assert shown == [5000, 5000], "each five thousand, and at the end"
    assert read == [1]


def test_what_an_import_says_can_be_kept_in_a_file(command: Callable[..., Any], town: Town, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text(REGISTER, encoding="utf-8")
    assert command("import", str(file)).stderr == "… reading the file\n… comparing it with the register\n"


def test_find_my_quarter(load: Callable[..., loading.Loaded], client: Any) -> None:
    load()
    ask = lambda typed: client.post("/find-my-quarter", data={"q": typed}, csrf=False)  # noqa: E731
    assert client.get("/find-my-quarter").status_code == 200
    house = ask("Kettfadenstr. 17")
    assert "Weberviertel" in house.text and "/quarters/weber" in house.text
    assert house.headers["Cache-Control"] == "no-store"
    street = ask("Große Bleiche")
    assert "Weberviertel" in street.text and "Am Ufer" in street.text and "Neustadt" in street.text
    assert "Große Bleiche 2, 04874 Neustadt" in ask("Große Bleiche 2").text
    assert "18" in ask("Kettfadenstraße 171").text
    assert "Kettfadenstraße 17, 04873" in ask("Kettfdaenstraße 17").text
    hostile = ask("<script>alert(1)</script>' OR 1=1 --")
    assert hostile.status_code == 200 and "<script>alert" not in hostile.text
    options = client.post("/find-my-quarter/streets", data={"q": "kettf"}, csrf=False)
    assert '<option value="Kettfadenstraße">' in options.text


def test_the_way_to_ones_quarter_is_one_form_wherever_it_stands(
    load: Callable[..., loading.Loaded], client: Any
) -> None:
    load()
    pages = [client.get(path).text for path in ("/", "/quarters", "/find-my-quarter")]
    forms = [re.search(r'<form class="finder".*?</form>', page, re.DOTALL) for page in pages]
    assert len({form[0] for form in forms if form}) == 1 and all(forms)
    assert 'action="/find-my-quarter"' in pages[0] and 'hx-post="/find-my-quarter/streets"' in pages[0]


def test_nothing_typed_is_kept(load: Callable[..., loading.Loaded], client: Any, owner: Any, caplog: Any) -> None:
    load()
    caplog.set_level(0)
    assert "Kanarienvogelgasse 77" in client.post("/find-my-quarter", data={"q": "Kanarienvogelgasse 77"}).text
    tables = [name for (name,) in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        for (row,) in owner.execute(f"SELECT t::text FROM public.{table} t"):
            assert "Kanarienvogel" not in row, table
    assert "Kanarienvogel" not in caplog.text
