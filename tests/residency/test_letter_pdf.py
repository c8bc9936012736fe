"""Letters as PDF: readable text, right letters, the code out of the window, the file whole or absent."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from config import Config
from neighbour.core import qr
from neighbour.residency import codes, letter_pdf
from neighbour.residency.letter_pdf import Format, write_batch
from neighbour.residency.letter_words import Slip, compose

NAMES = (
    "Agnieszka Szczepański",
    "Ayşe Şahin-Yıldız",
    "Đặng Ngọc Ánh",
    "Þórunn Ægisdóttir",
    "Jürgen Groß",
    "Ľubica Ťažká",
    "Ģirts Ķēniņš",
)
CONFIG = Config.from_env(
    {
        "SITE_URL": "https://nachbar.example",
        "CITY_NAME": "Altenbrück",
        "OPERATOR_NAME": "Stadtteilverein Weberviertel e. V.",
        "OPERATOR_ADDRESS": "Webergasse 3, 04873 Altenbrück",
        "OPERATOR_EMAIL": "post@weberviertel.example",
    }
)


def slip(name: str, *, code: str = "7K2M9QXD", locale: str = "de", street: str = "Kettfadenstraße 17 I") -> Slip:
    return Slip((name, street, "04873 Altenbrück"), code, "4RTV7K2M9QXD", date(2026, 12, 23), locale)


def pages(path: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(path).pages]


@pytest.mark.parametrize("paper", list(Format))
def test_every_page_holds_name_code_links_and_imprint(tmp_path: Path, paper: Format):
    out = tmp_path / "batch.pdf"
    letters = [compose(slip(name, code=codes.make()), CONFIG) for name in NAMES]
    assert write_batch(out, letters, paper) == len(NAMES)
    texts = pages(out)
    assert len(texts) == len(NAMES)
    for name, letter, text in zip(NAMES, letters, texts, strict=True):
        for wanted in (
            name,
            letter.code,
            "Kettfadenstraße 17 I",
            "04873 Altenbrück",
            "nachbar.example/code",
            "nachbar.example/not-me",
            "4RTV-7K2M-9QXD",
            "23. Dezember 2026",
            "Stadtteilverein Weberviertel",
        ):
            assert wanted in " ".join(text.split()), (wanted, text)
        assert not [other.code for other in letters if other is not letter and other.code in text]


@pytest.mark.parametrize("paper", list(Format))
def test_fonts_are_embedded_and_the_sheet_has_its_size(tmp_path: Path, paper: Format):
    out = tmp_path / "batch.pdf"
    write_batch(out, [compose(slip(NAMES[0]), CONFIG)], paper)
    page = PdfReader(out).pages[0]
    width, height = letter_pdf.SHEET[paper]
    assert float(page.mediabox.width) == pytest.approx(width * 72 / 25.4)
    assert float(page.mediabox.height) == pytest.approx(height * 72 / 25.4)
    for font in page["/Resources"]["/Font"].values():
        assert "/FontFile2" in font.get_object()["/FontDescriptor"]


def test_both_languages_are_on_the_card_and_each_is_right(tmp_path: Path):
    german, english = compose(slip(NAMES[0]), CONFIG), compose(slip(NAMES[0], locale="en"), CONFIG)
    assert "Das warst du nicht?" in german.words.refuse and german.words.second_language.startswith("In English")
    assert "That was not you?" in english.words.refuse and english.words.second_language.startswith("Auf Deutsch")
    assert "23 December 2026" in english.words.valid_until


def test_the_link_carries_the_code_and_nothing_about_the_person():
    letter = compose(slip("Anna Kowalczyk"), CONFIG)
    assert letter.code_url == "https://nachbar.example/code/7K2M-9QXD"


def _placed(path: Path) -> list[tuple[float, float, str]]:
    """Every piece of text with its place: mm from the left, mm from the top."""
    page = PdfReader(path).pages[0]
    found: list[tuple[float, float, str]] = []

    def note(text: str, matrix: list[float], inner: list[float], _font: object, _size: float) -> None:
        if text.strip():
            x, y = inner[4] * matrix[0] + matrix[4], inner[5] * matrix[3] + matrix[5]
            found.append((x * 25.4 / 72, (float(page.mediabox.height) - y) * 25.4 / 72, text.strip()))

    page.extract_text(visitor_text=note)
    return found


@pytest.mark.parametrize(
    ("paper", "across", "down"), [(Format.C6, (6, 110), (45, 99)), (Format.A4, (10, 110), (45, 95))]
)
def test_only_the_address_shows_in_the_window_however_the_sheet_slides(tmp_path: Path, paper: Format, across, down):
    """``across`` and ``down``: all that can show, DIN 680 window plus the play of the sheet in its envelope."""
    out = tmp_path / "batch.pdf"
    letter = compose(slip("Anna Kowalczyk"), CONFIG)
    write_batch(out, [letter], paper)
    shown = " ".join(text for x, y, text in _placed(out) if across[0] <= x <= across[1] and down[0] <= y <= down[1])
    assert "Anna Kowalczyk" in shown and "04873 Altenbrück" in shown
    assert letter.code not in shown and "Dein Code" not in shown


@pytest.mark.parametrize("paper", list(Format))
def test_very_long_names_and_imprints_stay_on_the_sheet(tmp_path: Path, paper: Format):
    long = Config.from_env(
        {
            "SITE_URL": "https://nachbarschaft.stadtteilzentrum-weberviertel.altenbrueck.example",
            "CITY_NAME": "Altenbrück an der Weißen Elster",
            "OPERATOR_NAME": "Verein zur Förderung der Nachbarschaft und der Stadtteilkultur im Weberviertel e. V.",
            "OPERATOR_ADDRESS": "Straße der Pariser Kommune 117 F, 04873 Altenbrück an der Weißen Elster",
            "OPERATOR_EMAIL": "vorstand@foerderverein-nachbarschaft-weberviertel.example",
        }
    )
    out = tmp_path / "batch.pdf"
    name = "Maximiliane Freifrau von und zu Hohenstein-Wittelsbach-Sonderburg-Beck " + "x" * 40
    write_batch(out, [compose(slip(name), long)], paper)
    width, height = letter_pdf.SHEET[paper]
    places = _placed(out)
    assert max(y for _x, y, _text in places) < height - 2
    assert min(x for x, _y, _text in places) > 3 and max(x for x, _y, _text in places) < width - 3
    if paper is Format.A6:  # the postal service's marks go along the lower right edge
        assert max(y for x, y, _text in places if x > 78) < 90


def test_the_qr_code_is_drawn_as_its_matrix(tmp_path: Path):
    out = tmp_path / "batch.pdf"
    letter = compose(slip("Anna Kowalczyk"), CONFIG)
    write_batch(out, [letter], Format.A6)
    drawn = PdfReader(out).pages[0].get_contents().get_data().decode("latin-1")
    dark = sum(float(m[2]) / float(m[3]) for m in re.finditer(r"(\S+) \S+ (\S+) (\S+) re", drawn) if float(m[3]) < 5)
    matrix = qr.segno.make(letter.code_url, error="m", micro=False).matrix
    assert round(dark) == sum(map(sum, matrix))


def test_markup_in_a_name_is_text(tmp_path: Path):
    out = tmp_path / "batch.pdf"
    write_batch(out, [compose(slip("<b>Anna</b> & <font size=90>"), CONFIG)], Format.C6)
    assert "<b>Anna</b> & <font size=90>" in " ".join(pages(out)[0].split())


def test_a_broken_batch_leaves_no_file_and_no_rest(tmp_path: Path):
    out = tmp_path / "batch.pdf"

    def letters():
        yield compose(slip("Anna Kowalczyk"), CONFIG)
        raise OSError("paper jam")

    with pytest.raises(OSError, match="paper jam"):
        write_batch(out, letters())
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_for_its_owner_only(tmp_path: Path):
    out = tmp_path / "batch.pdf"
    write_batch(out, [compose(slip("Anna Kowalczyk"), CONFIG)])
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", NAMES)
def test_neighbours_names_can_be_printed(name: str):
    assert letter_pdf.unprintable(name) == ""


def test_what_the_typeface_lacks_is_named():
    assert letter_pdf.unprintable("علي 王") == "علي王"
