"""Printing letters: which are due, making their codes, the file, and marking them – all or nothing.

A batch holds letters of many people, so it runs on the owner's connection (the command) or, at the desk, through the eyes of an
operator who says so (``as_printer``). The order is: choose and lock, make codes,
write the whole file to the disk, mark, commit. If anything fails before the commit, the file is taken away and
no letter is marked; a file left behind by a power cut holds codes that nobody accepts, and may be thrown away.

Letters to houses and names that want none are queued, counted and marked like the others: they take their turn at their house,
their place in the day's number, and the name of the batch, and the address they would have gone to is opened like the others'.
Only the file lacks them. Whatever was different, and be it a day on which another card comes, would tell whoever looks for
somebody where she said "never again".
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, any_, case, func, or_, select, text
from sqlalchemy.orm import aliased

from config import Config
from neighbour.accounts.models import Person, Status
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.sealed_files import Sealing
from neighbour.residency import codes, homes, letter_pdf, turns
from neighbour.residency.letter_pdf import Format
from neighbour.residency.letter_words import Slip, compose
from neighbour.residency.letters import ADDRESS_REST, LIFE, binding
from neighbour.residency.models import Home, Letter, LetterRefusal, LetterState

CROWD = 2  # letters waiting for one house; more are unusual
MOST_PRINTS = 3  # of one letter: each print adds a code that works
Progress = Callable[[int, int], None]

_PRINTS = text("SELECT set_config('app.prints', :says, true)")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('letters print'))")


class NothingToPrint(ValueError):
    """No letter is due; the text says why, for the operator."""


@dataclass(frozen=True)
class Printed:
    """A finished batch: its name, the file, the number of letters, how many wait for another day, and for how many houses
    so many wait that somebody should ask why."""

    batch: str
    file: Path
    letters: int
    waiting: int
    crowded: int


@dataclass(frozen=True)
class BatchLine:
    """A batch as ``letters list`` shows it."""

    batch: str
    printed_at: datetime
    letters: int
    used: int


@dataclass(frozen=True)
class Wish:
    """What the operator asks for. out: the PDF, or a folder for ``<batch>.pdf``; csv: the same letters as a table, for a
    print shop; by: whoever asked, None for a command; seals: the files are sealed (``core/sealed_files``) under their names,
    for the desk; progress: called with (done, of)."""

    out: Path
    paper: Format = Format.A6
    csv: Path | None = None
    by: int | None = None
    seals: bool = False
    progress: Progress = lambda done, of: None


def print_due(config: Config, wish: Wish) -> Printed:
    """Print the letters that are due today and mark them.

    Raises NothingToPrint, and FileExistsError rather than overwrite a file that was named. Letters that are due and kept back
    are marked all the same, also where there is nothing else: inside an ``atomic()`` of its own the caller lets that be.
    """
    written: list[Path] = []
    with _taken_away(written), atomic():
        db.session.execute(_ONE_AT_A_TIME)
        batch = _next_name(config)
        chosen = due(_left_today(config))
        welcome, kept = _parted(chosen)
        pdf = _write(welcome, batch, config, wish, written) if welcome else None
        _keep_back(kept, batch)
        for letter in chosen:
            letter.state = LetterState.REFUSED if letter in kept else LetterState.PRINTED
            letter.printed_at, letter.batch = clock.now(), batch
        if pdf is not None:
            audit.note(Event.LETTERS_PRINTED, actor=wish.by, about=batch)
    if pdf is None:  # said after the commit: those kept back have had their turn
        raise NothingToPrint(_why_nothing(config, kept=len(kept)))
    return Printed(batch, pdf, len(welcome), waiting(), len(crowded()))


def print_again(batch: str, config: Config, wish: Wish) -> Printed:
    """Print the letters of a batch once more, with further codes; those printed before stay good.

    For a printer that jammed or a pile that was lost. Letters answered, refused or past their day are left out.
    Raises NothingToPrint and FileExistsError.
    """
    written: list[Path] = []
    with _taken_away(written), atomic():
        db.session.execute(_ONE_AT_A_TIME)
        sent = Letter.state.in_((LetterState.PRINTED, LetterState.REFUSED)), ~_has_a_later_one()
        alive = Letter.batch == batch, *sent, Letter.expires_at > clock.now()
        fresh = func.cardinality(Letter.code_hashes) < MOST_PRINTS
        query = select(Letter).where(*alive, fresh, _is_at_home()).order_by(Letter.id).with_for_update()
        welcome, kept = _parted(db.session.scalars(query).all())
        pdf = _write(welcome, batch, config, wish, written) if welcome else None
        _keep_back(kept, batch)
        if pdf is not None:
            audit.note(Event.LETTERS_PRINTED_AGAIN, actor=wish.by, about=batch)
    if pdf is None:
        raise NothingToPrint(f"nothing of batch {batch} can be printed again")
    return Printed(batch, pdf, len(welcome), waiting(), len(crowded()))


@contextmanager
def as_printer() -> Iterator[None]:
    """Inside the block letters and homes exist for an operator's eyes, and for nobody else's. One transaction at most."""
    db.session.execute(_PRINTS, {"says": "1"})
    try:
        yield
        db.session.flush()
    finally:
        if db.session().is_active:
            db.session.execute(_PRINTS, {"says": ""})


@dataclass(frozen=True)
class Queue:
    """What waits and why: due today, over today's limit, behind another card for the same house, houses that rest after a card,
    accounts that moved, are suspended or not confirmed. refused: how many of them all go to houses and names that want none,
    and will be in no file when their turn comes. since: the oldest request."""

    today: int
    over_limit: int
    behind: int
    resting: int
    not_at_home: int
    refused: int
    since: datetime | None

    @property
    def count(self) -> int:
        """All that wait."""
        return self.today + self.over_limit + self.behind + self.resting + self.not_at_home


def queue(config: Config) -> Queue:
    """The letters that are asked for and not printed, by what keeps them."""
    why = case((~_is_at_home(), "away"), (_rests(), "rests"), else_="ready").label("why")
    asked = select(Letter.address_hash, Letter.requested_at, why, _is_kept_back().label("kept")).where(Letter.waits())
    row = asked.subquery().c
    houses, kept = func.count(func.distinct(row.address_hash)), func.count().filter(row.kept)
    query = select(row.why, func.count(), houses, func.min(row.requested_at), kept).group_by(row.why)
    found = {reason: tuple(counts) for reason, *counts in db.session.execute(query)}
    count = {reason: counts[0] for reason, counts in found.items()}
    ready = found.get("ready", (0, 0, None, 0))
    today = min(ready[1], max(_left_today(config), 0))
    return Queue(
        today=today,
        over_limit=ready[1] - today,
        behind=ready[0] - ready[1],
        resting=count.get("rests", 0),
        not_at_home=count.get("away", 0),
        refused=sum(counts[3] for counts in found.values()),
        since=min((counts[2] for counts in found.values()), default=None),
    )


def _rests() -> ColumnElement[bool]:
    """Whether the house had a card in the last 30 days that was not answered."""
    other = select(Letter.address_hash).where(
        Letter.printed_at > clock.now() - ADDRESS_REST, Letter.state != LetterState.USED
    )
    return Letter.address_hash.in_(other)


def due(most: int) -> list[Letter]:
    """At most ``most`` waiting letters whose turn it is, oldest request first, one per house; locked.

    A house rests for 30 days after a letter, unless that letter's code came back; whose comes then, ``turns`` says. Left out
    are people who are suspended or whose mail address is not confirmed, and homes that have changed; not left out are letters
    to houses and names that want none (``_parted``).
    """
    ready = Letter.waits(), ~_rests(), _is_at_home()
    turn = func.row_number().over(partition_by=Letter.address_hash, order_by=turns.turn()).label("turn")
    ranked = select(Letter.id, turn).where(*ready).subquery()
    first = select(ranked.c.id).where(ranked.c.turn == 1)
    query = select(Letter).where(Letter.id.in_(first)).order_by(Letter.id).limit(max(most, 0)).with_for_update()
    return list(db.session.scalars(query).all())


def _is_kept_back() -> ColumnElement[bool]:
    return or_(Letter.state == LetterState.REFUSED, ~_is_welcome())


def _parted(chosen: Sequence[Letter]) -> tuple[list[Letter], list[Letter]]:
    """Those for the file, and those that look printed and are not."""
    query = select(Letter.id).where(Letter.id.in_([letter.id for letter in chosen]), _is_kept_back())
    kept = set(db.session.scalars(query))
    return [one for one in chosen if one.id not in kept], [one for one in chosen if one.id in kept]


def _keep_back(kept: Sequence[Letter], batch: str) -> None:
    """What a print leaves behind of a letter, for letters in no file: the opened address, one more code, which nobody
    ever read, and the day until which it holds. No refusal: ``batches`` tells them by that."""
    for letter in kept:
        homes.open_for_letter(letter.person_id or 0, batch)
        _add_code(letter, codes.make())


def waiting() -> int:
    """How many letters are asked for and not printed."""
    return db.session.scalar(select(func.count()).where(Letter.waits())) or 0


def crowded() -> list[list[str]]:
    """The accounts (mail addresses) of each house for which more than two letters wait, oldest request first. A house gets
    one in 30 days, whoever asks: strangers who order cards to a house push its people back, and only the operator can
    see that. Which house it is stays sealed."""
    waits = Letter.state == LetterState.REQUESTED
    houses = select(Letter.address_hash).where(waits).group_by(Letter.address_hash).having(func.count() > CROWD)
    query = select(Letter.address_hash, Person.email).join(Person, Person.id == Letter.person_id)
    found: dict[bytes, list[str]] = {}
    for house, email in db.session.execute(query.where(waits, Letter.address_hash.in_(houses)).order_by(Letter.id)):
        found.setdefault(bytes(house), []).append(email)
    return list(found.values())


def batches(limit: int = 20) -> list[BatchLine]:
    """The last batches with what was really printed, newest first."""
    used = func.count().filter(Letter.state == LetterState.USED)
    on_paper = Letter.batch.is_not(None), func.cardinality(Letter.refusal_hashes) > 0
    query = select(Letter.batch, func.min(Letter.printed_at), func.count(), used).where(*on_paper)
    rows = db.session.execute(
        query.group_by(Letter.batch).order_by(func.min(Letter.printed_at).desc()).limit(limit)
    ).all()
    return [BatchLine(name, at, count, back) for name, at, count, back in rows if name and at]


def _is_welcome() -> ColumnElement[bool]:
    """No house, no family name on the card and no word of the letterbox refused: "A. Kowalczyk" and "Kowalczyk, Anna" stay
    away after Anna Kowalczyk said never again."""
    refused = or_(
        LetterRefusal.target_hash == Letter.address_hash, LetterRefusal.target_hash == any_(Letter.name_hashes)
    )
    words = select(Home.id).where(
        Home.person_id == Letter.person_id, LetterRefusal.target_hash == any_(Home.word_hashes)
    )
    unwelcome = or_(refused, words.correlate(Letter, LetterRefusal).exists())
    return ~select(LetterRefusal.target_hash).where(unwelcome).correlate(Letter).exists()


def _has_a_later_one() -> ColumnElement[bool]:
    later = aliased(Letter)
    return (
        select(later.id).where(later.person_id == Letter.person_id, later.requested_at > Letter.requested_at).exists()
    )


def _is_at_home() -> ColumnElement[bool]:
    """The account is in order, and still says it lives in the house the letter goes to."""
    person = Person.id == Letter.person_id, Person.status == Status.ACTIVE, Person.confirmed_at.is_not(None)
    query = select(Home.id).join(Person, Person.id == Home.person_id)
    return query.where(*person, Home.address_hash == Letter.address_hash).correlate(Letter).exists()


def _left_today(config: Config) -> int:
    """How many of today's letters (a day of the city) are left. Those kept back have had theirs: with one letter more a day
    whoever ordered enough of them could count who is refused."""
    zone = ZoneInfo(config.time_zone)
    midnight = clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    of_today = Letter.printed_at >= midnight, Letter.batch.is_not(None)
    return config.letters_per_day - (db.session.scalar(select(func.count()).where(*of_today)) or 0)


def _why_nothing(config: Config, kept: int = 0) -> str:
    if kept:
        return f"all that were due ({kept}) go to houses or names that want no letters"
    if _left_today(config) <= 0:
        return f"today's {config.letters_per_day} letters are printed (LETTERS_PER_DAY); {waiting()} are waiting"
    held = waiting()
    return f"no letter is due, waiting: {held}; a house gets one letter in 30 days" if held else "no letter is waiting"


def _next_name(config: Config) -> str:
    """``2026-11-23-1``: the day of the city and the batch of the day."""
    day = clock.today(config.time_zone).isoformat()
    today = select(func.count(func.distinct(Letter.batch))).where(Letter.batch.like(day + "-%"))
    return f"{day}-{(db.session.scalar(today) or 0) + 1}"


@contextmanager
def _taken_away(written: list[Path]) -> Iterator[None]:
    """Whatever was written disappears when the block, commit included, fails: its codes would open nothing."""
    try:
        yield
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _write(chosen: list[Letter], batch: str, config: Config, wish: Wish, written: list[Path]) -> Path:
    """Make codes for the letters and write the files, complete on the disk; returns the PDF's path."""
    pdf = _free(wish.out / f"{batch}.pdf" if wish.out.is_dir() else wish.out)
    table = _free(wish.csv) if wish.csv else None
    slips = [_slip(letter, batch, ZoneInfo(config.time_zone)) for letter in chosen]
    written.append(pdf)
    pages = _counted((compose(slip, config) for slip in slips), len(slips), wish.progress)
    letter_pdf.write_batch(pdf, pages, wish.paper, _through(wish, pdf))
    if table is not None:
        written.append(table)
        _write_table(table, slips, config, _through(wish, table))
    return pdf


