"""What people see who live on the board: reading, writing, their own affairs, and leaving a list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import shapely

from neighbour.core import postgres, roles
from neighbour.core.tokens import hash_token, to_uid
from neighbour.demo.city import QUARTERS_FILE
from tests.journeys.looking import PASSWORD, Walk, email_of, enter, knock, wait_for_mail
from tests.support.photos import photo
from tests.support.up import Instance


def reader(walk: Walk) -> None:
    """Hannelore reads: the board, what is older, threads, the next issue."""
    walk.go("/board", "the board, new things", picture="board")
    walk.go(busiest_thread(walk.town), "a long thread", picture="thread")
    _answers(walk)
    _for_herself(walk)
    _photos(walk)
    for filters in ("?category=help_wanted", "?own=1", "?category=urgent&own=1"):
        walk.go("/board" + filters)
    walk.visitor.go("/board")
    older = walk.page.locator(".feed__more a").get_attribute("href")
    walk.go(str(older), "the board, older")
    walk.visitor.go("/board")
    if walk.page.locator("form[action='/board/read']").count():  # once in a town's life
        walk.send("/board/read", "the board, all read")
    walk.go("/digest/next", "the next issue")
    if walk.language == "de":  # her mails speak German whatever she reads here
        walk.look_at(issue(walk), "the next issue as a mail", picture="digest")
    walk.go("/c/" + "a" * 26, "a thread that is not there", status=404)
    for path in ("/quarters", "/quarters/weberviertel", "/find-my-quarter"):
        walk.go(path)
    walk.send("/find-my-quarter", "asked for a house", q="Spulengasse 6")


def _for_herself(walk: Walk) -> None:
    """She saves a thread, has enough of another kind and neighbour, and takes that back."""
    walk.go("/me/kept", "nothing saved")
    walk.go("/me/silence", "nothing silenced")
    here = busiest_thread(walk.town)
    for act, name in (("keep", "a thread, saved"), ("mute", "a thread, silent")):
        walk.visitor.go(here)
        _opens_the_menu(walk)
        walk.look(f"a thread, the menu before {act}")
        walk.send(f"{here}/{act}", name)
    walk.go("/me/kept", "saved")
    walk.go("/me/threads", "her threads")
    walk.go("/me/silence", "silenced", picture="silence")


def _photos(walk: Walk) -> None:
    """A slip with photos, one of them large over the page, and by itself."""
    query = "SELECT contribution_id, id FROM photo WHERE state = 'ready' AND alt LIKE 'Der zerlegte%'"
    with at_the_database(walk) as owner:
        walk.town.wait_until(lambda: owner.execute(query).fetchone(), 90)
        found = owner.execute(query).fetchone() or ()
    here = f"/c/{to_uid(found[0])}"
    walk.go(here, "a thread with photos", picture="photos")
    walk.page.locator("[data-lightbox] a").first.click()
    walk.look("a photo, large")
    walk.page.keyboard.press("Escape")
    walk.go(f"{here}/photo/{to_uid(found[1])}", "a photo by itself")


def _answers(walk: Walk) -> None:
    here = walk.visitor.path
    walk.send(f"{here}/answer", "a thread, empty reply", 422)
    walk.visitor.go(here)
    answering = walk.page.locator(".comment__acts a").first.get_attribute("href")
    walk.go(str(answering), "a thread, replying to somebody")
    walk.send(f"{here}/answer", "a thread, replied", body="Danke, das hat geholfen.")
    own = str(walk.page.locator(".comment__acts a[href$='/edit']").first.get_attribute("href"))
    walk.go(own, "an answer of one's own, to be changed", picture="answer-change")
    walk.send(own, "an answer, emptied", 422, body="")
    walk.send(own, "a thread with a changed answer", picture="answer-changed", body="Danke, das hat sehr geholfen.")
    walk.go(own.replace("/edit", "/history"), "what an answer said before", picture="answer-before")


def writer(walk: Walk) -> None:
    """Hannelore writes, changes her mind, and takes it down."""
    walk.visitor.go("/write")
    text = "Sie sollte **bis zur Decke** reichen.\n\n- Holz oder Metall\n- bis Sonntag"
    walk.visitor.fill(title="Wer leiht mir eine Stehleiter?", body_md=text)
    walk.look("write", picture="write")
    _has_the_title_in_sight(walk)
    walk.send("/write", "write, empty", 422, title="")
    sent = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": photo(colour)}
        for number, colour in enumerate(("teal", "gold"))
    ]
    walk.page.set_input_files("[name=photos]", sent)
    walk.page.locator("#photo-sheet [name^=alt-]").nth(1).wait_for()
    walk.look("write, with photos", picture="write-photos")
    walk.visitor.pick("category", "urgent")
    walk.visitor.pick("audience", "city")
    walk.send("/write", "write, urgent for the whole city", 422, title="Wasserrohrbruch in der Spulengasse")
    walk.visitor.pick("category", "question")
    walk.visitor.pick("audience", "quarter")
    walk.send("/write", "the board, pinned up", title="Wer leiht mir eine Stehleiter?")
    _opens_the_menu(walk)
    walk.look("the board, a menu open")
    with walk.page.expect_navigation():
        walk.page.get_by_role("link", name="Wer leiht mir eine Stehleiter?").first.click()
    here = walk.visitor.path
    walk.look("her own thread, no replies")
    walk.go(f"{here}/edit", "edit")
    walk.send(f"{here}/edit", "edit, empty", 422, title="")
    walk.page.locator("[name=stood]").evaluate(
        "field => { field.value = 'title:0' }"
    )  # as before another window's change
    walk.send(f"{here}/edit", "edit, older than another window", 422, picture="edit-older", title="Wer leiht?")
    walk.send(f"{here}/edit", "her own thread, changed", title="Wer leiht mir eine lange Stehleiter?")
    walk.go(f"{here}/history")
    for act, name in (("solve", "her own thread, solved"), ("withdraw", "the board, taken down")):
        walk.visitor.go(here)
        _opens_the_menu(walk)
        walk.send(f"{here}/{act}", name)
    walk.go(here, "her own thread, taken down")


def _has_the_title_in_sight(walk: Walk) -> None:
    """On a small phone and a larger one, and at a small desk: neither below the window nor below the foot of the form."""
    for width, height in ((360, 640), (360, 740), (412, 915), (1280, 720)):
        walk.page.set_viewport_size({"width": width, "height": height})
        walk.page.evaluate("scrollTo(0, 0)")
        title, foot = (walk.page.locator(part).bounding_box() for part in ("#title", ".composer__foot"))
        assert title and foot
        is_covered = foot["y"] < title["y"] + title["height"] < foot["y"] + foot["height"]
        if is_covered or title["y"] + title["height"] > height:
            walk.wrong.append(f"write, {width} × {height}: the title stands at {title}, the foot at {foot}")


def _opens_the_menu(walk: Walk) -> None:
    walk.page.locator("details.menu summary").first.click()


def herself(walk: Walk) -> None:
    """Hannelore's own affairs: name, address, digest, mails, password, devices."""
    elsewhere = enter(walk.page.context.browser, walk.town, person="hannelore")  # type: ignore[arg-type]
    for path in (
        "/me",
        "/me/appearance",
        "/me/mails",
        "/me/digest",
        "/settings/address",
        "/settings/quarter",
        "/me/left",
        "/me/access",
        "/me/data",
        "/me/leave",
    ):
        walk.go(path)
    elsewhere.page.context.close()
    for path in ("/me/password", "/me/email"):
        walk.go(path, picture=path.strip("/").replace("/", "-"))
        walk.send(path, f"{path}, empty", 422)
    with at_the_database(walk) as owner:
        owner.execute("UPDATE login_session SET fresh_at = NULL")
    walk.go("/me/email", "is it you?", picture="again")
    walk.send("/me/again", "is it you? nothing typed", 422)
    walk.send("/me/again", "is it you? yes", **{"again-password": PASSWORD})
    walk.visitor.go("/me/appearance")
    walk.page.locator("details.fold summary").click()
    walk.look("appearance, who sees how much", picture="appearance")
    walk.send("/me/appearance", "appearance, empty", 422, first_name="", last_name="")
    walk.go("/me/protection", "the protected profile", picture="protection")
    walk.send("/me/protection", "the protected profile, empty", 422, alias="")
    walk.visitor.go("/me/digest")
    walk.send("/me/digest", "digest, a pause that is over", 422, paused_until="2020-01-01")
    walk.visitor.go("/me/digest")
    walk.send("/me/digest", "digest, saved")
    walk.visitor.go("/me/mails")
    walk.send("/me/mails", "mails, saved")
    walk.go("/settings/address", "her address, asked whether she still lives here", picture="still-here-own")
    walk.send("/settings/address", "her address, opened")
    walk.visitor.go("/me/data")
    walk.send("/me/data", "her data, asked for")
    walk.visitor.go("/me/leave")
    walk.send("/me/leave", "leaving, not the word", 422, word="vielleicht")
    walk.go("/settings/address/move", "moving", picture="move")
    walk.send("/settings/address/move", "moving, empty", 422, street="", recipient="")
    _invites(walk)


