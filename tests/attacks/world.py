"""A small town for attacks: somebody for every line of the rule book, and things that belong to them.

It is built once and put back after each request that changed something, so that thousands of requests meet the same town.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pyotp
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from neighbour.accounts import passwords
from neighbour.accounts.models import Person
from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience, Comment, Contribution
from neighbour.core import clock, roles, scope, tokens
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Subscription
from neighbour.notices.service import begin_lists
from neighbour.offers import queue
from neighbour.offers.models import Ask
from neighbour.policy import Identity
from neighbour.quarters.models import Quarter
from neighbour.residency import homes, letters
from neighbour.residency.gazetteer.loading import refresh_streets
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address, Membership
from tests.attacks import belongings, words
from tests.attacks.belongings import Thing
from tests.attacks.mapping import Page
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in, viewer_of
from tests.guards import matrix
from tests.offers.helpers import make_ask, make_offer, promise
from tests.support import counting
from tests.support.cluster import Databases

COUNTS = "rate_count"
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|MERGE)\b", re.IGNORECASE)
COUNTING = re.compile(rf'\s*(INSERT INTO|UPDATE|DELETE FROM) "?{COUNTS}\b', re.IGNORECASE)
SHORTEST_NAME = 8  # of a thing in an address, where it is no common word
HOUSES = 60  # in each of the two streets
NEVER_CHANGES = {"alembic_version", "city", "quarter", "adjacency", "address", "street"}
# Says of every committed change, whoever made it and by whatever statement or function, in which table it was.
TOUCHED = """
CREATE TABLE golden.touched (name text PRIMARY KEY);
CREATE FUNCTION golden.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN INSERT INTO golden.touched VALUES (TG_TABLE_NAME) ON CONFLICT DO NOTHING; RETURN NULL; END $$;
"""
TOUCH = "CREATE TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON public.{0} FOR EACH STATEMENT EXECUTE FUNCTION golden.touch()"


@dataclass
class World:
    """The town, its people by role, and how they ask for pages."""

    app: Flask
    databases: Databases
    people: dict[str, Person] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)
    posts: dict[str, Contribution] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)
    archives: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def hands(self) -> psycopg.Connection[Any]:
        """A connection that no rule binds, for putting the town back."""
        connection = roles.connect(self.databases.superuser_url, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        return connection

    # Building -------------------------------------------------------------------------------------------------------

    def build(self) -> World:
        """Everything and everybody; remembers it for ``restore``."""
        with self.app.app_context(), scope.use(scope.NOBODY):
            self.here = make_quarter("Weberviertel", households=1200)
            self.near = make_quarter("Mühlbogen", beside=self.here, households=1200)
            self.there = make_quarter("Am Ufer", households=1200)
            self._register()
            self._settle_everybody()
            self._pin_up()
            self._print_a_letter()
            self.ceremony = tokens.random_token()
            self.belongings = belongings.make(self)
        for role, person in self.people.items():
            self.browsers[role] = Browser.of(self.app, person)
        self.browsers["nobody"] = Browser.of(self.app, None)
        belongings.fetch(self)
        assert self.secrets  # made before the town is remembered
        return self

    @property
    def roles(self) -> list[str]:
        """Every column of the rule book, and the author of what is asked for."""
        return [*matrix.PEOPLE, "author"]

    def _register(self) -> None:
        """A street here with a house for everybody, and one in the other quarter."""
        with as_owner(), atomic():
            for street, quarter in (("Kanalweg", self.here), ("Uferweg", self.there)):
                for number in range(1, HOUSES + 1):
                    entry = Address(
                        street=street, street_key=street_key(street), number=str(number), suffix="", postcode="04873",
                        place="Altenbrück", quarter_id=quarter.id,
                    )  # fmt: skip
                    db.session.add(entry)
            refresh_streets()
            db.session.flush()
            entries = db.session.scalars(select(Address)).all()
            self.houses = {(entry.street, int(entry.number)): entry for entry in entries}

    def _settle_everybody(self) -> None:
        self.hashed = passwords.hash_password(words.PASSWORD, 64)
        like = {"author": "verified", "another": "verified", "far": "elsewh.", **belongings.EXTRAS}
        for role, identity in matrix.PEOPLE.items():
            self._settle(role, identity)
        for role, model in like.items():
            self._settle(role, belongings.ELSEWHERE if model == "elsewhere" else matrix.PEOPLE[model])
        with as_owner():
            tokens = db.session.execute(select(Subscription.person_id, Subscription.token).order_by(Subscription.id))
            by_person: dict[int, str] = {row.person_id: row.token for row in tokens}
        self.lists = {role: by_person[one.id] for role, one in self.people.items() if one.id in by_person}

    def _settle(self, role: str, identity: Identity) -> None:
        """Somebody like this, in a house of their own."""
        number = len(self.identities)
        self.identities[role] = identity
        if identity.is_anonymous:
            return
        home = identity.home
        quarter = self.quarter_of(home.quarter_id) if home else None
        person = make_person(
            quarter, name=f"Vorname{number}", password_hash=self.hashed, last_name=f"Zuname{number}", street_shown=None,
            display_name=f"Vorname{number} Z.", signup_step=identity.signup_step, is_operator=identity.is_operator,
            status="suspended" if identity.is_suspended else "active",
            confirmed_at=clock.now() if identity.is_confirmed else None,
            **({"level": home.level, "role": home.role} if home else {}),
        )  # fmt: skip
        self.people[role] = person
        if quarter is not None:
            self.move_in(person, quarter, number, f"Bell{number} Klingel{number}")

    def move_in(self, person: Person, quarter: Quarter, number: int, recipient: str) -> None:
        """Somebody's address: this house of the quarter's street, with this name at the bell."""
        house = self.houses["Kanalweg" if quarter is self.here else "Uferweg", number]
        with as_owner(), atomic():
            home = homes.settle(person.id, house, quarter.id, recipient, "", town="Ort")
            household = homes.household_hash(home.address_hash, recipient)
            db.session.execute(
                update(Membership).where(Membership.person_id == person.id).values(household_hash=household)
            )
            begin_lists(person.id, quarter.id)

    def quarter_of(self, number: int) -> Quarter:
        """The town's quarter that the rule book calls by this number."""
        return {matrix.HERE: self.here, matrix.ELSEWHERE: self.there}[number]

    def _pin_up(self) -> None:
        author, another, far = (self.people[role] for role in ("author", "another", "far"))
        self.posts = {
            "the author's": make_post(author, self.here, title="Eigenes"),
            "another's": make_post(another, self.here, title="Fremdes"),
            "taken down": make_post(another, self.here, title="Abgehängt"),
            "far away": make_post(far, self.there, title="Fern"),
            "of the city": make_post(far, self.there, title="Stadt", audience=Audience.CITY),
        }
        self.comments = {
            "the author's": make_comment(author, self.here, self.posts["the author's"]),
            "another's": make_comment(another, self.here, self.posts["the author's"]),
            "elsewhere": make_comment(author, self.here, self.posts["another's"]),
        }
        self._offer()
        with scope.use(scope.Viewer(another.id, (self.here.id,))), atomic():
            contributions.withdraw(db.session.merge(self.posts["taken down"]))

    def _offer(self) -> None:
        """The author's offer is promised to another; a verified neighbour asks for another's."""
        author, another, asker = (self.people[role] for role in ("author", "another", "verified"))
        self.offers = {
            "the author's offer": make_offer(author, self.here, title="Schlitten"),
            "another's offer": make_offer(another, self.here, title="Zelt"),
        }
        promised = make_ask(another, self.here, self.offers["the author's offer"])
        promise(author, self.here, self.offers["the author's offer"], promised)
        with scope.use(viewer_of(another, self.here)):
            self.offer_code = queue.code_of(db.session.get_one(Ask, promised.id))
        self.foreign_ask = make_ask(asker, self.here, self.offers["another's offer"])

    def _print_a_letter(self) -> None:
        """Somebody unproven waits for a card; its codes are kept here as they stand on it."""
        person = self.people["unproven"]
        with scope.use(scope.Viewer(person.id)):
            letter = letters.request(person.id)
        with as_owner(), atomic():
            self.letter_code, self.refusal_code = mark_printed(letter.id)

    # Asking ---------------------------------------------------------------------------------------------------------

    def ask(self, role: str, page: Page, values: dict[str, str] | None = None, **more: Any) -> Answer:
        """One request of this role, in the town as it was built; what it changed is put back."""
        self.hands.execute(f"DELETE FROM {COUNTS}")  # type: ignore[arg-type]
        path = page.path(**(values or {}))
        with counting.statements() as statements:
            answer = self.browsers[role].ask(page.method, path, **more)
        touched = self.touched()
        written = [each for each in statements if WRITES.match(each) and not COUNTING.match(each)]
        if touched - {COUNTS}:
            self.restore(touched)
        names = (each for each in (values or {}).values() if len(each) >= SHORTEST_NAME)
        return Answer(answer, [*written, *sorted(touched - {COUNTS})], path, tuple(names))

    def touched(self) -> set[str]:
        """The tables in which something was changed since the town was last put back."""
        return {name for (name,) in self.hands.execute("SELECT name FROM golden.touched").fetchall()}

    def _remember(self) -> None:
        self.hands.execute("DROP SCHEMA IF EXISTS golden CASCADE")
        self.hands.execute(f"DELETE FROM {COUNTS}")  # type: ignore[arg-type]
        self.hands.execute(f"CREATE SCHEMA golden; {TOUCHED}")  # type: ignore[arg-type]
        found = self.hands.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        self.tables = [name for (name,) in found if name not in NEVER_CHANGES]
        for name in self.tables:
            self.hands.execute(sql.SQL("CREATE TABLE golden.{0} AS TABLE public.{0}").format(sql.Identifier(name)))
            self.hands.execute(sql.SQL(TOUCH).format(sql.Identifier(name)))
        self.files = {path: path.read_bytes() for path in self._kept_files()}

    def _kept_files(self) -> set[Path]:
        folder = self.app.extensions["config"].instance_dir
        return {path for place in ("exports/*", "letters/*", "erased.log") for path in folder.glob(place)}

    def restore(self, touched: set[str] | None = None) -> None:
        """The town as it was built: rows of the tables in which something was changed, and files."""
        names = self.touched() if touched is None else touched
        back = (
            f'DELETE FROM public."{name}"; INSERT INTO public."{name}" OVERRIDING SYSTEM VALUE TABLE golden."{name}"'
            for name in sorted(names)
        )
        self.hands.execute("; ".join([*back, f"DELETE FROM {COUNTS}", "DELETE FROM golden.touched"]))  # type: ignore[arg-type]
        for path, content in self.files.items():
            if not path.exists() or path.stat().st_size != len(content):
                path.write_bytes(content)
        for path in self._kept_files() - set(self.files):
            path.unlink()

    def close(self) -> None:
        """Leave nothing behind that other tests would find."""
        self.hands.execute("DROP SCHEMA IF EXISTS golden CASCADE")
        self.hands.close()
        for path in self._kept_files():
            path.unlink()

    # Things ---------------------------------------------------------------------------------------------------------

    def things(self, page: Page) -> list[Thing]:
        """What the variable parts of this page's address may name; one without parts names nothing."""
        parts = tuple(page.arguments)
        if not parts:
            return [Thing("", {})]
        if parts == ("token",):
            return self._tokens(page)
        kind = belongings.OF_PAGES.get(page.endpoint, parts)
        found = self.belongings.get(kind)
        if found is None:
            raise words.Unknown(
                f"{page.key}: nobody says what {'/'.join(parts)} in {page.rule.rule} may name: add to tests/attacks/belongings.py"
                f" a maker of {parts!r}, with one's own, another's, a hidden one and one that is not there"
            )
        return [replace(thing, page=page.endpoint) for thing in found]

    def digits(self, seed: str, steps: int = 0) -> str:
        """What an app with this seed shows now, or so many half minutes later."""
        return pyotp.TOTP(seed).at(clock.now(), counter_offset=steps)

    def seen_by(self, name: str) -> frozenset[str]:
        """The roles that may know of this contribution."""
        return frozenset(role for role in self.roles if self._sees(role, name))

    def _sees(self, role: str, name: str) -> bool:
        """Whether these eyes may know of this contribution."""
        identity, post = self.identities[role], self.posts[name]
        if role in self.people and post.author_id == self.people[role].id:
            return True
        boards = {self.quarter_of(number).id for number in identity.quarters}
        if name == "taken down":
            return False
        return bool(boards) and (name == "of the city" or post.quarter_id in boards)

    def _tokens(self, page: Page) -> list[Thing]:
        kind = words.SECRETS_OF_PAGES.get((page.endpoint, "token"))
        if kind is None:
            raise words.Unknown(
                f'{page.key} takes a secret: add ("{page.endpoint}", "token"): "the kind" to SECRETS_OF_PAGES in'
                " tests/attacks/words.py"
            )
        nothing = Thing("nothing", {"token": "x" * 43})
        return [Thing("a live one", {"token": self.secret(kind)}, {belongings.ALL: belongings.EVERYBODY}), nothing]

    def named(self, page: Page, name: str) -> tuple[str, str, str]:
        """What a field may name: who asks, something that is another's or hidden from them, and what is not there."""
        known = self.belongings_named
        found = known.get((page.endpoint, name)) or known.get(name)
        if found is None:
            raise words.Unknown(
                f'{page.key}: nobody says what the field {name!r} may name: add "{name}": (who asks, one that is another\'s, one'
                " that is not there) to belongings.named in tests/attacks/belongings.py"
            )
        return found

    @cached_property
    def belongings_named(self) -> dict[Any, tuple[str, str, str]]:
        """By field, or by page and field."""
        with self.app.app_context(), as_owner():
            return belongings.named(self)

    def secret(self, kind: str) -> str:
        """A live secret of this kind, made now and not part of what is restored (see ``forge``)."""
        return self.secrets[kind]

    @cached_property
    def secrets(self) -> dict[str, str]:
        """A live one of every kind, all of the author's; in the town from the beginning."""
        from tests.attacks import secrets

        made = secrets.make(self)
        self._remember()
        return made

    def canaries(self, role: str) -> set[tuple[str, str]]:
        """(what, word) of everything personal of somebody; each word is in nothing else."""
        person, number = self.people[role], list(self.identities).index(role)
        return {
            ("mail address", person.email), ("family name", f"Zuname{number}"), ("shown name", person.display_name),
            ("name on the bell", f"Klingel{number}"), ("street", "Kanalweg"), ("mails' secret", self.lists[role]),
        } - ({("street", "Kanalweg")} if role != "author" else set())  # fmt: skip


