"""Every component in every state on one page, for eyes and for axe. It needs no database.

``python -m tests.look.gallery FOLDER`` writes pictures at 360 and 1,280 px, light and dark, into FOLDER.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, g, render_template_string, session
from markupsafe import Markup
from werkzeug.serving import make_server
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from config import Config
from neighbour.app import create_app
from neighbour.core import clock, i18n, web
from neighbour.core.forms import Form, needed
from neighbour.policy import Identity, Level, Permission, Seat
from neighbour.policy.gate import requires

HERE = Path(__file__).parent
NAMES = ("gallery", "public", "map")


class Sample(Form):
    """A form with every sort of field."""

    title = StringField("Überschrift", [needed()])
    number = StringField("Hausnummer", [needed()])
    password = PasswordField("Passwort")
    hour = SelectField("Uhrzeit", choices=[SelectChoice("7", "07:00"), SelectChoice("18", "18:00")])
    body = TextAreaField("Text")
    reach = RadioField(
        "Wer soll es sehen?",
        choices=[
            SelectChoice("quarter", "Mein Quartier"),
            SelectChoice("nearby", "Umgebung"),
            SelectChoice("city", "Ganze Stadt"),
        ],
        default="quarter",
    )
    category = RadioField(
        "Worum geht es?",
        choices=[
            SelectChoice("question", "Frage"),
            SelectChoice("help", "Hilfe gesucht"),
            SelectChoice("lost", "Verloren, gefunden"),
        ],
        default="help",
    )
    keep = BooleanField("Auf diesem Gerät angemeldet bleiben")


def card(**values: Any) -> SimpleNamespace:
    """What the card macro asks for, with a long name and a long word."""
    usual = {
        "uid": "a" * 26,
        "url": "#card",
        "kind_label": "Hilfe gesucht",
        "kind_icon": "hand-helping",
        "tone": "help",
        "author_name": "Maximiliane-Theodora O.",
        "author_key": "mo",
        "author_level": "verified",
        "place": "Kettfadenstraße",
        "published_at": clock.now() - timedelta(minutes=40),
        "comment_count": 2,
        "thank_url": "/thank",
        "title": "Wer kann am Freitag einen Kleiderschrank mit in den dritten Stock tragen?",
        "excerpt": "Der Schrank ist zerlegt, aber die Rückwand ist sperrig und unser Treppenhaus eng. Zu dritt geht es gut. Danach gibt es Linsensuppe.",
    }
    return SimpleNamespace(**{**usual, **values})


def cards() -> list[SimpleNamespace]:
    """One card of each sort."""
    day = clock.now()
    return [
        card(
            uid="b" * 26,
            is_urgent=True,
            kind_label="Dringend",
            kind_icon="triangle-alert",
            place=None,
            author_name="Wohnungsbaugenossenschaft Weberviertel-Mühlgraben eG",
            author_key="wg",
            author_is_house=True,
            expires_at=day + timedelta(hours=4),
            title="Wasser abgestellt in der Spulengasse 2–14 und im Garnweg",
            excerpt="Rohrbruch vor Nummer 8. Ein Wasserwagen steht am Brunnenplatz.",
            comment_count=5,
        ),
        card(facts=[("calendar-days", "Freitag, 17:30, etwa eine halbe Stunde")]),
        card(
            uid="c" * 26,
            kind_label="Termin",
            kind_icon="calendar-days",
            tone="event",
            leaf=date(2026, 11, 28),
            title="Repair-Café: Toaster, Lampen, Nähmaschinen",
            facts=[("calendar-days", "Samstag, 14:00 bis 17:30"), ("map-pin", "Werkraum 2 im Erdgeschoss, stufenlos")],
            quarter_name="Nordvorstadt",
            author_name="Nachbarschaftszentrum Alte Weberei",
            author_is_house=True,
            excerpt="",
            comment_count=0,
        ),
        card(
            uid="d" * 26,
            is_solved=True,
            kind_label="Frage, gelöst",
            kind_icon="circle-check",
            author_name="Jan-Philipp S.",
            title="Versteht jemand die Straßenausbaubeitragssatzungsänderungsverordnung?",
            edited_at=day,
            published_at=day - timedelta(days=1),
        ),
        card(
            uid="e" * 26,
            kind_label="Zu verschenken",
            kind_icon="hand-heart",
            tone="offer",
            author_name="Şükriye Ł.",
            title="Kinderfahrrad, 20 Zoll, fährt gut",
            place=None,
        ),
    ]


def comments() -> list[tuple[SimpleNamespace, list[SimpleNamespace]]]:
    """A thread with an answer that helped, a reply, something taken down, something new."""
    day: datetime = clock.now()

    def said(uid: str, name: str, html: str, **more: Any) -> SimpleNamespace:
        return SimpleNamespace(
            uid=uid,
            author_name=name,
            author_key=name,
            created_at=day - timedelta(minutes=len(uid) * 9),
            html=Markup(html),
            **more,
        )

    first = said(
        "r1",
        "Karl-Heinz B.",
        "<p>Ich komme und bringe meinen Sohn mit. Wir haben Tragegurte.</p>",
        is_answer=True,
        author_level="verified",
        reply_url="#reply",
        withdraw_url="/down",
    )
    reply = said(
        "r2",
        "Maximiliane-Theodora O.",
        "<p>Großartig, danke euch!</p><ul><li>Handschuhe</li><li>Sackkarre</li></ul>",
        is_author=True,
        reply_url="#reply",
    )
    gone = said("r3", "Emre Y.", "", gone="Abgenommen von Emre Y., gestern, 22:10.")
    new = said(
        "r4", "Nguyen Thi K.", "<p>Ab 17:45 könnte ich.</p>", is_new=True, solve_url="/solve", reply_url="#reply"
    )
    return [(first, [reply]), (gone, []), (new, [])]


def app() -> Flask:
    """The application with the gallery's pages; addresses of rooms that are not there lead nowhere."""
    made = create_app(
        Config.from_env(
            {
                "ENVIRONMENT": "test",
                "DATABASE_URL": "postgresql://nobody@/none",
                "DATABASE_OWNER_URL": "postgresql://nobody@/none",
            }
        )
    )
    made.url_build_error_handlers.append(lambda error, endpoint, values: f"/missing/{endpoint}")
    made.config["WTF_CSRF_CHECK_DEFAULT"] = False

    @made.get("/gallery/<any(gallery, public, map):name>")
    @requires(Permission.PUBLIC_READ, cache="never")
    def show(name: str) -> str:
        from flask import request

        if "theme" in request.args:
            session["theme"] = request.args["theme"]
        i18n.speak(request.args.get("language", "de"))
        if name == "gallery":
            g.identity = Identity(
                1,
                "abc",
                "Hannelore-Wilhelmine W.",
                is_confirmed=True,
                signup_step="done",
                seats=(Seat(1, Level.VERIFIED),),
            )
        form = Sample(
            data={"title": "Wer kann mittragen?", "number": "171", "category": "help", "reach": "quarter"},
            meta={"csrf": False},
        )
        form.add_error("number", "Die Kettfadenstraße geht nur bis 64. Meinst du 17 oder 17 I?")
        return render_template_string(
            (HERE / f"{name}.html").read_text(), form=form, cards=cards(), comments=comments(), leaf=date(2026, 11, 28)
        )

    @made.get("/gallery/quarters.geojson")
    @requires(Permission.PUBLIC_READ, cache="never")
    def outlines() -> dict[str, Any]:
        layer = json.loads((web.STATIC.parent / "demo" / "data" / "quarters.geojson").read_text(encoding="utf-8"))
        for feature in layer["features"]:
            feature["id"] = feature["properties"]["id"]
            feature["properties"]["url"] = "#" + feature["id"]
        layer["features"][0]["properties"]["name"] = "<b>Altmarkt</b> & mehr"  # a name is text, whatever stands in it
        return layer

    return made


@contextmanager
def served() -> Iterator[str]:
    """The gallery's address while the block runs."""
    server = make_server("127.0.0.1", 0, app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def main(folder: Path) -> None:
    """Pictures of all pages at 360 and 1,280 px, light and dark."""
    from tests.look.browser import browser

    folder.mkdir(parents=True, exist_ok=True)
    with served() as address, browser() as chromium:
        for name in NAMES:
            for width in (360, 1280):
                for theme in ("light", "dark"):
                    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
                    page.goto(f"{address}/gallery/{name}")
                    page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
                    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
