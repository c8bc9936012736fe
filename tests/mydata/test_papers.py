"""The privacy notice, the record and the imprint: complete, and from the same table as everything else."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import pytest

from config import Config
from neighbour.core import i18n
from neighbour.mydata.classes import CLASSES
from neighbour.mydata.cli import privacy
from neighbour.mydata.rules import RULES
from neighbour.notices import service
from neighbour.notices.base import Notice
from tests.factories import make_person, make_quarter, sign_in


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_notice_lists_every_class_with_purpose_recipients_basis_and_period(client, language):
    client.post(f"/language/{language}")
    page = html.unescape(re.sub(r"\xad", "", client.get("/privacy").text))
    with i18n.speaking(language):
        for each in CLASSES.values():
            for words in (each.title, each.purpose, each.seen_by, each.basis, each.period):
                assert str(words) in page, words
    text = re.sub(r"<[^>]+>", " ", page[page.index("<article") : page.index("</article>")])
    assert len(text.split()) < 1_100  # short enough to be read


#: lines of the retention table that one word says together; they have to last equally long
TOGETHER = {"disputes": "resets",
    "flyers": "invitations", "alarms": "invitations", "print_runs": "invitations",
    "asks": "withdrawn", "cases": "proofs", "visits": "proofs", "memberships": "proofs", "looks": "events",
    "photo_files": "uploads",
}  # fmt: skip


def test_the_notice_says_of_everything_how_long_it_is_kept_as_the_retention_table_has_it(app):
    by_name = {rule.name: rule for rule in RULES}
    for rule in RULES:
        words = CLASSES[rule.kind].period.message
        said = TOGETHER.get(rule.name, rule.name)
        assert by_name[said].period == rule.period, rule.name
        if rule.period and rule.name != "counters":  # what goes at its end needs no period
            assert f"%({said})s" in words, rule.name
    with i18n.speaking("en"):
        assert "counters of attempts 30 days at most" in str(CLASSES["access"].period)
    with i18n.speaking("de"):
        said = str(CLASSES["access"].period) + str(CLASSES["mail"].period)
    assert "höchstens 30 Tage;" in said and "abgenommen hat, 12 Monate" in said and "Fingerabdruck: 2 Jahre" in said


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_record_names_every_class_and_every_column_about_people(operate, language):
    from neighbour.core import personal

    said = operate(privacy, "record", "--language", language)
    assert said.exit_code == 0, said.output
    with i18n.speaking(language):
        assert all(f"## {each.title}" in said.output for each in CLASSES.values())
        assert all(rule.line in said.output for rule in RULES)
    for entry in personal.personal():
        line = next(line for line in said.output.splitlines() if f"(`{entry.table}`)" in line)
        assert all(column in line for column in {*entry.columns()} - entry.inner), entry.table


def test_the_draft_of_an_assessment_leaves_questions_to_the_operator(operate):
    said = operate(privacy, "record", "--impact").output
    assert said.count("- [ ] ") >= 4 and "Art. 35" in said


def test_production_does_not_open_before_the_operator_has_a_name_an_address_and_somebody_who_answers():
    missing = {problem.setting for problem in Config.from_env({"ENVIRONMENT": "production"}).problems()}
    assert {"OPERATOR_NAME", "OPERATOR_ADDRESS", "OPERATOR_EMAIL", "OPERATOR_RESPONSIBLE"} <= missing


def test_the_imprint_is_at_most_two_clicks_away_from_every_page(app, context, client):
    """Every page of the site, signed in and not, has the link itself."""
    sign_in(client, make_person(make_quarter()))
    for visitor in (client, app.test_client()):
        looked = 0
        for rule in app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.arguments or rule.rule.startswith(("/static", "/dev")):
                continue
            answer = visitor.get(rule.rule)
            if answer.mimetype == "text/html" and answer.status_code == 200 and "<main" in answer.text:
                assert 'href="/imprint"' in answer.text, rule.rule
                looked += 1
        assert looked >= 8


def test_every_mail_leads_to_a_page_and_every_page_to_the_imprint(app, context):
    """That its links lead to pages that exist says tests/guards/test_notices.py."""
    for key in Notice.registry:
        links = re.findall(r"https?://[^\s<>\"]+", service.preview(key, "de").text)
        assert "localhost" in {urlsplit(link).hostname for link in links}, key


def test_no_text_names_laws_that_are_gone():
    from tests.support import ROOT

    texts = [path for path in (ROOT / "neighbour").rglob("*") if path.suffix in (".py", ".html", ".txt", ".po", ".md")]
    old = [path for path in texts if re.search(r"\bTMG\b|\bTTDSG\b", path.read_text(encoding="utf-8"))]
    assert [path for path in old if "node_modules" not in path.parts] == []
