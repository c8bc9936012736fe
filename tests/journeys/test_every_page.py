"""Every page that a person can meet, in the demo city, in German and English, on the phone and at a desk, light and dark.

A scene is somebody on their way. Each page is examined by axe and must not scroll sideways, say anything on the
console, or ask somebody else's server. A new page that no scene comes to fails: see ``PAGES``.
"""

from __future__ import annotations

import pytest

from tests.journeys import scenes_desk as at_desk
from tests.journeys import scenes_events as events
from tests.journeys import scenes_inside as inside
from tests.journeys import scenes_map as on_map
from tests.journeys import scenes_market as at_market
from tests.journeys import scenes_outside as outside
from tests.journeys import scenes_posts as posts
from tests.journeys import scenes_search as searching
from tests.journeys.looking import enter, site_map

SCENES = {
    "a visitor": (outside.visitor, ""),
    "somebody who stumbles": (outside.stumbler, ""),
    "a newcomer": (outside.newcomer, ""),
    "waiting for the card": (outside.waiting, "mira"),
    "a forgotten password": (outside.forgetful, ""),
    "reading": (inside.reader, "hannelore"),
    "writing": (inside.writer, "hannelore"),
    "hosting": (events.host, "hannelore"),
    "the market": (at_market.market, "hannelore"),
    "the map": (on_map.around, "hannelore"),
    "polls and plans": (posts.polls_and_plans, "katrin"),
    "answers and the week": (posts.for_me, "hannelore"),
    "the search": (searching.search, "hannelore"),
    "one's own affairs": (inside.herself, "hannelore"),
    "a second step": (inside.second_step, "oliver"),
    "a quarter that changes": (inside.changing, "hannelore"),
    "a quarter at its beginning": (inside.beginner, "piotr"),
    "the team and operator": (inside.operator, "ursula"),
    "proving by paper and in person": (at_desk.prover, "mira"),
    "a refusal": (at_desk.refused, "gordon"),
    "the verification desk": (at_desk.desk, "ursula"),
    "an initiative's editor": (at_desk.editor, "liselotte"),
    "leaving the digest": (inside.leaving, {"de": "bernd", "en": "grace"}),
    "leaving for good": (inside.goodbye, inside.PEOPLE_WHO_LEAVE),
}

# Which scene looks at which page; the scene has to come to all of them.
PAGES = {
    "pages.start": "a visitor",
    "pages.rules": "a visitor",
    "pages.privacy": "a visitor",
    "pages.imprint": "a visitor",
    "quarters.index": "a visitor",
    "quarters.show": "a visitor",
    "gazetteer.find_my_quarter": "a visitor",
    "accounts.sign_in": "a visitor",
    "accounts.forgot": "a visitor",
    "accounts.sign_up": "a visitor",
    "residency.not_me": "a visitor",
    "residency.genuine": "a visitor",
    "residency.address": "a newcomer",
    "residency.missing": "a newcomer",
    "accounts.appearance": "a newcomer",
    "accounts.confirm": "a newcomer",
    "accounts.confirm_link": "a newcomer",
    "residency.waiting": "waiting for the card",
    "residency.enter_code": "waiting for the card",
    "residency.code_from_link": "waiting for the card",
    "residency.own_address": "waiting for the card",
    "events.index": "hosting",
    "events.month": "hosting",
    "events.one_date": "hosting",
    "events.calendars_of_mine": "hosting",
    "events.import_list": "an initiative's editor",
    "events.asks_to_call_off": "hosting",
    "accounts.reset": "a forgotten password",
    "mailbox.index": "a forgotten password",
    "mailbox.show": "a forgotten password",
    "feed.board": "reading",
    "contributions.show": "reading",
    "contributions.edit_comment": "reading",
    "contributions.comment_history": "reading",
    "contributions.photo_page": "reading",
    "contributions.kept": "reading",
    "contributions.silence": "reading",
    "contributions.threads": "reading",
    "digests.next_issue": "reading",
    "offers.market": "the market",
    "offers.asks_to_decline": "the market",
    "offers.asks_to_pass_on": "the market",
    "offers.asks_to_step_back": "the market",
    "map.show": "the map",
    "search.show": "the search",
    "search.saved_list": "the search",
    "feed.answers": "answers and the week",
    "contributions.compose": "writing",
    "contributions.edit": "writing",
    "contributions.history": "writing",
    "residency.invitations_own": "one's own affairs",
    "residency.invitation": "one's own affairs",
    "residency.word": "one's own affairs",
    "residency.still_here": "one's own affairs",
    "accounts.me": "one's own affairs",
    "accounts.my_appearance": "one's own affairs",
    "accounts.access": "one's own affairs",
    "accounts.my_password": "one's own affairs",
    "accounts.my_email": "one's own affairs",
    "accounts.again": "one's own affairs",
    "accounts.new_passkey": "a second step",
    "accounts.new_app": "a second step",
    "accounts.recovery_codes": "a second step",
    "accounts.second_step": "a second step",
    "accounts.undo_email": "a second step",
    "accounts.dispute": "a second step",
    "accounts.undo_factor": "a second step",
    "accounts.stop_reset": "a second step",
    "accounts.protection": "one's own affairs",
    "digests.settings": "one's own affairs",
    "notices.mails": "one's own affairs",
    "notices.unsubscribe": "leaving the digest",
    "stewardship.desk": "the team and operator",
    "privacy_desk.nights": "the team and operator",
    "mydata.data": "leaving for good",
    "mydata.leaving": "leaving for good",
    "mydata.goodbye": "leaving for good",
    "mydata.returning": "leaving for good",
    "mydata.staying": "leaving for good",
    "quarters.planned": "the team and operator",
    "residency.move": "one's own affairs",
    "residency.quarter": "a quarter that changes",
    "contributions.left": "a quarter that changes",
    "residency.document": "proving by paper and in person",
    "residency.in_person": "proving by paper and in person",
    "residency.decision": "a refusal",
    "residency.proof_cases": "the verification desk",
    "residency.proof_case": "the verification desk",
    "residency.crowded_house": "the verification desk",
    "residency.missing_addresses": "the verification desk",
    "residency.address_looks": "the verification desk",
    "accounts.dispute_desk": "the verification desk",
    "accounts.dispute_at_desk": "the verification desk",
    "accounts.silence_at_desk": "the verification desk",
    "initiatives.desk": "the verification desk",
    "initiatives.desk_one": "the verification desk",
    "initiatives.show": "an initiative's editor",
    "initiatives.edit": "an initiative's editor",
    "initiatives.desk_of": "an initiative's editor",
    "initiatives.visit_from_link": "an initiative's editor",
    "residency.alarms_desk": "the team and operator",
    "residency.letters_desk": "the team and operator",
    "residency.flyers_desk": "the team and operator",
    "residency.flyer": "the team and operator",
}