def mark_printed(letter_id: int) -> tuple[str, str]:
    """Print one letter without paper; gives its two codes. Inside atomic(), on the owner's connection."""
    from neighbour.residency import codes
    from neighbour.residency.models import Letter, LetterState

    letter = db.session.get_one(Letter, letter_id)
    code, refusal = codes.make(), codes.make(codes.REFUSAL_CODE_LENGTH)
    letter.state, letter.printed_at = LetterState.PRINTED, clock.now()
    letter.expires_at = clock.now() + letters.LIFE
    letter.code_hashes = [codes.fingerprint(code, bound_to=letters.binding(letter))]
    letter.refusal_hashes = [codes.refusal_fingerprint(refusal)]
    return code, refusal


@dataclass(frozen=True)
class Answer:
    """What came back, and which statements wrote something other than a count."""

    response: TestResponse
    written: list[str]
    path: str
    names: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return self.response.status_code

    @cached_property
    def bare(self) -> tuple[Any, ...]:
        """Status, headers and body without what differs between any two requests: the address asked for, tokens of forms."""
        headers = sorted(
            (name, "set" if name == "Set-Cookie" else self._without(value))
            for name, value in self.response.headers
            if name != "Content-Length"
        )
        return self.status, headers, self._without(self.text)

    @cached_property
    def text(self) -> str:
        """The body, as far as it is text."""
        return self.response.get_data().decode(errors="replace")

    def _without(self, text: str) -> str:
        text = text.replace(self.path, "«path»")
        for name in self.names:
            text = text.replace(name, "«id»")
        return _PER_PAGE.sub("«»", text)


