"""What silence has decided about an account can be turned round for thirty days, and then everything is as it was before."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from neighbour.accounts import (
    care,
    dispute_deciding,
    disputes,
    email_changes,
    factors,
    onetime,
    service,
    taking_back,
    totp,
)
from neighbour.accounts.cli import person as command
from neighbour.accounts.models import FactorAside, Passkey
from neighbour.cli_keys import keys
from neighbour.core import clock, crypto, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.i18n import full_date
from neighbour.mydata import archive, erasing
from neighbour.mydata.models import Erasure
from tests.accounts.dispute_helpers import DAY, HERS, HOUR, NEW, moves, passes, stays_silent
from tests.accounts.factor_helpers import (
    GOOD,
    THIEF,
    add_passkey,
    change,
    digits,
    email_now,
    is_in,
    link_of,
    make_member,
    options,
    type_password,
    with_app,
    with_codes,
)
from tests.accounts.signing_helpers import sign_up
from tests.accounts.test_no_dead_ends import named
from tests.factories import sign_in
from tests.support.authenticator import Device
from tests.support.meeting import at_once, meet

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
FIRST = base64.b64encode(bytes(range(1, 33))).decode()
SECOND = "2:" + base64.b64encode(bytes(range(33, 65))).decode()
ASIDE = "SELECT count(*) FROM factor_aside"


@pytest.fixture
def lost(client, visitor, newcomer, mailbox, jobs, frozen_clock):
    """An account without a factor that silence gave to the older mailbox; gives the browser that is in it now."""
    return stays_silent(moves(client, newcomer, mailbox, jobs), newcomer, visitor, mailbox, jobs, frozen_clock)


@pytest.fixture
def hers(client, newcomer, mailbox, jobs):
    """She has another address since, and then made a passkey, an app and codes: (link in the old mailbox, device, seed, codes)."""
    link, device = moves(client, newcomer, mailbox, jobs), Device()
    add_passkey(client, device)
    given = link, device, with_app(newcomer), with_codes(newcomer)
    jobs.run()
    return given


def turns(operate, reason="letter", email=HERS):
    """The operator turns it round at the command line."""
    return operate(command, "decide", email, "--for", "new", "--reason", reason)


def test_the_archive_of_who_has_it_back_names_neither_the_other_mailbox_nor_its_ways_in(
    visitor, newcomer, hers, mailbox, jobs, frozen_clock
):
    stays_silent(hers[0], newcomer, visitor, mailbox, jobs, frozen_clock)
    target = io.BytesIO()
    with scope.use(scope.Viewer(newcomer.id)):
        archive.write(target, newcomer.id, "de", lambda _step: None)
    with zipfile.ZipFile(target) as papers:
        found = {
            word: [name for name in papers.namelist() if word in papers.read(name)]
            for word in (HERS.encode(), b"factor_aside", b"Handy")
        }
    assert found == {HERS.encode(): [], b"factor_aside": [], b"Handy": []}


def test_for_thirty_days_the_operator_turns_round_what_silence_decided(
    lost, visitor, newcomer, mailbox, jobs, frozen_clock, operate
):
    add_passkey(lost)
    jobs.run()
    change(lost, mailbox, jobs, THIEF)
    assert "silence" in operate(command, "disputes").output
    frozen_clock.tick(2 * DAY)
    assert turns(operate).exit_code == 0
    jobs.run()
    assert not is_in(lost) and email_now(newcomer) == HERS and not factors.has_any(newcomer.id)
    owner = visitor()
    assert owner.post(link_of(mailbox, "reset", HERS), data={"password": GOOD + " neu"}).status_code == 303
    assert type_password(owner, HERS, GOOD + " neu").status_code == 303 and is_in(owner)
    for kind, to in (("undo-email", newcomer.email), ("undo-factor", newcomer.email)):
        assert visitor().post(link_of(mailbox, kind, to)).status_code == 410, "nothing of theirs works any more"
    assert operate(command, "decide", HERS, "--for", "old").exit_code != 0, "once"


@pytest.mark.parametrize("when", ["after a month", "once confirmed", "with a new quarrel"])
def test_the_operator_turns_nothing_round(lost, visitor, newcomer, mailbox, jobs, frozen_clock, operate, when):
    said = "nobody quarrels"
    if when == "after a month":
        frozen_clock.tick(30 * DAY)
    elif when == "once confirmed":
        assert operate(command, "decide", HERS, "--for", "old").exit_code == 0
    else:
        change(lost, mailbox, jobs, THIEF)
        visitor().post(link_of(mailbox, "undo-email", newcomer.email))
        said = "a new quarrel"
    answer = turns(operate)
    assert answer.exit_code != 0 and said in answer.stderr
    assert email_now(newcomer) != HERS


def test_nothing_is_turned_round_without_a_reason_that_both_are_told(lost, newcomer, mailbox, jobs, operate, owner):
    answer = operate(command, "decide", HERS, "--for", "new")
    assert answer.exit_code != 0 and "say why" in answer.stderr and email_now(newcomer) != HERS
    assert turns(operate, "because").exit_code != 0
    assert turns(operate, "paper").exit_code == 0
    jobs.run()
    told = {m.recipients[0]: " ".join(m.text.split()) for m in mailbox.messages() if "umgedreht" in m.text}
    assert set(told) == {HERS, newcomer.email}
    assert all("kam mit einem Ausweis auf Namen und Anschrift" in text for text in told.values())
    assert "/reset/" in told[HERS] and "/reset/" not in told[newcomer.email]
    assert HERS not in told[newcomer.email] and newcomer.email not in told[HERS]
    noted = owner.execute(
        "SELECT actor_id, subject_id, object, result FROM security_event WHERE kind = 'account.dispute_decided'"
    ).fetchall()
    assert noted == [(None, newcomer.id, "paper", "new")]


# The ways to sign in ----------------------------------------------------------------------------------------------------


def test_what_silence_took_off_works_again_and_what_came_between_is_gone(
    visitor, newcomer, hers, mailbox, jobs, frozen_clock, operate, owner
):
    link, device, seed, codes = hers
    ex = stays_silent(link, newcomer, visitor, mailbox, jobs, frozen_clock)
    assert not factors.has_any(newcomer.id) and owner.execute(ASIDE).fetchone() == (12,)
    his = Device()
    add_passkey(ex, his)
    his_seed, his_codes = with_app(newcomer), with_codes(newcomer)
    frozen_clock.tick(DAY)
    jobs.run()
    assert turns(operate).exit_code == 0
    jobs.run()
    assert owner.execute(ASIDE).fetchone() == (0,)
    browser = visitor()
    assert browser.post(link_of(mailbox, "reset", HERS), data={"password": NEW + " neu"}).status_code == 303
    for shown in ({"code": digits(his_seed)}, {"code": his_codes[0]}):
        assert type_password(browser, HERS, NEW + " neu").location == "/signin/second"
        assert browser.post("/signin/second", data=shown).status_code == 422
    assert signs_in(visitor(), his) == 422 and signs_in(visitor(), device) == 303
    for shown in (lambda: digits(seed), lambda: codes[0]):
        frozen_clock.tick(HOUR)
        mine = visitor()
        assert type_password(mine, HERS, NEW + " neu").location == "/signin/second"
        assert mine.post("/signin/second", data={"code": shown()}).status_code == 303 and is_in(mine)
    (told,) = [" ".join(m.text.split()) for m in mailbox.messages() if "wieder dir" in m.message["Subject"]]
    assert "gelten wie vorher" in told
    noted = owner.execute("SELECT subject_id FROM security_event WHERE kind = 'factor.given_back'").fetchall()
    assert noted == [(newcomer.id,)]


def signs_in(browser, device):
    """With a passkey and nothing else."""
    signed = device.sign(options(browser, "/signin/passkey/options"))
    return browser.post("/signin/passkey", data={"k-answer": signed}).status_code


def test_put_aside_they_open_nothing_and_nobody_may_read_them(
    visitor, newcomer, hers, mailbox, jobs, frozen_clock, owner
):
    link, device, seed, codes = hers
    ex = stays_silent(link, newcomer, visitor, mailbox, jobs, frozen_clock)
    assert signs_in(visitor(), device) == 422
    add_passkey(ex)
    for shown in ({"code": digits(seed)}, {"code": codes[0]}):
        browser = visitor()
        assert type_password(browser, newcomer.email, NEW).location == "/signin/second"
        assert browser.post("/signin/second", data=shown).status_code == 422
    for viewer in (scope.NOBODY, scope.Viewer(newcomer.id)):
        with scope.use(viewer):
            assert db.session.scalars(select(FactorAside)).all() == []
    with pytest.raises(ProgrammingError, match="permission denied"), scope.use(scope.Viewer(newcomer.id)), atomic():
        db.session.add(
            FactorAside(
                dispute_id=1, person_id=newcomer.id, aside_at=clock.now(), code_hash=b"x", created_at=clock.now()
            )
        )
        db.session.flush()
    assert owner.execute(ASIDE).fetchone() == (12,)


def test_a_factor_from_before_that_the_operator_took_off_for_the_wrong_one_comes_back_too(
    client, visitor, newcomer, mailbox, jobs, frozen_clock, operate
):
    """It was there before the address was changed, so silence left it; then the wrong one said that the phone was lost."""
    seed = with_app(newcomer)
    frozen_clock.tick(HOUR)
    visitor().post(moves(client, newcomer, mailbox, jobs))
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 1 and factors.has_any(newcomer.id)
    operate(command, "reset-factors", newcomer.email)
    frozen_clock.tick(3 * DAY + 60)
    with scope.use(scope.NOBODY):
        assert care.due_resets() == 1
    assert not factors.has_any(newcomer.id)
    assert turns(operate).exit_code == 0
    with factors.eyes_of(newcomer.id), atomic():
        assert factors.accept_code(newcomer.id, digits(seed)) is not None


def test_what_the_wrong_one_asked_the_operator_to_take_off_stays(
    client, visitor, newcomer, mailbox, jobs, frozen_clock, operate
):
    with_app(newcomer)
    frozen_clock.tick(HOUR)
    visitor().post(moves(client, newcomer, mailbox, jobs))
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 1
    assert operate(command, "reset-factors", newcomer.email).exit_code == 0
    assert turns(operate).exit_code == 0
    frozen_clock.tick(3 * DAY + 60)
    with scope.use(scope.NOBODY):
        assert care.due_resets() == 0
    assert factors.has_any(newcomer.id)


def test_a_code_that_was_used_since_does_not_work_again(
    client, visitor, newcomer, mailbox, jobs, frozen_clock, operate
):
    with_app(newcomer)
    codes = with_codes(newcomer)
    frozen_clock.tick(HOUR)
    visitor().post(moves(client, newcomer, mailbox, jobs))
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 1
    with factors.eyes_of(newcomer.id), atomic():
        assert factors.accept_code(newcomer.id, codes[0]) is not None
    assert turns(operate).exit_code == 0
    with factors.eyes_of(newcomer.id), atomic():
        assert factors.accept_code(newcomer.id, codes[0]) is None
        assert factors.accept_code(newcomer.id, codes[1]) is not None


def test_nobody_makes_a_passkey_that_lies_aside_their_own(visitor, newcomer, hers, mailbox, jobs, frozen_clock):
    link, device, *_rest = hers
    ex = stays_silent(link, newcomer, visitor, mailbox, jobs, frozen_clock)
    thief = make_member(THIEF)
    browser = visitor()
    sign_in(browser, thief)
    for each in (ex, browser):
        made = device.create(options(each, "/me/passkeys/options"))
        assert each.post("/me/passkeys/new", data={"name": "Handy", "answer": made}).status_code == 422
    with as_owner():
        assert db.session.scalars(select(Passkey)).all() == []


def test_what_lies_aside_goes_when_the_operator_says_that_silence_was_right(
    visitor, newcomer, hers, mailbox, jobs, frozen_clock, operate, owner
):
    stays_silent(hers[0], newcomer, visitor, mailbox, jobs, frozen_clock)
    assert owner.execute(ASIDE).fetchone() == (12,)
    assert operate(command, "decide", newcomer.email, "--for", "old").exit_code == 0
    assert owner.execute(ASIDE).fetchone() == (0,)


def test_a_new_key_seals_every_app_that_lies_aside_anew_and_none_over_another(
    lost, newcomer, app, monkeypatch, operate, owner
):
    """Two apps of one account, as after two quarrels that silence decided."""
    ((quarrel,),) = owner.execute("SELECT id FROM dispute").fetchall()
    monkeypatch.setitem(app.config, "ADDRESS_KEY", FIRST)
    seeds = []
    for _quarrel in range(2):
        seeds.append(with_app(newcomer))
        owner.execute("SELECT put_factors_aside(%s, now())", [quarrel])
    monkeypatch.setitem(app.config, "ADDRESS_KEY", SECOND)
    monkeypatch.setitem(app.config, "ADDRESS_KEY_OLD", FIRST)
    assert "factor_aside.sealed: 2 sealed anew" in operate(keys, "rotate").output
    sealed = owner.execute("SELECT sealed FROM factor_aside WHERE sealed IS NOT NULL ORDER BY id").fetchall()
    assert [crypto.open_for("totp", each, totp._whose(newcomer.id)).decode() for (each,) in sealed] == seeds
    assert {each[0] for (each,) in sealed} == {2}


def test_of_two_that_silence_decided_one_can_be_turned_round_and_that_ends_the_other(
    lost, visitor, newcomer, mailbox, jobs, frozen_clock, operate
):
    """Whoever has it from silence lets silence decide once more: that does not keep the owner from getting it back."""
    change(lost, mailbox, jobs, THIEF)
    visitor().post(link_of(mailbox, "undo-email", newcomer.email))
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 1
    with scope.use(scope.NOBODY):
        assert [row.new_email for row in dispute_deciding.silent()] == [THIEF, HERS]
    assert turns(operate).exit_code == 0
    assert email_now(newcomer) == HERS
    assert turns(operate, email=THIEF).exit_code != 0
    with scope.use(scope.NOBODY):
        assert dispute_deciding.silent() == []


def test_of_two_operators_at_once_one_turns_it_round(monkeypatch, lost, app, newcomer, jobs, mailbox):
    with scope.use(scope.NOBODY):
        number = dispute_deciding.of_email(HERS)
    meet(monkeypatch, dispute_deciding, "hold")

    def decide():
        with app.app_context(), scope.use(scope.NOBODY):
            return dispute_deciding.decide(number, disputes.NEW, reason="letter").state

    found = at_once(decide, decide)
    assert sorted(getattr(each, "why", each) for each in found) == ["new", "over"]
    jobs.run()
    assert len([m for m in mailbox.messages() if "umgedreht" in m.text]) == 2, "one to each mailbox"


def signs_up(browser):
    """Somebody signs up with her address up to the step that promises the mail."""
    sign_up(browser, HERS, "zwölf fremde Wörter")
    assert named(browser).status_code == 303


# Nobody bars it -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked_on", [0, 13, 29])
def test_whoever_has_it_by_silence_cannot_let_it_go_before_the_thirty_days(
    lost, newcomer, mailbox, jobs, frozen_clock, operate, asked_on
):
    """Out of sight at once; gone when silence can be turned round no more, thirty days after the wish at the latest."""
    ended = clock.now()
    frozen_clock.tick(asked_on * DAY)
    if asked_on:
        sign_in(lost, newcomer)
    left = max(14, 30 - asked_on)
    assert f"{left} Tage lang" in lost.get("/me/leave").get_data(as_text=True)
    gone = lost.post("/me/leave", data={"texts": "all", "word": "löschen"})
    assert f"In {left} Tagen sind deine Daten" in lost.get(gone.location).get_data(as_text=True)
    jobs.run()
    with scope.use(scope.Viewer(newcomer.id)):
        erasure = db.session.scalars(select(Erasure)).one()
    assert erasure.due_at == max(ended + timedelta(days=30), clock.now() + timedelta(days=14))
    assert full_date(erasure.due_at) in " ".join(mailbox.messages()[-1].text.split())
    frozen_clock.tick((ended + timedelta(days=30) - clock.now()).total_seconds() - 1)
    with scope.use(scope.NOBODY):
        assert not erasing.run(erasure.id)
    assert turns(operate).exit_code == 0
    assert email_now(newcomer) == HERS


def test_whoever_goes_at_another_time_is_told_the_usual_days(visitor):
    for typed, days in (("", 14), ("?days=3", 14), ("?days=99", 30), ("?days=x", 14)):
        assert f"In {days} Tagen" in visitor().get(f"/goodbye{typed}").get_data(as_text=True)


def test_the_newer_address_is_nobody_elses_while_it_can_be_turned_round(
    lost, visitor, newcomer, mailbox, jobs, frozen_clock, operate
):
    """He signs up with it, and she asks for a new password there: neither makes an account that would bar the way back."""
    mailbox.clear()
    signs_up(visitor())
    jobs.run()
    frozen_clock.tick(DAY)
    visitor().post("/forgot", data={"email": HERS})
    jobs.run()
    told = [mail.text for mail in mailbox.messages() if list(mail.recipients) == [HERS]]
    assert len(told) == 1 and "gehört aber noch zu einem Konto" in " ".join(told[0].split())
    assert "/reset/" not in told[0]
    with scope.use(scope.NOBODY), pytest.raises(onetime.Refused, match="taken"):
        service.create(HERS, GOOD, name="Ines Neu", language="de", memory_kib=8)
    assert turns(operate).exit_code == 0 and email_now(newcomer) == HERS


def test_after_that_it_is_free_again(lost, visitor, mailbox, jobs, frozen_clock):
    frozen_clock.tick(30 * DAY)
    mailbox.clear()
    signs_up(visitor())
    jobs.run()
    assert link_of(mailbox, "signup/confirm", HERS)


@pytest.mark.usefixtures("lost")
def test_the_newer_mailbox_itself_takes_nothing_back_meanwhile(newcomer):
    """That is for the operator to say."""
    with scope.use(scope.NOBODY):
        assert not taking_back.is_mailbox_of(newcomer.id, HERS)
        assert email_changes.owner_of(HERS) is not None