# What answers a GET and is not a page one looks at.
NOT_PAGES = {
    "health.live": "for whoever watches the instance",
    "health.ready": "for whoever watches the instance",
    "pages.source": "the source of what is running, as an archive",
    "quarters.layer": "the outlines, as GeoJSON",
    "map.markers": "the markers, as GeoJSON",
    "events.download": "a calendar",
    "events.feed": "a calendar",
    "accounts.sign_up_next": "leads on to the step that comes next",
    "notices.one_click_opened": "leads on to the page with the button",
    "contributions.photo": "a picture inside its page",
    "contributions.photo_progress": "how far an upload is",
    "residency.document_page": "a picture inside its page",
    "residency.case_page": "a picture inside its page",
    "contributions.reach_line": "one line of the composer while choosing",
    "contributions.reach_line_of": "the same while changing something",
    "events.preview": "the dates to come in the composer while typing",
    "mydata.progress": "a piece of the page of one's data, while it is put together",
    "mydata.file": "somebody's archive",
    "digests.next_mail": "the mail in the frame of its page; looked at by itself",
    "mailbox.html": "the mail in the frame of its page; looked at by itself",
    "residency.invitation_slip": "slips to print, as PDF",
    "residency.flyer_sheet": "flyers to print, as PDF",
    "mailbox.raw": "the mail as it came, plain text",
}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "wholly"),
    [
        pytest.param("de", False, id="de"),
        pytest.param("de", True, id="wholly", marks=pytest.mark.thorough),
        pytest.param("en", False, id="en", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.parametrize("scene", SCENES)
def test_every_page_can_be_seen_read_and_used(altenbrueck, chromium, scene, language, wholly):
    goes, person = SCENES[scene]
    walk = enter(chromium, altenbrueck, language, person[language] if isinstance(person, dict) else person)
    walk.wholly = wholly
    goes(walk)
    walk.page.context.close()
    assert walk.wrong + walk.watch.seen == []
    assert {page for page, by in PAGES.items() if by == scene} - walk.endpoints == set()


def test_every_address_that_answers_is_visited_or_no_page_for_a_reason():
    rules = site_map().url_map.iter_rules()
    answering = {rule.endpoint for rule in rules if "GET" in (rule.methods or ()) and rule.endpoint != "static"}
    assert answering - PAGES.keys() - NOT_PAGES.keys() == set(), "let a scene look at it, and name the scene in PAGES"
    assert (PAGES.keys() | NOT_PAGES.keys()) - answering == set()
    assert set(PAGES.values()) <= SCENES.keys()


@pytest.mark.browser
def test_a_page_that_is_broken_is_noticed(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck)
    pale, wide = "color: #aaa; background: #fff", "width: 2000px"
    tight = "width: 4em; overflow: hidden"
    page = f'<h2 style="{pale}">Hello</h2><p style="{wide}"><input></p><p style="{tight}">Haustürschlüssel</p>'
    walk.look_at(f'<html lang="en">{page}</html>', "broken")
    walk.page.evaluate("console.error('oh'); fetch('http://127.0.0.1:9/elsewhere').catch(() => {})")
    walk.page.wait_for_timeout(100)
    walk.page.context.close()
    found = "\n".join(walk.wrong + walk.watch.seen)
    for trouble in (
        "color-contrast",
        "> 1280",
        "large text: p. 20",
        "hides „Haustürschlüssel“",
        "0 first headings",
        "speaks 'en'",
        "no title",
        "label",
        "oh",
        "elsewhere",
    ):
        assert trouble in found, trouble
