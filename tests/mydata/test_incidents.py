"""After an incident: everybody whom it concerns gets exactly one mail, whatever they chose to get; the drill of Art. 34 GDPR."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest

from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import as_owner, atomic
from neighbour.core.sealed_files import Opened
from neighbour.mydata import erasing, exports, files, incidents
from neighbour.mydata.cli import privacy
from tests.factories import make_person, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock", "instance_dir")
ROUTE = "residency.show_address"
WORDS = ("--subject-de", "Deine Adresse war zu sehen", "--subject-en", "Your address could be seen")


@pytest.fixture
def texts(tmp_path):
    for language, text in (
        ("de", "Am 12. Mai war sie zu sehen.\n\nSchreib uns: 1 < 2."),
        ("en", "On 12 May.\n\nWrite to us."),
    ):
        (tmp_path / f"{language}.txt").write_text(text)
    return ("--text-de", tmp_path / "de.txt", "--text-en", tmp_path / "en.txt")


def concerned(person, minutes=0, route=ROUTE):
    clock.tick(minutes * 60)
    with as_owner(), atomic():
        audit.note(Event.ADDRESS_OPENED, subject=person.id, about="own page")
    return person


@pytest.fixture
def breach(owner, app):
    """A hundred people; thirty of them were affected by one route in one hour, among them each kind of mailbox there is."""
    quarter = make_quarter()
    people = [make_person(quarter, language="en" if number % 10 == 3 else "de") for number in range(100)]
    clock.tick(3600)
    begun = clock.now()
    for person in people[:30]:
        concerned(person, minutes=1)
    owner.execute("UPDATE security_event SET route = %s", [ROUTE])
    ended = clock.now()
    clock.tick(60)
    concerned(people[40])  # too late
    with as_owner(), atomic():
        audit.note(Event.SIGNED_IN, subject=people[41].id)
    owner.execute("UPDATE security_event SET at = %s WHERE subject_id = %s", [ended, people[41].id])  # another route
    clock.tick(86_400)
    return people, ("--from", begun.isoformat(), "--to", ended.isoformat(), "--route", ROUTE)


def received(mailbox):
    return sorted(address for mail in mailbox.messages() for address in mail.recipients)


def test_the_drill(breach, texts, owner, operate, jobs, mailbox):
    """Lists off, paused, bounced, suspended, leaving: all of them are told, each once, also if the command is given again,
    also when the ledger of mails has forgotten; nobody else is."""
    people, span = breach
    opted_out, suspended, leaving, gone, bounced = people[:5]
    begin_lists(owner, opted_out)
    owner.execute("UPDATE subscription SET is_on = false")
    owner.execute("UPDATE person SET status = 'suspended', suspension_reason = 'x' WHERE id = %s", [suspended.id])
    from neighbour.core.crypto import keyed_hash

    owner.execute(
        "INSERT INTO suppression (address_hash, reason, since) VALUES (%s, 'bounce', %s)",
        [keyed_hash("suppression", bounced.email.lower()), clock.now()],
    )
    erasing.begin(leaving.id, keeps_texts=True)
    with scope.use(scope.NOBODY):
        erasing.run(erasing.begin(gone.id, keeps_texts=False, grace=timedelta()).id)
    jobs.run()
    mailbox.clear()
    said = operate(privacy, "tell", "2026-05-adressen", *span, *WORDS, *texts, "--yes")
    assert said.exit_code == 0, said.output
    assert "29 people get this mail" in said.output and "1 have been deleted since" in said.output
    jobs.run()
    wanted = sorted(person.email for person in people[:30] if person is not gone)
    assert received(mailbox) == wanted  # recall 100 %, nobody else, nobody twice
    by_address = {mail.recipients[0]: mail for mail in mailbox.messages()}
    german, english = by_address[opted_out.email], by_address[people[13].email]
    assert "1 < 2" in german.text and "Art. 34 DSGVO" in " ".join(german.text.split())
    assert "Art. 34 GDPR" in " ".join(english.text.split())
    assert english.message["Subject"] == "Your address could be seen" and "List-Unsubscribe" not in english.message
    for days in (0, 40):
        clock.tick(days * 86_400)
        owner.execute("DELETE FROM delivery")
        again = operate(privacy, "tell", "2026-05-adressen", *span, *WORDS, *texts, "--yes")
        assert "0 people get this mail" in again.output and "29 were told before" in again.output
        jobs.run()
        assert received(mailbox) == wanted
    noted = owner.execute(
        "SELECT subject_id FROM security_event WHERE kind = 'incident.told' AND object = '2026-05-adressen'"
    )
    assert {row[0] for row in noted.fetchall()} == {person.id for person in people[:30]} - {gone.id}
    found = operate(privacy, "affected", *span)
    assert len(found.stdout.splitlines()) == 30  # telling them is not what they were affected by


def begin_lists(owner, person):
    owner.execute(
        "INSERT INTO subscription (person_id, quarter_id, list, token, is_on) SELECT %s, id, 'digest', 'tok', true FROM quarter",
        [person.id],
    )


def test_it_is_shown_first_and_not_sent_without_a_yes(breach, texts, owner, operate, jobs, monkeypatch):
    _people, span = breach
    said = operate(privacy, "tell", "adressen", *span, *WORDS, *texts)  # nothing typed
    assert said.exit_code != 0
    for shown in ("Deine Adresse war zu sehen", "On 12 May.", "1 < 2", "30 people get this mail"):
        assert shown in said.output
    assert owner.execute("SELECT count(*) FROM incident_told").fetchone() == (0,) and jobs.sent == []


def test_a_list_may_say_whom(breach, texts, tmp_path, owner, operate, jobs, mailbox):
    """What ``affected`` prints is one, and one made by hand."""
    people, span = breach
    printed = operate(privacy, "affected", *span).stdout
    (tmp_path / "list").write_text(printed + "(deleted since)\t1\thome.opened\n")
    said = operate(privacy, "tell", "adressen", "--list", tmp_path / "list", *WORDS, *texts, "--yes")
    assert "30 people get this mail" in said.output, said.output
    (tmp_path / "more").write_text(f"{people[50].email.upper()}\n{people[0].email}\n\n")
    said = operate(privacy, "tell", "adressen", "--list", tmp_path / "more", *WORDS, *texts, "--yes")
    assert "1 people get this mail" in said.output and "1 were told before" in said.output
    jobs.run()
    assert received(mailbox) == sorted(person.email for person in [*people[:30], people[50]])
    (tmp_path / "more").write_text("niemand@example.org\n")
    said = operate(privacy, "tell", "adressen", "--list", tmp_path / "more", *WORDS, *texts, "--yes")
    assert said.exit_code != 0 and "niemand@example.org" in said.output


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ((), "say whom"),
        (("--from", "2026-05-12T10:00"), "say whom"),
        (("--from", "2026-05-12", "--to", "2026-05-13", "--subject-en", " "), "missing: en"),
        (("--from", "2026-05-12", "--to", "2026-05-13", "--subject-de", "x" * 151), "150 characters"),
    ],
)
def test_what_cannot_be_sent_is_refused(operate, texts, owner, more, complaint):
    said = operate(privacy, "tell", "adressen", *WORDS, *texts, "--yes", *more)
    assert said.exit_code != 0 and complaint in said.output
    assert owner.execute("SELECT count(*) FROM incident").fetchone() == (0,)


def test_one_name_is_one_incident_with_one_text(texts, owner, operate):
    ada = make_person(make_quarter())
    with as_owner():
        words = incidents.clean({"de": "Ä", "en": "A"}, {"de": "a", "en": "b"})
        assert incidents.tell("eins", words, [ada.id]) == 1
        with pytest.raises(ValueError, match="in other words"):
            incidents.tell("eins", incidents.clean({"de": "Ö", "en": "A"}, {"de": "a", "en": "b"}), [ada.id])
        with pytest.raises(ValueError, match="is called by"):
            incidents.tell("Groß Ä", words, [ada.id])
        assert incidents.tell("zwei", words, [ada.id]) == 1
    assert owner.execute("SELECT count(*) FROM delivery WHERE notice = 'mydata.incident'").fetchone() == (2,)


def test_whoever_signed_up_with_anothers_address_and_whoever_is_gone_cause_no_mail(owner, jobs, mailbox):
    decoy = make_person(email="ada@altenbrueck.example", email_key="decoy:0123", confirmed_at=None)
    ada = make_person(make_quarter())
    words = incidents.clean({"de": "Ä", "en": "A"}, {"de": "a", "en": "b"})
    with as_owner():
        assert incidents.audience("eins", [decoy.id, ada.id, 4711]) == incidents.Audience((ada.id,), 0, 2)
        assert incidents.tell("eins", words, [decoy.id, ada.id, 4711]) == 1
    owner.execute("DELETE FROM incident_told")  # the mail waits, and its person is erased meanwhile
    jobs.run()
    assert mailbox.messages() == []


def test_it_stands_in_the_archive_of_the_person_and_of_nobody_else(client, app, jobs, raw):
    quarter = make_quarter()
    ada, ben = make_person(quarter), make_person(quarter)
    words = incidents.clean({"de": "Panne", "en": "Glitch"}, {"de": "Das war so: Kanarienvogel.", "en": "b"})
    with as_owner():
        incidents.tell("eins", words, [ada.id])
    for person, is_hers in ((ada, True), (ben, False)):
        with scope.use(scope.Viewer(person.id)):
            wish = exports.ask(person.id)
            exports.build(wish.id)
            name = exports.newest(person.id).file
        with Opened(files.path_of(name), name) as opened, zipfile.ZipFile(io.BytesIO(opened.read())) as archived:
            for part in ("data/security.json", "index.html"):
                text = archived.read(part).decode()
                assert ("Kanarienvogel" in text and "Panne" in text) is is_hers, part
    with raw() as connection:
        connection.execute("SELECT set_config('app.person', %s, true)", [str(ben.id)])
        assert connection.execute("SELECT count(*) FROM incident_told").fetchone() == (0,)
        with pytest.raises(Exception, match="permission denied"):
            connection.execute("SELECT 1 FROM incident")
    sign_in(client, ada)
    assert client.get("/me/data").status_code == 200