def _invites(walk: Walk) -> None:
    """Her invitation that works, who came by it, and the question a mail of hers asks."""
    with at_the_database(walk) as owner:
        owner.execute(
            "INSERT INTO invitation_use (public_id, invitation_id, person_id, used_at) SELECT 'guest' || p.id, i.id, p.id, now()"
            " FROM invitation i JOIN membership m ON m.quarter_id = i.quarter_id AND m.ended_at IS NULL"
            " JOIN person p ON p.id = m.person_id WHERE m.level = 'vouched' ORDER BY i.id, p.id LIMIT 2 ON CONFLICT DO NOTHING"
        )
    walk.go("/me/invitations", picture="invitations")
    name, button = (
        walk.page.locator(".settings__row--act .settings__name").first,
        walk.page.locator(".settings__row .btn"),
    )
    walk.page.set_viewport_size({"width": 360, "height": 740})
    if (box := name.bounding_box()) is None or box["width"] < 200:
        walk.wrong.append(f"invitations, 360 px: the name has {box} beside its button")
    with walk.page.expect_navigation():
        button.first.click()
    walk.look("a word to take back", picture="word")
    walk.visitor.go("/me/invitations")
    with walk.page.expect_navigation():
        walk.page.locator("a[href^='/me/invitations/']:not([href*='/word/'])").first.click()
    walk.look("an invitation to hand on", picture="invitation")
    knock(walk.town)
    mail, link = wait_for_mail(walk.town, email_of("hannelore"), "/still-here/")
    if walk.language == "de":  # her mails speak German whatever she reads here
        walk.look_at(mail.html, "mail: do you still live here?", picture="mail-still-here")
    walk.go(link, "do you still live here?", picture="still-here")


