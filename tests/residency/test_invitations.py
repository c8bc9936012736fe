"""Neighbours' invitations: who may invite whom, what a code opens, and how a word is taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.core import clock, limits, scope
from neighbour.core.db import atomic, db
from neighbour.policy import Identity, Level, Permission
from neighbour.policy.identity import Seat
from neighbour.policy.table import allows
from neighbour.residency import codes, grading, guessing, invitations, letters, printing
from neighbour.residency.invitations import NoInvitation, Reason
from neighbour.residency.proofs.method import Outcome
from tests.residency.breaking import breaks_at_each_point
from tests.residency.helpers import Town, crowd, invited, level_of, looked_at, newcomer, proven, types

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400
INVENTED = "N234567890A"  # readable, and nobody's


def why_not(town: Town, person: int) -> Reason | None:
    with town.as_person(person):
        return invitations.why_not(person, grading.current_membership(person))


def shown(town: Town, person: int) -> invitations.Shown:
    """The newest invitation on the inviter's page."""
    seat = town.seat(person)
    eyes = scope.Viewer(person, (seat.quarter_id,) if seat and seat.level is not Level.UNPROVEN else ())
    with town.app.app_context(), scope.use(eyes):
        return invitations.of_person(person)[0]


def mails(owner, kind: str) -> list[int]:
    """To whom mails of this kind are promised."""
    query = "SELECT person_id FROM delivery WHERE notice = %s ORDER BY person_id"
    return [row[0] for row in owner.execute(query, [f"residency.{kind}"])]


def test_one_invitation_opens_the_board_and_one_of_another_household_opens_everything_once_somebody_looked(
    town: Town, owner
):
    anna, bert, carla = proven(town, "anna", "1"), proven(town, "bert", "2"), newcomer(town, "carla", "3")
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED
    assert types(town, carla, invited(town, bert)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED
    assert looked_at(town, carla) is Level.VERIFIED
    use = shown(town, anna).uses[0]
    assert (use.name, use.is_taken_back, use.can_be_taken_back) == ("Carla", False, True)
    assert mails(owner, "invitation_used") == [anna, bert]


def test_two_invitations_of_one_household_are_one_word(town: Town):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    for _again in range(2):
        assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED


@pytest.mark.parametrize("seat", [Level.VOUCHED, Level.UNPROVEN])
def test_the_vouched_do_not_publish_vote_or_invite(seat: Level):
    somebody = Identity(person_id=1, is_confirmed=True, signup_step="done", seats=(Seat(1, seat),))
    closed = (Permission.CONTRIBUTION_PUBLISH, Permission.CONTRIBUTION_PUBLISH_CITY, Permission.INVITATION_MAKE)
    assert [each for each in closed if allows(somebody, each)] == []


def test_only_the_verified_invite_and_no_more_than_two_at_a_time(town: Town):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    assert why_not(town, carla) is Reason.NOT_VERIFIED
    invited(town, anna)
    invited(town, anna)
    with town.as_person(anna), pytest.raises(NoInvitation) as no:
        invitations.make(anna)
    assert no.value.reason is Reason.TWO_LIVE
    with town.as_person(anna):
        assert invitations.end(shown(town, anna).public_id)
        assert invitations.why_not(anna, grading.current_membership(anna)) is None


def test_clicks_at_once_make_no_third_invitation(town: Town, owner):
    anna = proven(town, "anna", "1")

    def make(_click: int) -> str:
        try:
            return invited(town, anna)
        except NoInvitation:
            return ""

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(8)))
    assert len(set(filter(None, made))) == 2
    assert owner.execute("SELECT count(*) FROM invitation").fetchone() == (2,)


def test_a_word_goes_two_steps_and_no_farther(town: Town):
    """Anna (a card) → Carla (two words of people with cards) → Emil (two words of people like Carla), who invites nobody."""
    cards = [proven(town, name, number) for name, number in (("anna", "1"), ("bert", "2"))]
    middle = [newcomer(town, name, number) for name, number in (("carla", "3"), ("dora", "4"))]
    for person in middle:
        for neighbour in cards:
            assert types(town, person, invited(town, neighbour)) is Outcome.PROVEN
        with town.as_person(cards[0]):
            invitations.end(shown(town, cards[0]).public_id)
            invitations.end(shown(town, cards[1]).public_id)
        assert (looked_at(town, person), why_not(town, person)) == (Level.VERIFIED, None)
        with town.as_person(cards[1]):
            invitations.end(shown(town, cards[1]).public_id)
    emil = newcomer(town, "emil", "5")
    for neighbour in middle:
        assert types(town, emil, invited(town, neighbour)) is Outcome.PROVEN
    assert (looked_at(town, emil), why_not(town, emil)) == (Level.VERIFIED, Reason.TOO_FAR)


