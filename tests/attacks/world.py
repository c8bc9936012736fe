"""A small town for attacks: somebody for every line of the rule book, and things that belong to them.

It is built once and put back after each request that changed something, so that thousands of requests meet the same town.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy import select
from werkzeug.test import TestResponse

from neighbour.accounts import passwords
from neighbour.accounts.access_views import _name_of
from neighbour.accounts.models import LoginSession, Person
from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience, Comment, Contribution
from neighbour.core import clock, roles, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.notices.models import Subscription
from neighbour.notices.service import begin_lists
from neighbour.policy import Identity
from neighbour.quarters.models import Quarter
from neighbour.residency import homes, letters
from neighbour.residency.gazetteer.loading import refresh_streets
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address
from tests.attacks import words
from tests.attacks.mapping import Page
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in
from tests.guards import matrix
from tests.support import counting
from tests.support.cluster import Databases

NOTHING = "aaaaaaaaaaaaaaaaaaaaaaaaaa"  # the id of no row
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|MERGE)\b|\b(refuse_letters|forget_\w+)\(", re.IGNORECASE)
COUNTING = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM) "?(rate_count)\b', re.IGNORECASE)
NEVER_CHANGES = {"alembic_version", "city", "quarter", "adjacency", "address", "street"}


@dataclass(frozen=True)
class Thing:
    """Something an address or a field may name: the values to put there, and who may know that it is there."""

    label: str
    values: dict[str, str]
    is_there_for: Callable[[str], bool] = field(default=lambda role: False)


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
        for role, person in self.people.items():
            self.browsers[role] = Browser.of(self.app, person)
        self.browsers["nobody"] = Browser.of(self.app, None)
        assert self.secrets  # made before the town is remembered
        return self

    @property
    def roles(self) -> list[str]:
        """Every column of the rule book, and the author of what is asked for."""
        return [*matrix.PEOPLE, "author"]

    def _register(self) -> None:
        with as_owner(), atomic():
            for number in ("5", "7", "9"):
                entry = Address(
                    street="Kanalweg", street_key=street_key("Kanalweg"), number=number, suffix="", postcode="04873",
                    place="Altenbrück", quarter_id=self.here.id,
                )  # fmt: skip
                db.session.add(entry)
            refresh_streets()
            db.session.flush()
            self.house = db.session.scalars(select(Address).order_by(Address.id)).first()

    def _settle_everybody(self) -> None:
        hashed = passwords.hash_password(words.PASSWORD, 64)
        cast = {**matrix.PEOPLE, "author": matrix.PEOPLE["verified"], "another": matrix.PEOPLE["verified"],
                "far": matrix.PEOPLE["elsewh."]}  # fmt: skip
        for number, (role, identity) in enumerate(cast.items()):
            self.identities[role] = identity
            if identity.is_anonymous:
                continue
            home = identity.home
            quarter = self.quarter_of(home.quarter_id) if home else None
            name = f"Vorname{number}"
            person = make_person(
                quarter, name=name, password_hash=hashed, last_name=f"Zuname{number}", street_shown=None,
                display_name=f"{name} Z.", signup_step=identity.signup_step, is_operator=identity.is_operator,
                status="suspended" if identity.is_suspended else "active",
                confirmed_at=clock.now() if identity.is_confirmed else None,
                **({"level": home.level, "role": home.role} if home else {}),
            )  # fmt: skip
            self.people[role] = person
            if quarter is not None:
                with as_owner(), atomic():
                    homes.settle(person.id, self.house, quarter.id, f"Bell{number} Klingel{number}", "", town="Ort")
                    begin_lists(person.id, quarter.id)
        with as_owner():
            tokens = db.session.execute(select(Subscription.person_id, Subscription.token).order_by(Subscription.id))
            by_person: dict[int, str] = {row.person_id: row.token for row in tokens}
        self.lists = {role: by_person[one.id] for role, one in self.people.items() if one.id in by_person}

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
        with scope.use(scope.Viewer(another.id, (self.here.id,))), atomic():
            contributions.withdraw(db.session.merge(self.posts["taken down"]))

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
        self.hands.execute("DELETE FROM rate_count")
        path = page.path(**(values or {}))
        with counting.statements() as statements:
            answer = self.browsers[role].ask(page.method, path, **more)
        written = [each for each in statements if WRITES.search(each)]
        if any(not COUNTING.match(each) for each in written):
            self.restore()
        return Answer(answer, [each for each in written if not COUNTING.match(each)], path)

    def _remember(self) -> None:
        self.hands.execute("DROP SCHEMA IF EXISTS golden CASCADE")
        self.hands.execute("CREATE SCHEMA golden")
        found = self.hands.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        self.tables = [name for (name,) in found if name not in NEVER_CHANGES]
        for name in self.tables:
            self.hands.execute(sql.SQL("CREATE TABLE golden.{0} AS TABLE public.{0}").format(sql.Identifier(name)))
        self._put_back = "; ".join(
            f'DELETE FROM public."{name}"; INSERT INTO public."{name}" OVERRIDING SYSTEM VALUE TABLE golden."{name}"'
            for name in self.tables
        )

    def restore(self) -> None:
        """The town as it was built."""
        self.hands.execute(self._put_back)  # type: ignore[arg-type]

    def close(self) -> None:
        """Leave nothing behind that other tests would find."""
        self.hands.execute("DROP SCHEMA IF EXISTS golden CASCADE")
        self.hands.close()

    # Things ---------------------------------------------------------------------------------------------------------

    def things(self, page: Page) -> list[Thing]:
        """What the variable parts of this page's address may name; one without parts names nothing."""
        parts = tuple(page.arguments)
        makers = {
            (): lambda: [Thing("", {})],
            ("contribution_id",): self._contributions,
            ("contribution_id", "comment_id"): self._comments,
            ("slug",): lambda: [Thing("a quarter", {"slug": self.here.slug}, lambda _: True), Thing("nothing", {"slug": "x" * len(self.here.slug)})],
            ("token",): lambda: self._tokens(page),
            ("code",): lambda: [Thing("a code", {"code": "de" if page.endpoint == "pages.language" else "7K2M9QXD"}, lambda _: True)],
        }  # fmt: skip
        absent = {
            "case_id": NOTHING,
            "export_id": NOTHING, "number": "1", "key": "x" * 20, "alarm": "x" * 12, "run": "x" * 12, "kind": "pdf", "flyer": "x" * 12,
            "paper": "a4", "invitation": "x" * 12, "use": "x" * 12,
        }  # fmt: skip
        if parts and set(parts) <= set(absent):  # what stands there belongs to rooms whose own tests try another's
            return [Thing("nothing", {part: absent[part] for part in parts})]
        if parts not in makers:
            raise words.Unknown(
                f"{page.key}: nobody says what {'/'.join(parts)} in {page.rule.rule} may name: add ({parts!r}): a maker to"
                " World.things in tests/attacks/world.py, with one's own, another's, a hidden one and one that is not there"
            )
        return makers[parts]()

    def sees(self, role: str, name: str) -> bool:
        """Whether these eyes may know of this contribution."""
        identity, post = self.identities[role], self.posts[name]
        if role in self.people and post.author_id == self.people[role].id:
            return True
        boards = {self.quarter_of(number).id for number in identity.quarters}
        if name == "taken down":
            return False
        return bool(boards) and (name == "of the city" or post.quarter_id in boards)

    def _contributions(self) -> list[Thing]:
        found = [
            Thing(name, {"contribution_id": to_uid(post.id)}, lambda role, name=name: self.sees(role, name))
            for name, post in self.posts.items()
        ]
        return [*found, Thing("nothing", {"contribution_id": NOTHING})]

    def _comments(self) -> list[Thing]:
        post = to_uid(self.posts["the author's"].id)
        found = [
            Thing(f"{name} answer", {"contribution_id": post, "comment_id": to_uid(comment.id)},
                  lambda role, name=name: name != "elsewhere" and self.sees(role, "the author's"))
            for name, comment in self.comments.items()
        ]  # fmt: skip
        return [*found, Thing("nothing", {"contribution_id": post, "comment_id": NOTHING})]

    def _tokens(self, page: Page) -> list[Thing]:
        kind = words.SECRETS_OF_PAGES.get((page.endpoint, "token"))
        if kind is None:
            raise words.Unknown(
                f'{page.key} takes a secret: add ("{page.endpoint}", "token"): "the kind" to SECRETS_OF_PAGES in'
                " tests/attacks/words.py"
            )
        nothing = Thing("nothing", {"token": "x" * 43})
        return [Thing("a live one", {"token": self.secret(kind)}, lambda _: True), nothing]

    def named(self, page: Page, name: str) -> tuple[str, str]:
        """What a field may name: something that is another's or hidden from the author, and what is not there."""
        beside = to_uid(uuid.UUID(int=self.posts["far away"].id.int ^ 1))  # of the same moment, and of nothing
        far, elsewhere = to_uid(self.posts["far away"].id), to_uid(self.comments["elsewhere"].id)
        known = {
            "before": (far, beside), "newest": (far, beside), "parent": (elsewhere, NOTHING), "by": (elsewhere, NOTHING),
            "to": (elsewhere, NOTHING), "entry": ("77", "78"), "device": (self.device("another"), "0" * 20),
            "passkey": ("x" * 20, "y" * 20),
        }  # fmt: skip
        if name not in known:
            raise words.Unknown(
                f'{page.key}: nobody says what the field {name!r} may name: add "{name}": (one that is another\'s, one that is'
                " not there) to World.named in tests/attacks/world.py"
            )
        return known[name]

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

    def device(self, role: str) -> str:
        """What a form calls this person's session."""
        mine = select(LoginSession.token_hash).where(LoginSession.person_id == self.people[role].id)
        with self.app.app_context(), as_owner():
            return _name_of(bytes(db.session.scalars(mine).one()))


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

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def bare(self) -> tuple[Any, ...]:
        """Status, headers and body without what differs between any two requests: the address asked for, tokens of forms."""
        headers = sorted(
            (name, "set" if name == "Set-Cookie" else self._without(value))
            for name, value in self.response.headers
            if name != "Content-Length"
        )
        return self.status, headers, self._without(self.text)

    @property
    def text(self) -> str:
        """The body, as far as it is text."""
        return self.response.get_data().decode(errors="replace")

    def _without(self, text: str) -> str:
        text = text.replace(self.path, "«path»")
        for part in self.path.split("/"):
            if len(part) >= 20:
                text = text.replace(part, "«id»")
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
