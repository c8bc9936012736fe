"""What people see who live on the board: reading, writing, their own affairs, and leaving a list."""

from __future__ import annotations

import re

from neighbour.core import postgres, roles
from neighbour.core.tokens import to_uid
from tests.journeys.looking import Walk, email_of, enter, wait_for_mail
from tests.support.up import Instance


def reader(walk: Walk) -> None:
    """Hannelore reads: the board, what is older, threads, the next issue."""
    walk.go("/board", "the board, new things", picture="board")
    walk.go(busiest_thread(walk.town), "a long thread", picture="thread")
    _answers(walk)
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
    for path in ("/quarters", "/quarters/weberviertel", "/find-my-quarter?q=Spulengasse 6"):
        walk.go(path)


def _answers(walk: Walk) -> None:
    here = walk.visitor.path
    walk.send(f"{here}/answer", "a thread, empty reply", 422)
    walk.visitor.go(here)
    answering = walk.page.locator(".comment__acts a").first.get_attribute("href")
    walk.go(str(answering), "a thread, replying to somebody")
    walk.send(f"{here}/answer", "a thread, replied", body="Danke, das hat geholfen.")


def writer(walk: Walk) -> None:
    """Hannelore writes, changes her mind, and takes it down."""
    walk.visitor.go("/write")
    text = "Sie sollte **bis zur Decke** reichen.\n\n- Holz oder Metall\n- bis Sonntag"
    walk.visitor.fill(title="Wer leiht mir eine Stehleiter?", body_md=text)
    walk.look("write", picture="write")
    walk.send("/write", "write, empty", 422, title="")
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
    walk.send(f"{here}/edit", "her own thread, changed", title="Wer leiht mir eine lange Stehleiter?")
    walk.go(f"{here}/history")
    for act, name in (("solve", "her own thread, solved"), ("withdraw", "the board, taken down")):
        walk.visitor.go(here)
        _opens_the_menu(walk)
        walk.send(f"{here}/{act}", name)
    walk.go(here, "her own thread, taken down")


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
        "/signup/address",
        "/me/access",
        "/me/data",
        "/me/leave",
    ):
        walk.go(path)
    elsewhere.page.context.close()
    walk.send("/me/password", "password, empty", 422)
    walk.send("/me/email", "new address, wrong password", 422, **{"e-email": "h@example.org", "e-current": "geraten"})
    walk.visitor.go("/me/appearance")
    walk.send("/me/appearance", "appearance, empty", 422, first_name="", last_name="")
    walk.visitor.go("/me/digest")
    walk.send("/me/digest", "digest, a pause that is over", 422, paused_until="2020-01-01")
    walk.visitor.go("/me/digest")
    walk.send("/me/digest", "digest, saved")
    walk.visitor.go("/me/mails")
    walk.send("/me/mails", "mails, saved")
    walk.visitor.go("/settings/address")
    walk.send("/settings/address", "her address, opened")
    walk.visitor.go("/me/data")
    walk.send("/me/data", "her data, asked for")
    walk.visitor.go("/me/leave")
    walk.send("/me/leave", "leaving, not the word", 422, word="vielleicht")


def beginner(walk: Walk) -> None:
    """Piotr, in a quarter where nobody has written yet."""
    walk.go("/board?own=1", "the board, nothing there")
    walk.go("/board?category=lost_found&own=1", "the board, nothing in this category")
    walk.go("/board", "the board, only what is next door")


def operator(walk: Walk) -> None:
    """Ursula, of the team, who also runs the instance."""
    for path in ("/board", "/me", "/digest/next", "/quarters/weberviertel", "/desk", "/desk/privacy"):
        walk.go(path)


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