def test_ten_people_in_thirty_days(town: Town, frozen_clock, monkeypatch):
    monkeypatch.setattr(grading, "_looks", [])  # so many in one house would wait for a look
    anna = proven(town, "anna", "1")
    people = crowd(town, 12, "7")
    for half in (people[:5], people[5:10]):
        code = invited(town, anna)
        assert [types(town, person, code) for person in half] == [Outcome.PROVEN] * 5
    assert why_not(town, anna) is Reason.MONTH_FULL
    frozen_clock.tick(30 * DAY)
    assert types(town, people[10], invited(town, anna)) is Outcome.PROVEN


def test_a_code_of_another_quarter_is_a_wrong_code_to_the_letter(town: Town, client):
    anna, stranger = proven(town, "anna", "1"), newcomer(town, "zora", "9", quarter="ufer")
    real, invented = invited(town, anna), INVENTED
    with town.as_person(stranger):
        assert invitations.redeem(stranger, real, "net") == invitations.redeem(stranger, invented, "net")
    assert level_of(town, stranger) is Level.UNPROVEN
    assert shown(town, anna).left == 5


def test_it_ends_after_fourteen_days_and_when_it_is_ended(town: Town, frozen_clock):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    old = invited(town, anna)
    frozen_clock.tick(14 * DAY)
    assert types(town, carla, old) is Outcome.OVER
    ended = invited(town, anna)
    with town.as_person(anna):
        assert invitations.end(shown(town, anna).public_id)
    assert types(town, carla, ended) is Outcome.OVER
    assert level_of(town, carla) is Level.UNPROVEN


def test_it_ends_with_the_inviters_own_proof(town: Town, owner):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    code = invited(town, anna)
    town.settle(anna, town.address("11", quarter="ufer"), "Anna Kowalczyk")
    assert types(town, carla, code) is Outcome.OVER


def test_nobody_ends_or_sees_what_is_not_theirs(town: Town):
    anna, bert = proven(town, "anna", "1"), proven(town, "bert", "2")
    invited(town, anna)
    name = shown(town, anna).public_id
    with town.as_person(bert):
        assert not invitations.end(name)
        assert invitations.one_of_person(bert, name) is None
        assert not invitations.take_back(bert, "a" * 12)
    assert shown(town, anna).is_live


def test_a_word_taken_back_closes_the_board_at_once_and_names_nobody(town: Town, owner, jobs, mailbox):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    code = invited(town, anna)
    types(town, carla, code)
    with town.as_person(anna):
        assert invitations.take_back(anna, shown(town, anna).uses[0].public_id)
        assert not invitations.take_back(anna, shown(town, anna).uses[0].public_id)
    assert level_of(town, carla) is Level.UNPROVEN
    assert types(town, carla, code) is Outcome.OVER, "the same word is not given twice"
    jobs.run()
    (told,) = [mail for mail in mailbox.messages() if "gilt nicht mehr" in mail.text]
    assert list(told.recipients) == ["carla@example.org"] and "Anna" not in told.text + told.html


def test_a_word_taken_back_leaves_what_others_said(town: Town):
    anna, bert, carla = proven(town, "anna", "1"), proven(town, "bert", "2"), newcomer(town, "carla", "3")
    for neighbour in (anna, bert):
        types(town, carla, invited(town, neighbour))
    assert looked_at(town, carla) is Level.VERIFIED
    with town.as_person(anna):
        assert invitations.take_back(anna, shown(town, anna).uses[0].public_id)
    assert level_of(town, carla) is Level.VOUCHED


def test_a_word_stands_after_fourteen_days(town: Town, frozen_clock):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    types(town, carla, invited(town, anna))
    frozen_clock.tick(14 * DAY)
    with town.as_person(anna):
        assert not invitations.take_back(anna, shown(town, anna).uses[0].public_id)
    assert level_of(town, carla) is Level.VOUCHED