def second_step(walk: Walk) -> None:
    """Oliver gives his account a second step and shows it; the links that take changes back, alive and dead."""
    walk.go("/me/passkeys/new", "new passkey", picture="new-passkey")
    with walk.page.expect_navigation():
        walk.page.evaluate("document.querySelector('form[action=\"/me/passkeys/new\"]').submit()")
    walk.look("new passkey, nothing made")
    walk.go("/me/app", "new app", picture="new-app")
    seed = pyotp.parse_uri(str(walk.page.locator("a[href^='otpauth:']").get_attribute("href")))
    walk.send("/me/app", "new app, wrong digits", 422, code="000000")
    walk.send("/me/app", "no codes yet", code=seed.now())  # type: ignore[union-attr]
    walk.send("/me/recovery-codes", "codes", picture="codes")
    with at_the_database(walk) as owner:
        owner.execute(
            "INSERT INTO calendar_feed (id, person_id, kind, token_hash, made_at) SELECT gen_random_uuid(), id, kind,"
            " uuid_send(gen_random_uuid()), now() FROM person, unnest(ARRAY['mine', 'quarter']) kind WHERE email = %s"
            " ON CONFLICT (person_id, kind) DO NOTHING",  # the walk in another language may have come by
            [email_of(walk.person)],
        )
    walk.go("/me/access", "a second step, and calendars that are followed", picture="access")
    walk.visitor.go("/me")
    walk.visitor.send("/signout")
    walk.visitor.go("/signin")
    walk.visitor.send("/signin", email=email_of(walk.person), password=PASSWORD)
    walk.look("second step", picture="second-step")
    walk.send("/signin/second", "second step, wrong", 422, code="000000")
    walk.visitor.go("/signin/second")
    walk.visitor.send("/signin/second", code=seed.at(datetime.now(UTC), counter_offset=1))  # type: ignore[union-attr]
    walk.visitor.go("/me/access")
    walk.send("/me/app/remove", "a second step less")
    _links_in_mails(walk)