# Tokens of forms are signed with the time of day, which does not stand still; form keys are drawn.
_PER_PAGE = re.compile(
    r"[\w-]{30,}\.[\w-]{6}\.[\w-]{27}(?![\w-])|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
)


@dataclass
class Browser:
    """A person's browser that forgets nothing and learns nothing: each request goes out with the same cookie."""

    client: FlaskClient
    cookie: str
    token: str
    session: str = ""

    @classmethod
    def of(cls, app: Flask, person: Person | None) -> Browser:
        """Signed in as this person, or as nobody."""
        client: Any = app.test_client()
        session = ""
        if person is not None:
            with app.app_context():
                session = sign_in(client, person)
        token = Context().run(client._token)
        name = app.config["SESSION_COOKIE_NAME"]
        bare = FlaskClient(app, app.response_class, use_cookies=False)
        return cls(bare, f"{name}={client.get_cookie(name).value}", token, session)

    def ask(
        self, method: str, path: str, *, csrf: bool = True, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """One request; ``csrf=False`` sends no token."""
        sent = {
            "Cookie": self.cookie,
            **({"X-CSRFToken": self.token} if csrf and method != "GET" else {}),
            **(headers or {}),
        }
        return Context().run(self.client.open, path, method=method, headers=sent, **more)


@contextmanager
def standing(app: Flask, databases: Databases) -> Iterator[World]:
    """The town, for the length of the block; the clock stands still in it."""
    world = World(app, databases)
    with clock.freeze(matrix_moment()):
        try:
            yield world.build()
        finally:
            world.close()


def matrix_moment() -> Any:
    """When it is: a Tuesday in May."""
    from tests.conftest import FROZEN_AT

    return FROZEN_AT