def test_wrong_codes_count_per_account_and_per_network(town: Town):
    anna = proven(town, "anna", "1")
    people, real = crowd(town, 8, "7"), invited(town, anna)
    wrong = INVENTED
    tries = [types(town, people[0], wrong, "net one") for _try in range(11)]
    assert tries == [Outcome.WRONG] * 10 + [Outcome.LOCKED]
    assert types(town, people[0], real, "net one") is Outcome.LOCKED, "the right one, too late"
    for person in people[1:4]:
        assert [types(town, person, wrong, "net one") for _try in range(9)] == [Outcome.WRONG] * 9
    left = [types(town, people[4], wrong, "net one") for _try in range(5)]
    assert left[-1] is Outcome.LOCKED, "forty tries of one network"
    assert types(town, people[5], real, "net two") is Outcome.PROVEN


def test_a_full_network_costs_the_account_nothing(town: Town):
    """Forty wrong codes of a hostel; ten times somebody there types a right one."""
    anna = proven(town, "anna", "1")
    *others, last = crowd(town, 6, "7")
    for person in others:
        for _try in range(8):
            types(town, person, INVENTED, "hostel")
    code = invited(town, anna)
    assert {types(town, last, code, "hostel") for _try in range(11)} == {Outcome.LOCKED}
    assert types(town, last, code, "at home") is Outcome.PROVEN


def test_a_right_code_costs_no_try(town: Town):
    anna = proven(town, "anna", "1")
    (person,) = crowd(town, 1, "7")
    code = invited(town, anna)
    assert [types(town, person, code) for _again in range(15)] == [Outcome.PROVEN] + [Outcome.USED] * 14


def test_guessing_is_hopeless():
    """Ten thousand accounts that guess for thirty days in a quarter with two thousand live codes."""
    guesses = 10_000 * guessing.PER_ACCOUNT.times
    assert guessing.PER_ACCOUNT.seconds >= 30 * DAY
    chance = guesses * 2_000 / len(codes.ALPHABET) ** (codes.MARKED_LENGTH - 1)
    print(f"invitation or flyer guessed by 10,000 accounts in 30 days: {chance:.1e}")
    assert chance <= 1e-6


def test_guessing_a_cards_code_is_hopeless():
    """The same crowd at cards: five tries a letter, one letter an account in thirty days, three codes on it at most."""
    chance = 10_000 * letters.TRIES * printing.MOST_PRINTS / len(codes.ALPHABET) ** codes.LETTER_CODE_LENGTH
    print(f"a card's code guessed by 10,000 accounts in 30 days: {chance:.1e}")
    assert chance <= 1e-6
    assert letters.LIFE.days <= 30 and limits.Rate(20, 30 * DAY) == letters.TRIES_OF_HOUSE


def test_a_code_that_is_posted_publicly_lets_five_in_and_alarms_within_the_minute(
    town: Town, owner, jobs, mailbox, raw, context
):
    anna = proven(town, "anna", "1")
    team = proven(town, "stefan", "4")
    operator = town.person("olga", is_operator=True)
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [team])
    code = invited(town, anna)
    people = crowd(town, 500, "7")
    answers = [types(town, person, code, str(person)) for person in people[:20]]
    assert answers == [Outcome.PROVEN] * 5 + [Outcome.FULL] * 15
    with raw() as connection:  # the rest without the ceremony around the statement that decides
        for person in people[20:]:
            connection.execute("SELECT set_config('app.person', %s, false)", [str(person)])
            used = connection.execute(
                "SELECT outcome FROM use_invitation(%s, %s, 10)", [codes.marked_fingerprint(code), clock.now()]
            )
            assert used.fetchone() == ("full",)
    assert owner.execute("SELECT count(*) FROM membership WHERE level = 'vouched'").fetchone() == (5,)
    assert mails(owner, "invitation_alarmed") == [anna, anna], "the burst, and the full code tried on"
    assert mails(owner, "code_alarmed") == sorted([team, team, operator, operator])
    alarmed = [
        mail for mail in (jobs.run(), mailbox.messages())[1] if "auffällig" in mail.text + str(mail.message["Subject"])
    ]
    assert {to for mail in alarmed for to in mail.recipients} >= {"anna@example.org"}
    assert all(code not in mail.text and codes.show(code) not in mail.text for mail in mailbox.messages())