def _links_in_mails(walk: Walk) -> None:
    whose = "(SELECT id FROM person WHERE email = %s)"
    token = f"{walk.language:x<43}"
    with at_the_database(walk) as owner:
        (left,) = owner.execute(
            "INSERT INTO email_change (person_id, old_email, old_key, changed_at, undo_until)"
            f" VALUES ({whose}, 'alt@example.org', 'alt@example.org', now(), now() + interval '1 day') RETURNING id",
            [email_of(walk.person)],
        ).fetchone()  # type: ignore[misc]
        for purpose in ("undo_email", "stop_reset"):
            owner.execute(
                "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at)"
                f" VALUES (%s, %s, {whose}, %s, 0, now(), now() + interval '1 day')",
                [hash_token(purpose + token), purpose, email_of(walk.person), str(left)],
            )
        owner.execute(
            "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at)"
            f" VALUES (%s, 'undo_factor', {whose}, to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SSOF:00') || ' ' || %s, 0, now(),"
            " now() + interval '1 day')",
            [hash_token("undo_factor" + token), email_of(walk.person), email_of(walk.person)],
        )
    walk.go(f"/undo-email/undo_email{token}", "take the address back", picture="undo-email")
    _two_mailboxes(walk, token)
    walk.go(f"/stop-reset/stop_reset{token}", "keep the second step", picture="stop-reset")
    walk.send(f"/stop-reset/stop_reset{token}", "kept")
    walk.go(f"/stop-reset/{token}", "a dead link to keep it")
    walk.go(f"/undo-email/{token}", "a dead link to take it back")
    walk.go(f"/undo-factor/undo_factor{token}", "take a factor back", picture="undo-factor")
    walk.go(f"/undo-factor/{token}", "a dead link to take a factor back", picture="undo-factor-dead")
    with at_the_database(walk) as owner:
        wish = "UPDATE person SET email_wish = 'neu@example.org', email_wished_at = now() WHERE email = %s"
        owner.execute(wish, [email_of(walk.person)])
    walk.go("/me/access", "a change of address that waits", picture="access-wish")
    walk.send("/me/email/give-up", "given up")


