"""Every route is declared: who may open it, how often, how long it may be kept, whether it takes a CSRF token."""

from __future__ import annotations

import json
import re

from neighbour.core.limits import RATES
from neighbour.core.tokens import to_uid
from neighbour.policy import Permission
from neighbour.policy.gate import CACHE_CLASSES
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in
from tests.guards.routes import HOW, KEPT, table

#: uploads; everything else stays below MAX_CONTENT_LENGTH
TAKE_LARGE_BODIES = {
    "events.look_at_list",
    "residency.hand_in_document", "contributions.publish", "contributions.revise",
    "contributions.compose_photos", "contributions.edit_photos",
}  # fmt: skip
# RFC 8058: a mail program has no cookie and no token, the address is the right. Choosing language or colours works for
# visitors without a session; the browser's word on where a request comes from (Sec-Fetch-Site) is enough for that.
WITHOUT_CSRF = {
    "notices.one_click", "pages.language", "pages.theme", "gazetteer.find_my_quarter", "gazetteer.streets",
}  # fmt: skip


def kept_routes():
    return json.loads(KEPT.read_text(encoding="utf-8"))


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_route_has_a_permission_a_rate_class_and_a_cache_class(app):
    undeclared = []
    for rule in rules(app):
        gate = getattr(app.view_functions[rule.endpoint], "gate", None)
        known = (
            gate
            and isinstance(gate["permission"], Permission)
            and gate["rate"] in RATES
            and gate["cache"] in CACHE_CLASSES
        )
        if not known:
            undeclared.append(f"{rule.endpoint} {rule.rule}")
    assert undeclared == []


def test_everything_declared_of_every_page_is_what_was_kept(app):
    """Permission, whose it is, CSRF, rate, cache and fields of every endpoint × method; ``shows`` is compared by the attacks."""
    there = {key: {k: v for k, v in line.items() if k != "shows"} for key, line in kept_routes().items()}
    now = table(app)
    assert sorted(set(now) - set(there)) == [], f"undeclared pages; {HOW}"
    assert sorted(set(there) - set(now)) == [], f"pages that are gone; {HOW}"
    assert {key: line for key, line in now.items() if there[key] != line} == {}, f"not what was kept; {HOW}"


def test_only_pages_of_the_public_are_kept_and_every_other_is_not_stored(app, client):
    kept = {rule.endpoint for rule in rules(app) if app.view_functions[rule.endpoint].gate["cache"] == "public"}
    for endpoint in kept:
        gate = app.view_functions[endpoint].gate
        assert gate["permission"] is Permission.PUBLIC_READ, endpoint
    for rule in rules(app):
        if "GET" in rule.methods and not rule.arguments and rule.endpoint not in kept:
            assert client.get(rule.rule).headers["Cache-Control"] == "no-store", rule.rule