@pytest.mark.parametrize("repeat", [0, *(pytest.param(number, marks=pytest.mark.thorough) for number in range(1, 30))])
def test_the_last_use_is_given_once_however_many_ask_at_once(town: Town, owner, repeat: int):
    """200 at once for the last use of one code."""
    anna = proven(town, "anna", "1")
    code = invited(town, anna)
    people = crowd(town, 204, "7")
    for person in people[:4]:
        types(town, person, code, str(person))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda person: types(town, person, code, str(person)), people[4:]))
    assert answers.count(Outcome.PROVEN) == 1 and answers.count(Outcome.FULL) == 199
    assert owner.execute("SELECT uses FROM invitation").fetchone() == (5,)
    assert owner.execute("SELECT count(*) FROM proof WHERE method = 'invitation'").fetchone() == (5,)


def test_neither_code_nor_link_is_in_the_database(town: Town, owner):
    anna = proven(town, "anna", "1")
    code = invited(town, anna)
    row = str(owner.execute("SELECT row_to_json(invitation)::text FROM invitation").fetchone())
    for form in (code, codes.show(code), code[1:], code.encode().hex()):
        assert form not in row
    assert shown(town, anna).code == codes.show(code), "and yet the slip can be printed again"


def test_nothing_half_done_is_left_when_anything_breaks(town: Town, owner, monkeypatch):
    """Raise at every flush and at the commit of a redemption: no use without its proof, no proof without its use."""
    anna, (carla,) = proven(town, "anna", "1"), crowd(town, 1, "7")
    code = invited(town, anna)

    def state() -> tuple:
        counts = "SELECT (SELECT sum(uses) FROM invitation), (SELECT count(*) FROM invitation_use), (SELECT count(*) FROM proof WHERE method = 'invitation'), (SELECT count(*) FROM membership WHERE level = 'vouched')"
        return owner.execute(counts).fetchone()

    def flow() -> None:
        owner.execute("TRUNCATE rate_count")  # tries are counted in a transaction of their own, before
        types(town, carla, code)

    points = breaks_at_each_point(monkeypatch, flow, state)
    assert points >= 3
    assert state() == (1, 1, 1, 1)


def test_nothing_half_done_is_left_when_taking_a_word_back_breaks(town: Town, owner, monkeypatch):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    types(town, carla, invited(town, anna))
    use = shown(town, anna).uses[0].public_id
    query = "SELECT (SELECT count(taken_back_at) FROM invitation_use), (SELECT count(ended_at) FROM proof), (SELECT level FROM membership WHERE person_id = %s)"

    def flow() -> None:
        with town.as_person(anna):
            invitations.take_back(anna, use)

    assert breaks_at_each_point(monkeypatch, flow, lambda: owner.execute(query, [carla]).fetchone()) >= 2
    assert owner.execute(query, [carla]).fetchone() == (1, 1, "unproven")


def test_the_wall_keeps_invitations_to_their_maker_and_the_desk(town: Town, owner, raw):
    anna, bert, team = proven(town, "anna", "1"), proven(town, "bert", "2"), proven(town, "stefan", "4")
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [team])
    types(town, newcomer(town, "carla", "3"), invited(town, anna))
    seen = {}
    for name, eyes in (("anna", anna), ("bert", bert), ("team", team), ("nobody", "")):
        with raw() as connection:
            connection.execute("SELECT set_config('app.person', %s, true)", [str(eyes)])
            seen[name] = tuple(
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("invitation", "invitation_use", "code_alarm", "flyer", "print_run")
            )
    assert seen == {
        "anna": (1, 1, 0, 0, 0),
        "bert": (0, 0, 0, 0, 0),
        "team": (1, 0, 0, 0, 0),
        "nobody": (0, 0, 0, 0, 0),
    }


def test_an_invitation_of_somebody_who_is_suspended_is_over(town: Town, owner):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    code = invited(town, anna)
    owner.execute("UPDATE person SET status = 'suspended' WHERE id = %s", [anna])
    assert types(town, carla, code) is Outcome.OVER