def _two_mailboxes(walk: Walk, token: str) -> None:
    """What either mailbox reads while they quarrel, and when it is over. Nothing is closed here: the rest of the walk goes on."""
    with at_the_database(walk) as owner:
        (row,) = owner.execute(
            "INSERT INTO dispute (person_id, change_id, old_email, new_email, since, begun_at, due_at, state)"
            " SELECT person_id, id, old_email, 'neu@example.org', now(), now(), now() + interval '1 day', 'waiting' FROM email_change"
            " WHERE person_id = (SELECT id FROM person WHERE email = %s) ORDER BY id DESC LIMIT 1 RETURNING id, change_id, person_id",
            [email_of(walk.person)],
        ).fetchall()  # type: ignore[misc]
        for side in (str(row[1]), "new"):
            owner.execute(
                "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at)"
                " VALUES (%s, 'dispute', %s, %s, 0, now(), now() + interval '1 day')",
                [hash_token(f"dispute{side == 'new'}{token}"), row[2], f"{row[0]} {side}"],
            )
    walk.go(f"/dispute/disputeFalse{token}", "the older mailbox", picture="dispute-old")
    walk.go(f"/dispute/disputeTrue{token}", "the newer mailbox", picture="dispute-new")
    with at_the_database(walk) as owner:
        owner.execute("UPDATE dispute SET state = 'objected', objected_at = now() WHERE id = %s", [row[0]])
    walk.go(f"/dispute/disputeTrue{token}", "the operator decides", picture="dispute-objected")
    with at_the_database(walk) as owner:
        owner.execute("DELETE FROM dispute WHERE id = %s", [row[0]])
    walk.go(f"/dispute/{token}", "a dead link of a quarrel")


def at_the_database(walk: Walk) -> Any:
    """The town's database as its owner, for what would take hours otherwise."""
    return roles.connect(postgres.address(walk.town.folder).owner_url, autocommit=True)


def beginner(walk: Walk) -> None:
    """Piotr, in a quarter where nobody has written yet."""
    walk.go("/board?own=1", "the board, nothing there")
    walk.go("/board?category=lost_found&own=1", "the board, nothing in this category")
    walk.go("/board", "the board, only what is next door")


def operator(walk: Walk) -> None:
    """Ursula, of the team, who also runs the instance."""
    with at_the_database(walk) as owner:
        owner.execute("UPDATE login_session SET strong_at = NULL")
    walk.go("/desk", "the desk without a second step", picture="factor-needed", status=403)
    with at_the_database(walk) as owner:
        owner.execute("UPDATE login_session SET strong_at = now(), active_at = now()")
    for path in ("/board", "/me", "/digest/next", "/quarters/weberviertel", "/desk", "/desk/quarters"):
        walk.go(path)
    walk.go("/desk/privacy", "what is deleted when", picture="nights")
    walk.go("/desk/alarms", "codes, nothing strange")
    walk.go("/desk/letters", "cards to print", picture="letters")
    walk.send("/desk/letters", "cards to print, asked for") if walk.page.locator("[name=paper]").count() else None
    walk.go("/desk/flyers", "flyers", picture="flyers")
    walk.send("/desk/flyers", "flyers, a street that is not there", 422, streets="Quellnymphensteig")
    walk.visitor.go("/desk/flyers")
    with walk.page.expect_navigation():
        walk.page.get_by_role("link", name="Garnweg").first.click()
    walk.look("a flyer", picture="flyer")


def changing(walk: Walk) -> None:
    """Hannelore's quarter is to be divided beside her house; and as if she had moved, she has left something behind."""
    with _planned(walk.town):
        walk.go("/settings/quarter", "a quarter that changes", picture="change")
        walk.send("/settings/quarter", "a quarter chosen")
        walk.go("/settings/address", "her address, before a change")
    _mark(walk.town, "true")
    try:
        walk.go("/me/left", "what she left behind", picture="left")
    finally:
        _mark(walk.town, "false")


def _mark(town: Instance, is_left: str) -> None:
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        for table in ("contribution", "comment"):
            hers = "author_id = (SELECT id FROM person WHERE email LIKE 'hannelore@%')"
            owner.execute(f"UPDATE {table} SET is_left = {is_left} WHERE {hers}")


