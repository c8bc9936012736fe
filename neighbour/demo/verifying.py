"""An initiative of the demo city, which announces events and confirms addresses, and a document that waits on the desk."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.demo.drawing import DATA
from neighbour.demo.residents import Resident
from neighbour.events import importing, sheets, sources
from neighbour.events.list_rows import Choices, guessed
from neighbour.initiatives import service
from neighbour.initiatives.models import EditorRole, Initiative
from neighbour.quarters.models import Quarter
from neighbour.residency.cases import documents
from neighbour.residency.letter_pdf import FONTS

LIST = DATA / "treff.csv"
TREFF, QUARTERS, LEAD = "Nachbarschaftstreff Webstuhl", ("AB-02",), "liselotte"
ABOUT = (
    "Der Treff im alten Websaal: Kaffee am Dienstag, Nähmaschinen am Samstag, Rat bei Briefen vom Amt, wenn jemand da ist.\n\n"
    "Komm einfach herein. Die Tür klemmt, man muss ein bisschen drücken."
)
TYPEFACE = FONTS / "SourceSans3-Regular.ttf"  # Pillow's own lacks the letters of a German address
SENDER = "fatma"  # a neighbour vouches for her; her document waits for two people


def found(residents: dict[str, Resident]) -> Initiative:
    """The Treff, verified, with somebody who speaks for it and hours for whoever wants to prove an address."""
    made = service.add(
        TREFF, QUARTERS, about=ABOUT, address_line="Spulengasse 2", hours="Dienstag 15–18, Samstag 10–12"
    )
    service.verify(made, residents["ursula"].person_id)
    service.let_confirm(made, True)
    lead = db.session.scalars(select(Person).where(Person.id == residents[LEAD].person_id)).one()
    service.name_editor(made, lead, EditorRole.LEAD)
    return made


def announce(residents: dict[str, Resident], treff: Initiative, zone: str) -> int:
    """What is on at the Treff every week, sent as a list by who speaks for it; gives how much that was."""
    lead = residents[LEAD]
    sheet = sheets.read(LIST.read_text(encoding="utf-8"))
    source = sources.of_initiative(treff, db.session.get_one(Quarter, lead.quarter_id), lead.person_id).source
    with clock.freeze(clock.now() - timedelta(days=6, hours=3)):
        said = Choices(zone, audience=Audience.PUBLIC, first_day=clock.today(zone))
        return importing.run(sheet, guessed(sheet.columns), said, source, leaves_out=False).to_do


def hand_in(residents: dict[str, Resident]) -> None:
    """A document that came yesterday."""
    sender = residents[SENDER]
    home = sender.demo.home
    lines = [
        f"{sender.demo.first_name} {sender.demo.last_name}",
        f"{home.street} {home.number}",
        f"{home.postcode} Altenbrück",
    ]
    with clock.freeze(clock.now() - timedelta(hours=26)):
        documents.hand_in(sender.person_id, "bill", [paper(lines)])


def paper(address: list[str]) -> bytes:
    """A bill of the waterworks as somebody sends it who has blacked out the rest; a JPEG."""
    image = Image.new("RGB", (1000, 1400), "#f6f3ea")
    draw = ImageDraw.Draw(image)

    def write(x: int, y: int, text: str, size: int = 30) -> None:
        draw.text((x, y), text, fill="#23272b", font=ImageFont.truetype(TYPEFACE, size))

    write(80, 90, "Wasserwerk Altenbrück", 44)
    write(80, 150, "Am Wasserturm 1", 24)
    for number, line in enumerate(address):
        write(80, 300 + 44 * number, line)
    write(620, 480, "im vergangenen Monat", 26)
    write(80, 560, "Deine Abrechnung", 38)
    for number, width in enumerate((640, 720, 510, 690, 360, 560)):
        draw.rectangle((80, 650 + 70 * number, 80 + width, 690 + 70 * number), fill="#101214")
    draw.rectangle((620, 1180, 900, 1240), fill="#101214")
    out = BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()
