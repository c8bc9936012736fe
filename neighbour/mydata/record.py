"""The papers the law asks for, written from the register: the record of processing (Art. 30 GDPR) and the draft of an impact
assessment (Art. 35). Markdown, in the language spoken now."""

from __future__ import annotations

from config import Config
from neighbour.core import clock, i18n, personal
from neighbour.core.i18n import gettext as _
from neighbour.core.personal import Blank, Calls, Keep, Texts, WithParent
from neighbour.mydata import words
from neighbour.mydata.classes import CLASSES, DataClass
from neighbour.mydata.rules import RULES


def processing(config: Config) -> str:
    """The record of processing activities."""
    concerned = _("People concerned: people who sign up or are written to by this site.")
    recipients = _("Recipients: the providers of the server and of the mail server, as processors (Art. 28).")
    lines = ["# " + _("Record of processing activities (Art. 30 GDPR)"), "", *_head(config), "", concerned, recipients]
    lines += [_("Transfers to third countries: none by this program.")]
    for each in CLASSES.values():
        lines += ["", *_class(each)]
    lines += ["", "## " + _("Not about anybody"), ""]
    lines += [f"- `{entry.table}`: {entry.why}" for entry in personal.register().values() if not entry.is_personal]
    lines += ["", "## " + _("How it is protected (Art. 32)"), "", *["- " + measure for measure in measures()]]
    return "\n".join(lines)


def impact(config: Config) -> str:
    """The draft of a data protection impact assessment: what is certain, and the questions the operator has to answer."""
    risks = (
        (_("Somebody learns where a person lives."), _("Homes lie sealed in one table, each look is written down and shown to the owner; quarters see a street only by consent, never a number.")),
        (_("Somebody gets into a quarter who does not live there."), _("Nothing personal before proof by card, document or neighbours; limits against guessing; moving takes a new proof.")),
        (_("A backup or a disk is stolen."), _("The key of the homes lies outside of database and backups; passwords and codes are fingerprints.")),
        (_("Somebody who left comes back by a restored backup."), _("A deletion ledger outside the database is replayed after each restore.")),
        (_("Data is kept for longer than needed."), _("A nightly job with a report; operators are told when it is missed.")),
    )  # fmt: skip
    lines = ["# " + _("Draft of a data protection impact assessment (Art. 35 GDPR)"), "", *_head(config), ""]
    lines += ["## " + _("What is processed, and why"), ""]
    lines += [f"- **{each.title}**: {each.purpose}" for each in CLASSES.values()]
    lines += ["", "## " + _("Risks and what is done about them"), ""]
    lines += [f"- **{risk}** {answer}" for risk, answer in risks]
    lines += ["", "## " + _("For the operator to answer"), ""]
    questions = (
        _("Who may print cards and look at addresses, and who checks the list of looks?"),
        _("Where are backups kept, for how long, and where is the copy of erased.log?"),
        _("Which providers process data on your behalf, and where are the contracts (Art. 28)?"),
        _("Who reports an incident within 72 hours, and who is asked for advice?"),
    )
    return "\n".join([*lines, *[f"- [ ] {question}" for question in questions]])


def measures() -> list[str]:
    """What protects the data, in words."""
    return [
        _("Homes are encrypted (AES-256-GCM), the key lies outside the database; every look is written down."),
        _("The database itself keeps quarters apart (row-level security); the application owns nothing in it."),
        _("Passwords are kept as argon2id, tokens and codes as fingerprints."),
        _("Pages load nothing from elsewhere; no tracking; one strictly necessary cookie (§ 25 (2) TDDDG)."),
        _("Export and erasure by the person, retention by a nightly job, deletion ledger against backups."),
    ]


def _head(config: Config) -> list[str]:
    controller = ", ".join((config.operator_name or "…", config.operator_address or "…", config.operator_email or "…"))
    return [
        _("Controller: %(who)s", who=controller) + "  ",
        _("Responsible for contents by § 18 (2) MStV: %(name)s", name=config.operator_responsible or "…") + "  ",
        _("Site: %(url)s", url=config.site_url or "…") + "  ",
        _("As of %(day)s", day=i18n.full_date(clock.today(config.time_zone))),
    ]


def _class(each: DataClass) -> list[str]:
    entries = [entry for entry in personal.personal() if entry.kind == each.key]
    rows = [
        f"| {words.table(entry.table)} (`{entry.table}`) | {', '.join(sorted({*entry.columns()} - entry.inner))} |"
        f" {_erased(entry)} |"
        for entry in entries
    ]
    said = (
        (_("Purpose"), each.purpose),
        (_("Legal basis"), each.basis),
        (_("Who sees it"), each.seen_by),
        (_("Kept"), each.period),
        (_("Deleted by itself"), "; ".join(rule.line for rule in RULES if rule.kind == each.key)),
    )
    head = " | ".join((_("What"), _("Columns"), _("On erasure")))
    facts = [f"- {name}: {words_}" for name, words_ in said]
    return [f"## {each.title}", "", *facts, "", f"| {head} |", "|---|---|---|", *rows]


def _erased(entry: personal.Entry) -> str:
    if isinstance(entry.erase, Keep | Calls | Blank):
        return _("stays in part: %(why)s", why=entry.erase.why)
    if isinstance(entry.erase, Texts):
        return _("goes, or stays without a name, by choice")
    return _("goes with what it belongs to") if isinstance(entry.erase, WithParent) else _("is deleted")