@contextmanager
def _planned(town: Instance) -> Iterator[None]:
    """The Weberviertel is cut in two 25 m east of Hannelore's house, in three weeks; afterwards that is off."""
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        house = owner.execute("SELECT lon FROM address WHERE street = 'Spulengasse' AND number = '6'").fetchone()
    assert house is not None
    layer = json.loads(QUARTERS_FILE.read_text(encoding="utf-8"))
    (whole,) = (each for each in layer["features"] if each["properties"]["id"] == "AB-02")
    west = shapely.box(0, 0, house[0] + 0.00036, 90)
    ground = shapely.from_geojson(json.dumps(whole["geometry"]))
    east = {**whole["properties"], "id": "AB-13", "name": "Weberviertel Ost"}
    layer["features"].append({**whole, "properties": east, "geometry": _drawn(ground.difference(west))})
    whole["geometry"] = _drawn(ground.intersection(west))
    made = town.folder.parent / "divided.geojson"
    made.write_text(json.dumps(layer), encoding="utf-8")
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    named = ("--id-property", "id", "--name-property", "name", "--households-property", "households", "--repair")
    done = town.run("quarters", "plan", str(made), "--on", day, *named)
    assert done.returncode == 0, done.stderr
    try:
        yield
    finally:
        town.run("quarters", "cancel")


def _drawn(shape: Any) -> dict[str, Any]:
    return dict(json.loads(shapely.to_geojson(shape)))


def leaving(walk: Walk) -> None:
    """Looks at the issue and leaves the list by its link."""
    walk.visitor.go("/digest/next")
    mail = issue(walk)
    walk.look_at(mail, "an issue as a mail")
    link = re.search(r"/unsubscribe/[\w.~-]+", mail)
    assert link is not None
    walk.go(link.group(), "unsubscribe")
    walk.send(link.group(), "unsubscribed")
    walk.go("/digest/next", "the next issue, switched off")


def goodbye(walk: Walk) -> None:
    """Takes the data along, leaves, and comes back by the mail."""
    email = email_of(PEOPLE_WHO_LEAVE[walk.language])
    walk.go("/me/data", "one's data", picture="data")
    walk.send("/me/data", "one's data, asked for")
    walk.page.locator("form[action^='/me/data/']").wait_for(timeout=30_000)  # htmx asks until it is there
    walk.look("one's data, ready", picture="data-ready")
    walk.go("/me/leave", "leaving", picture="leave")
    walk.send("/me/leave", "leaving, the word is missing", 422)
    walk.send("/me/leave", "goodbye", word="löschen" if walk.language == "de" else "delete")
    mail, path = wait_for_mail(walk.town, email, "/back/")
    if walk.language == "de":  # his mails speak German whatever he reads here
        walk.look_at(mail.html, "a mail: goodbye")
    walk.go(path, "coming back", picture="back")
    walk.send(path, "sign-in, after coming back")
    walk.go(path, "coming back, too late", status=404)
    walk.go("/stay/beispiel", "staying")


PEOPLE_WHO_LEAVE = {"de": "dietmar", "en": "oliver"}


def issue(walk: Walk) -> str:
    """The next issue as the mail it would be; the frame it is shown in runs no script, so it cannot be examined there."""
    return walk.page.request.get(walk.visitor.site + "/digest/next/mail").text()


def busiest_thread(town: Instance) -> str:
    """The address of the thread with the most replies that can be read in the Weberviertel."""
    query = (
        "SELECT c.id FROM contribution c JOIN reach r ON r.contribution_id = c.id JOIN quarter q ON q.id = r.quarter_id"
        " WHERE q.key = 'AB-02' AND c.author_id <> (SELECT id FROM person WHERE email LIKE 'hannelore@%')"
        " ORDER BY c.comment_count DESC, c.id LIMIT 1"
    )
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        row = owner.execute(query).fetchone()
    assert row is not None
    return f"/c/{to_uid(row[0])}"