def test_every_page_that_names_neighbours_is_counted():
    """What shows names (found by looking, see routes.json) has ``names=True`` on its view."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    shows = {key for key, line in kept.items() if "shown name" in line["shows"]["others"] and key.endswith(" GET")}
    assert {key for key in shows if not kept[key].get("names")} == set()
    assert shows


def test_what_is_sent_in_an_address_is_nothing_personal():
    """Addresses stand in histories and in logs of proxies: names, streets and mail addresses are sent in the body."""
    fields = {page: kept["fields"] for page, kept in kept_routes().items() if page.endswith(" GET")}
    assert [page for page, kinds in fields.items() if "personal" in kinds] == []
    assert sum(map(len, fields.values())) > 5


def test_only_the_named_routes_do_without_csrf(app):
    free = {rule.endpoint for rule in rules(app) if not app.view_functions[rule.endpoint].gate["csrf"]}
    assert free <= WITHOUT_CSRF, free
    assert not app.extensions["csrf"]._exempt_views and not app.extensions["csrf"]._exempt_blueprints


#: what takes whoever was signed in ten minutes ago to show once more that it is them; a new one of its kind belongs here
FRESH = {
    "accounts.my_password", "accounts.change_password", "accounts.my_email", "accounts.change_email",
    "accounts.new_passkey", "accounts.new_passkey_options", "accounts.add_passkey", "accounts.remove_passkey",
    "accounts.new_app", "accounts.add_app", "accounts.remove_app",
    "accounts.recovery_codes", "accounts.make_recovery_codes",
    "residency.address", "residency.choose_address", "residency.show_address", "residency.move", "residency.move_away",
    "residency.document_page",
    "mydata.ask", "mydata.fetch", "mydata.leaving", "mydata.leave",
    "accounts.appearance", "accounts.set_appearance", "accounts.my_appearance", "accounts.save_my_appearance",  # of whoever is protected
    "accounts.protection", "accounts.protect",
}  # fmt: skip


def test_password_address_factors_and_home_are_for_who_has_just_shown_who_they_are(app):
    """Each of them, and the page a form stands on too: so nobody types into a form that will be refused."""
    marked = {rule.endpoint for rule in rules(app) if app.view_functions[rule.endpoint].gate["fresh"]}
    assert marked == FRESH


def test_only_the_named_routes_take_large_requests_and_from_nobody_who_is_not_signed_in(app, client):
    large = {rule.endpoint for rule in rules(app) if app.view_functions[rule.endpoint].gate["body"]}
    assert large == TAKE_LARGE_BODIES
    for endpoint in large:
        path = next(rule.rule for rule in rules(app) if rule.endpoint == endpoint and "POST" in rule.methods)
        there = re.sub(r"<uid:[^>]+>", "a" * 26, path)
        assert client.post(there, data={"a": "x" * (2 << 20)}).status_code == 413, path


def test_addresses_are_in_kebab_case_and_carry_no_numbers_of_rows(app):
    for rule in rules(app):
        fixed = re.sub(r"<[^>]+>", "", rule.rule)
        assert re.fullmatch(r"[a-z0-9/.\-]*", fixed), rule.rule
        assert "<int:" not in rule.rule, f"a row's number leaves the server: {rule.rule}"


def test_unsafe_requests_without_a_token_are_refused_everywhere(app, client):
    for rule in rules(app):
        if "POST" not in rule.methods or rule.endpoint in WITHOUT_CSRF:
            continue
        path = re.sub(r"<uid:[^>]+>", "a" * 26, rule.rule)
        path = re.sub(r"<[^>]+>", "x", path)
        assert client.post(path, csrf=False).status_code == 403, rule.rule


def test_headers_of_every_page_forbid_what_pages_do_not_need(app, client):
    for rule in rules(app):
        if "GET" not in rule.methods or rule.arguments:
            continue
        response = client.get(rule.rule)
        policy = response.headers["Content-Security-Policy"]
        # A mail shown in a frame keeps its inline styles; the frame is sandboxed and loads nothing.
        assert "unsafe" not in policy or (
            "sandbox" in policy and "script-src" not in policy and "default-src 'none'" in policy
        ), rule.rule
        assert "object-src 'none'" in policy or "default-src 'none'" in policy, rule.rule
        assert response.headers["X-Content-Type-Options"] == "nosniff", rule.rule
        assert response.headers.get("Referrer-Policy") in ("same-origin", "no-referrer"), rule.rule
        assert response.status_code < 500, rule.rule
        assert "Access-Control-Allow-Origin" not in response.headers, rule.rule


#: statements a warm page may ask, whoever looks; two more for a first look (what is kept is made)
MOST_QUERIES = 10


def test_no_page_asks_many_questions_however_much_it_shows(app, context, client, count_queries):
    here = make_quarter("Weberviertel", households=1200)
    for _number in range(3):
        make_quarter(beside=here)
    me = make_person(here)
    post = make_post(me, here)
    for _number in range(25):
        author = make_person(here)
        make_comment(author, here, make_post(author, here))
        make_comment(author, here, post)
    sign_in(client, me)
    sample = {
        "contribution_id": to_uid(post.id),
        "slug": here.slug,
        "token": "t" * 43,
        "code": "7K2M9QXD",
        "path": "README.md",
    }
    asked = {}
    for rule in rules(app):
        if "GET" not in rule.methods:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: sample.get(part[1], "x"), rule.rule)
        client.get(path)
        with count_queries() as queries:
            client.get(path)
        asked[rule.endpoint] = len(queries)
    assert {endpoint: count for endpoint, count in asked.items() if count > MOST_QUERIES} == {}
    assert asked["feed.board"] <= 2