def _through(wish: Wish, path: Path) -> letter_pdf.Through:
    return partial(Sealing, name=path.name) if wish.seals else nullcontext


def _free(path: Path) -> Path:
    if path.exists():
        raise FileExistsError(f"{path} exists already; codes on paper are not overwritten")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}")
    return path


def _slip(letter: Letter, batch: str, zone: ZoneInfo) -> Slip:
    """Give the letter one more pair of codes and say what is to be printed."""
    code, refusal = codes.make(), codes.make(codes.REFUSAL_CODE_LENGTH)
    exact = homes.open_for_letter(letter.person_id or 0, batch)
    if exact is None:
        raise LookupError("a letter without a home")
    good_until = _add_code(letter, code)
    letter.refusal_hashes = [*letter.refusal_hashes, codes.refusal_fingerprint(refusal)]
    language = db.session.scalar(select(Person.language).where(Person.id == letter.person_id)) or "de"
    return Slip(exact.envelope(), code, refusal, good_until.astimezone(zone).date(), language)


def _add_code(letter: Letter, code: str) -> datetime:
    """One more code for the letter; gives until when it is good."""
    letter.code_hashes = [*letter.code_hashes, codes.fingerprint(code, bound_to=binding(letter))]
    letter.expires_at = clock.now() + LIFE
    return letter.expires_at


def _counted(letters: Iterable[letter_pdf.Letter], total: int, progress: Progress) -> Iterator[letter_pdf.Letter]:
    for done, letter in enumerate(letters, start=1):
        yield letter
        progress(done, total)


def _write_table(path: Path, slips: list[Slip], config: Config, through: letter_pdf.Through) -> None:
    """One line a letter. Cells that a spreadsheet would take for a formula begin with an apostrophe (CWE-1236)."""
    text = io.StringIO(newline="")
    table = csv.writer(text, quoting=csv.QUOTE_ALL)  # whatever a spreadsheet takes for the end of a cell
    table.writerow(["line_1", "line_2", "line_3", "line_4", "code", "code_url", "refusal_code", "valid_until"])
    for slip in slips:
        lines = (*slip.recipient, "", "", "")[:4]
        code_url = compose(slip, config).code_url
        rest = [codes.show(slip.code), code_url, codes.show(slip.refusal_code), slip.last_day.isoformat()]
        table.writerow([_as_text(cell) for cell in (*lines, *rest)])
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        with through(out) as target:
            target.write(text.getvalue().encode())
        out.flush()
        os.fsync(out.fileno())


def _as_text(cell: str) -> str:
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
