"""Every notice: both forms, both languages, a preview; list mail can be left."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from neighbour.core.columns import new_id
from neighbour.core.tokens import to_uid
from neighbour.notices import service
from neighbour.notices.base import Notice
from neighbour.notices.service import build, list_headers

pytestmark = pytest.mark.usefixtures("context")


def _all_notices() -> list[str]:
    """Their keys. A room's notices are known once its module is imported, which create_app() does; here it is too early."""
    import neighbour.accounts.dispute_notices
    import neighbour.accounts.notices
    import neighbour.contributions.alert_notices
    import neighbour.contributions.notices
    import neighbour.digests.notices
    import neighbour.events.notices
    import neighbour.initiatives.notices
    import neighbour.mydata.notices
    import neighbour.offers.notices
    import neighbour.residency.cases.notices
    import neighbour.residency.changing_notices
    import neighbour.residency.notices  # noqa: F401

    return sorted(Notice.registry)


NOTICES = _all_notices()


def test_the_application_knows_no_other_notices(app):
    assert sorted(Notice.registry) == NOTICES and len(NOTICES) >= 5


@pytest.mark.parametrize("key", NOTICES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_it_has_a_subject_a_text_and_html_with_the_same_links(session, key, language):
    written = service.preview(key, language)
    assert 3 < len(written.subject) <= 100 and "\n" not in written.subject
    for part in (written.text, written.html):
        assert "None" not in part and "{{" not in part and "{%" not in part and "@@" not in part and "%(" not in part
    in_text = {link.rstrip(".,)") for link in re.findall(r"https?://[^\s<>\"]+", written.text)}
    in_html = {link.replace("&amp;", "&") for link in re.findall(r'href="(https?://[^"]+)"', written.html)}
    assert in_text == in_html and in_text
    assert f'lang="{language}"' in written.html
    assert max(map(len, (line for line in written.text.splitlines() if "://" not in line))) <= 78


@pytest.mark.parametrize("key", NOTICES)
def test_its_links_lead_to_pages_that_exist(app, session, key):
    addresses = app.url_map.bind("localhost")
    written = service.preview(key, "de")
    links = re.findall(r"https?://[^\s<>\"]+", written.text + written.html)
    ours = {urlsplit(link.rstrip(".,)")).path for link in links if urlsplit(link).hostname != "www.w3.org"}
    for path in ours:
        sample = re.sub(r"/beispiel\b", "/" + to_uid(new_id()) if path.startswith("/c/") else "/" + "t" * 43, path)
        endpoint, _arguments = addresses.match(sample, method="GET")
        assert endpoint


@pytest.mark.parametrize("key", NOTICES)
def test_german_is_not_english(session, key):
    german, english = service.preview(key, "de"), service.preview(key, "en")
    assert german.subject != english.subject
    same = set(filter(None, map(str.strip, german.text.splitlines()))) & set(map(str.strip, english.text.splitlines()))
    # names, links, invented contributions and lines of signs may be the same
    assert [
        line
        for line in same
        if re.search(r"[a-z]{3} [a-z]{3,} [a-z]{2,} ", line) and not re.search("Schrank|Gurte", line)
    ] == []


@pytest.mark.parametrize("key", [key for key in NOTICES if Notice.registry[key].is_list])
def test_list_mail_names_its_list_and_how_to_leave(app, session, key):
    notice = Notice.registry[key]
    assert notice.list_name
    headers = list_headers(notice.list_name, "t" * 43, site="https://nachbar.example", host="nachbar.example")
    mail = build(service.preview(key, "de"), "a@b.example", "<1@x>", app.extensions["config"], headers)
    assert b"List-Unsubscribe: <https://nachbar.example/unsubscribe/" in mail
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert "/unsubscribe/" in service.preview(key, "de").text


UNCONFIRMED = {
    "accounts.already_here": "once a day to an address that has an account",
    "accounts.confirm": "asks for the confirmation; five an hour",
    "accounts.reset": "whoever lost the password before confirming; five an hour",
    "mydata.incident": "the operator writes it, and the law asks for it",
    "residency.missing_answered": "the operator's answer, in the middle of signing up",
}
FOLDED = {
    "accounts.factor_changed",
    "accounts.new_device",
    "accounts.password_changed",
    "accounts.protection_ended",
    "mydata.export_ready",
    "offers.changed",
    "offers.prolonged",
    "residency.moved",
}


def test_few_notices_go_to_addresses_that_nobody_has_confirmed_and_they_are_these():
    assert {key for key in NOTICES if Notice.registry[key].goes_unconfirmed} == set(UNCONFIRMED)


def test_what_somebody_signed_in_can_repeat_is_folded():
    assert {key for key in NOTICES if Notice.registry[key].folds} == FOLDED
    assert not FOLDED & set(UNCONFIRMED)