def test_who_has_left_leaves_the_use_used_and_cannot_be_told_from_who_moved(town: Town, owner):
    anna, carla, dora = proven(town, "anna", "1"), newcomer(town, "carla", "3"), newcomer(town, "dora", "4")
    types(town, carla, invited(town, anna))
    types(town, dora, code_of(town, anna))
    owner.execute("DELETE FROM person WHERE id = %s", [carla])
    town.settle(dora, town.address("9", quarter="ufer"))
    gone, moved = shown(town, anna).uses
    assert replace(gone, public_id=moved.public_id, used_at=moved.used_at, number=moved.number) == moved
    assert shown(town, anna).left == 3
    with town.as_person(anna):
        assert [invitations.take_back(anna, use.public_id) for use in (gone, moved)] == [True, True]
    gone, moved = shown(town, anna).uses
    assert replace(gone, public_id=moved.public_id, used_at=moved.used_at, number=moved.number) == moved


def test_the_inviter_reads_a_name_only_while_it_is_a_neighbours(town: Town, owner):
    """Whoever knows whom he invited would read off under which name she lives where."""
    anna, carla, dora = proven(town, "anna", "1"), newcomer(town, "carla", "3"), newcomer(town, "dora", "4")
    for guest in (carla, dora):
        types(town, guest, invited(town, anna) if guest == carla else code_of(town, anna))
    assert names(town, anna) == ["Carla", "Dora"]
    town.settle(carla, town.address("5"))
    assert names(town, anna) == ["Carla", "Dora"], "around the corner"
    town.settle(carla, town.address("9", quarter="ufer"))
    assert names(town, anna) == ["", "Dora"]
    for choose in (bears_another_name, is_protected):  # and which of the two it is cannot be told
        choose(town, dora)
        assert names(town, anna) == ["", ""]


def test_the_mail_of_a_followed_invitation_says_no_other_name_protected_or_not(town: Town, jobs, mailbox):
    """The inviter would know whose it is; and if only one of the two were named, who of them is protected."""
    anna, carla, dora = proven(town, "anna", "1"), newcomer(town, "carla", "3"), newcomer(town, "dora", "4")
    bears_another_name(town, carla)
    is_protected(town, dora)
    code = invited(town, anna)
    for guest in (carla, dora):
        types(town, guest, code)
    jobs.run()
    told = [mail for mail in mailbox.messages() if "anna@example.org" in mail.recipients and "Einladung" in mail.text]
    assert len(told) == 2 and {str(mail.message["Subject"])[:7] for mail in told} == {"Jemand "}
    assert "Lastenrad" not in "".join(mail.text + mail.html for mail in told)


def bears_another_name(town: Town, person: int) -> None:
    with town.as_person(person), atomic():
        mine = db.session.get_one(Person, person)
        chosen = choosing.chosen_by(mine)._replace(alias="Lastenrad")
        choosing.set_appearance(mine, first=mine.first_name, last=mine.last_name, chosen=chosen)


def is_protected(town: Town, person: int) -> None:
    with town.as_person(person), atomic():
        choosing.protect(db.session.get_one(Person, person), alias="Lastenrad")


def test_who_moves_inside_the_quarter_types_it_once_more(town: Town, frozen_clock):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    code = invited(town, anna)
    assert [types(town, carla, code) for _twice in range(2)] == [Outcome.PROVEN, Outcome.USED]
    town.settle(carla, town.address("4"), "Carla Neumann")
    assert level_of(town, carla) is Level.UNPROVEN
    assert [types(town, carla, code) for _twice in range(2)] == [Outcome.PROVEN, Outcome.USED]
    assert level_of(town, carla) is Level.VOUCHED and shown(town, anna).left == 4, "no further use"
    with town.as_person(carla):
        grading.end_proofs(carla)
    assert types(town, carla, code) is Outcome.OVER, "and what has ended is not begun anew"


def names(town: Town, inviter: int) -> list[str]:
    return [use.name for use in shown(town, inviter).uses]


def code_of(town: Town, inviter: int) -> str:
    """The code of the newest invitation."""
    with town.app.app_context():
        return invitations.code_of(shown(town, inviter).public_id)


def test_a_held_proof_opens_nothing_and_uses_up_the_invitation(town: Town, monkeypatch):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    monkeypatch.setattr(grading, "_looks", [lambda membership, proof: True])
    assert types(town, carla, invited(town, anna)) is Outcome.HELD
    assert level_of(town, carla) is Level.UNPROVEN and shown(town, anna).left == 4
    code = code_of(town, anna)
    assert types(town, carla, code) is Outcome.HELD, "typed again it still waits"
