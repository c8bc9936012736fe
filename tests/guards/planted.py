"""Does each guard see what it guards against? ``python -m tests.guards.planted [PART OF A NAME …]``

For every guard test a defect is planted in a copy of the repository and the test is run there: it has to go red. A guard
that stays green watches nothing. Takes minutes, so it is run when guards change and not with the tests; ``make planted``.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tests.support import cluster

ROOT = Path(__file__).resolve().parents[2]
END = ""  # plant at the end of the file
AT_ONCE = 2
POSTS, MODELS, CORE = "neighbour/posts/service.py", "neighbour/contributions/models.py", "neighbour/core/tokens.py"
CARD, WALL, REACH = (
    "neighbour/templates/macros/card.html",
    "migrations/versions/0008_wall.py",
    "neighbour/feed/service.py",
)
TOKENS, FORMS = "neighbour/assets/css/tokens.css", "neighbour/assets/css/components/forms.css"
QUICK = "migrations/versions/0013_quick_reach.py"
QUICK_SEARCH = "migrations/versions/0080_quick_search.py"
ASKED_SEARCH = "migrations/versions/0104_what_is_asked.py"
MAIL = "neighbour/contributions/templates/contributions/mail_answered"
DE = "neighbour/feed/translations/de.po"
VOTES, EVENTS = "migrations/versions/0033_posts_in_full.py", "migrations/versions/0035_events.py"
WIDER = "migrations/versions/0124_new_where_it_was_not.py"
PLACES = "migrations/versions/0100_places_and_reach.py"
KEPT, OFFERS = "migrations/versions/0038_keeping.py", "migrations/versions/0040_offers.py"
CALENDARS = "migrations/versions/0043_calendars.py"
OFFICES = "migrations/versions/0093_offices.py"


class Defect(NamedTuple):
    """In ``file``, ``found`` becomes ``put``; then ``guard`` (file::test, of tests/guards, or room/file::test) has to fail."""

    guard: str
    file: str
    found: str
    put: str


DEFECTS = (
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\ndb.session.commit()\n"),
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\nimport smtplib\n"),
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\nimport geopy\n"),
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\nNOW = datetime.now()\n"),
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\nfrom cryptography.fernet import Fernet\n"),
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\nimport os\nHOME = os.environ['HOME']\n"),
    Defect("house::test_it_stands_in_one_file_only", POSTS, END, "\nimport unicodedata\nX = unicodedata.normalize('NFC', 'x')\n"),
    Defect("house::test_every_defect", "tests/guards/planted.py", 'OFFICES = "migrations/', 'OFFICES = "nowhere/'),
    Defect("house::test_homes_are_opened", POSTS, END, "\ndef peep(home):\n    return open_sealed(home)\n"),
    Defect("house::test_pages_of_documents", POSTS, END, "\ndef peep(page):\n    return open_under(b'', page, b'')\n"),
    Defect("house::test_other_peoples_eyes", "neighbour/initiatives/service.py", END, "\nfrom neighbour.core import scope\nX = lambda: scope.use(scope.Viewer(1))\n"),
    Defect("routes::test_only_the_named_routes_take_large", "neighbour/feed/views.py", '@views.post("/board/read")\n@requires(Permission.BOARD_READ)', '@views.post("/board/read")\n@requires(Permission.BOARD_READ, body=1 << 30)'),
    Defect("house::test_views_fetch_no_row", "neighbour/feed/views.py", END, "\ndef peep(number):\n    return db.session.get(Post, number)\n"),
    Defect("house::test_no_shell_no_eval", POSTS, END, "\neval('1')\n"),
    Defect("borders::test_everything_that_points", "migrations/versions/0020_quarters_change.py", "'read_mark', 'edition', 'initiative_quarter')", "'read_mark', 'edition')"),
    Defect("house::test_templates_mark_nothing_safe", CARD, "{{ c.excerpt|soft }}", "{{ c.excerpt|safe }}"),
    Defect("house::test_functions_and_files_keep", POSTS, END, "\ndef long():\n" + "    x = 1\n" * 41),
    Defect("house::test_public_functions_say", POSTS, END, "\ndef silent():\n    pass\n"),
    Defect("house::test_services_and_models_do_not", POSTS, "import uuid\n", "import uuid\n\nfrom flask import g\n"),
    Defect("house::test_every_job_has_a_task", "neighbour/core/jobs.py", "    ACCOUNTS_RESETS =", '    X = "x.y"\n    ACCOUNTS_RESETS ='),
    Defect("house::test_a_task_is_an_envelope", "workers/accounts.py", END, "\ndef thick():\n" + "    x = 1\n" * 12),
    Defect("house::test_kinds_are_the_identities", "neighbour/posts/kind.py", 'name="post"', 'name="note"'),
    Defect("look::test_both_dark_lists", TOKENS, "--ink: #E9EEE6; --ink-soft: #B4C0B6;", "--ink: #E9EEE7; --ink-soft: #B4C0B6;"),
    Defect("look::test_contrast", TOKENS, "--ink-soft: #465249", "--ink-soft: #9AA69D"),
    Defect("look::test_colours_stand_in_the_tokens", FORMS, "  .kind-tabs {", "  .x { color: #123456; }\n  .kind-tabs {"),
    Defect("look::test_every_token_that_is_used", FORMS, "var(--tape-ink", "var(--tapeink"),
    Defect("look::test_files_stay_readable", FORMS, END, "\n" * 400),
    Defect("look::test_no_page_carries", "neighbour/events/templates/events/page.html", "structured|tojson", "structured|safe"),
    Defect("look::test_no_page_carries", CARD, END, '<a href="#" onclick="x()">x</a>'),
    Defect("look::test_no_page_carries", CARD, END, '<p style="color: red">x</p>'),
    Defect("look::test_icons_of_the_page", "neighbour/templates/macros/ui.html", END, '{{ icon("no-such-icon") }}'),
    Defect("look::test_icons_of_kinds", "neighbour/posts/kind.py", 'icon="pen-line"', 'icon="no-such-icon"'),
    Defect("look::test_packages_are_pinned", "neighbour/assets/package.json", '"htmx.org": "', '"htmx.org": "^'),
    Defect("look::test_fields_for_one_choice", "neighbour/posts/templates/posts/fields.html", 'data-for="urgent"', 'data-for="notice"'),
    Defect("look::test_built_files_are_named", "neighbour/static/build/manifest.json", "{", '{"stray.css": "stray.css",'),
    Defect("look::test_a_feed_page_needs_little", "tests/guards/test_look.py", "<= 130_000", "<= 30_000"),
    Defect("notices::test_the_application_knows", "neighbour/feed/views.py", END, "\nfrom neighbour.notices.base import Notice\n\n\nclass Stray(Notice):\n    key = 'feed.stray'\n"),
    Defect("notices::test_it_has_a_subject", MAIL + ".txt", "{{ settings_url }}", "{{ settings_url }}x"),
    Defect("notices::test_its_links_lead", "neighbour/notices/ways_out.py", '/unsubscribe/beispiel"', '/nowhere/beispiel"'),
    Defect("notices::test_german_is_not_english", MAIL + ".txt", "{{ button(", "Nobody has translated these words yet.\n{{ button("),
    Defect("notices::test_list_mail_names", "neighbour/notices/envelope.py", "One-Click", "Two-Click"),
    Defect("notices::test_few_notices_go", "neighbour/residency/notices.py", '    key = "residency.letter_requested"\n', '    key = "residency.letter_requested"\n    goes_unconfirmed = True\n'),
    Defect("notices::test_what_somebody_signed_in", "neighbour/residency/notices.py", "    folds = True\n", ""),
    Defect("pages::test_every_kind_of_fault", "tests/support/pages.py", "if len(given) != len(attrs):", "if False:"),
    Defect("pages::test_a_page_that_is_not_well_formed", "tests/support/client.py", "if answer.mimetype ==", "if False and answer.mimetype =="),
    Defect("personal::test_every_column_is_declared_once", "neighbour/accounts/personal.py", "email first_name last_name", "email first_name"),
    Defect("personal::test_every_column_is_declared_once", "neighbour/digests/personal.py", "opened_at", "opened"),
    Defect("personal::test_every_column_is_declared_once", "neighbour/accounts/personal.py", '            "last_name": "\'\'",\n', ""),
    Defect("personal::test_every_class", "neighbour/posts/personal.py", 'kind="contribution"', 'kind="posts"'),
    Defect("personal::test_what_is_forgotten", "neighbour/mydata/rules.py", 'Rule("looks", "security"', 'Rule("looks", "looking"'),
    Defect("personal::test_every_table_that_holds", "neighbour/accounts/personal.py", '    ends="sessions",\n', ""),
    Defect("personal::test_every_table_that_holds", "neighbour/residency/personal.py", 'address_hash", why=STREETS, ends="flyers")', 'address_hash", why=STREETS)'),
    Defect("personal::test_lines_that_tables", "neighbour/residency/personal.py", 'ends="missing"', 'ends="mising"'),
    Defect("personal::test_lines_that_tables", "neighbour/mydata/rules.py", '    Rule("looks",', '    Rule("stray", "security", __("looks at addresses"), YEAR, _asks("0")),\n    Rule("looks",'),
    Defect("house::test_sealed_files", POSTS, END, "\ndef peep(path):\n    return Opened(path, path.name).read()\n"),
    Defect("personal::test_whose_a_row_is", "neighbour/posts/personal.py", 'of="id.author_id"', 'of="id.writer_id"'),
    Defect("personal::test_rows_with_a_person", "neighbour/mydata/erasing.py", "isinstance(entry.erase, Delete | Blank", "isinstance(entry.erase, Blank"),
    Defect("policy::test_who_may_do_what", "neighbour/policy/table.py", "P.THANK: (confirmed, vouched)", "P.THANK: (confirmed,)"),
    Defect("policy::test_without_a_second_factor", "neighbour/policy/table.py", "who = identity.in_force", "who = identity"),
    Defect("routes::test_password_address_factors", "neighbour/accounts/access_views.py", 'rate="auth", fresh=True)\ndef change_email', 'rate="auth")\ndef change_email'),
    Defect("house::test_seeds_of_apps", "neighbour/accounts/recovery.py", END, "\ndef peep(row):\n    return open_for('totp', row.sealed, b'')\n"),
    Defect("policy::test_every_permission_has_a_line", "neighbour/policy/permissions.py", END, '    UNUSED = "un:used"\n'),
    Defect("policy::test_nobody_asks_for_levels", "neighbour/feed/views.py", END, "\nX = lambda who: who.is_operator\n"),
    Defect("privacy::test_nothing_computes", POSTS, END, "\ndef far(home, other):\n    return home.lon - other.lon\n"),
    Defect("privacy::test_people_are_named", POSTS, END, "\nNAME = Post.author.display_name\n"),
    Defect("privacy::test_templates_name", CARD, "{{ c.excerpt|soft }}", "{{ c.author.last_name }}"),
    Defect("privacy::test_the_files_that_may", "tests/guards/test_privacy.py", '"neighbour/quarters/"', '"neighbour/quarter/"'),
    Defect("routes::test_no_page_asks_many", "neighbour/feed/views.py", "    who, quarter_id = _reader()\n", "    who, quarter_id = _reader()\n    [service.page(who, quarter_id) for _n in range(12)]\n"),
    Defect("pages::test_what_is_never_closed", "tests/support/pages.py", "for tag in self.open]", "for tag in self.open[9:]]"),
    Defect("house::test_reasons_stand_here", POSTS, END, "\n# see spi" "kes\n"),
    Defect("look::test_a_page_that_says_where_it_belongs", "neighbour/digests/templates/digests/next.html", 'set nav_room = "', 'set nav_room = "no'),
    Defect("look::test_every_icon_of_the_sprite", "neighbour/assets/icons.txt", END, "\nno-such-place\n"),
    Defect("look::test_drafts_are_kept", "neighbour/residency/templates/residency/decision.html", '"maxlength": "1000"}', '"maxlength": "1000", "data-draft": "x"}'),
    Defect("look::test_every_way_to_sign_out", "neighbour/accounts/templates/accounts/me.html", "data-forget-drafts", "data-x"),
    Defect("look::test_templates_import_only", "neighbour/digests/templates/digests/next.html", "import back", "import avatar, back"),
    Defect("routes::test_only_pages_of_the_public", "neighbour/feed/views.py", "@requires(Permission.BOARD_READ)", '@requires(Permission.BOARD_READ, cache="public")'),
    Defect("texts::test_all_rooms_say", DE, END, '\nmsgid "Join in"\nmsgstr "Reinkommen"\n\nmsgid "Sign out"\nmsgstr "Raus"\n'),
    Defect("texts::test_no_german_is_kept", DE, END, '\nmsgid "Nobody says this"\nmsgstr "Das sagt niemand"\n'),
    Defect("trust::test_every_named_test_is_there", "docs/trust.md", "::test_the_cookie_of_an_ended", "::test_a_cookie_of_an_ended"),
    Defect("trust::test_every_check_has_a_line", "docs/trust.md", "| 41 |", "| 410 |"),
    Defect("trust::test_what_is_left_to_the_machines", "Makefile", " tests/residency/test_four_eyes.py", ""),
    Defect("trust::test_commands_exist", "docs/trust.md", "`make fuzz`", "`make fuss`"),
    Defect("packages::test_what_is_installed", "requirements-dev.lock", "pytest==9.2.0", "pytest==9.1.0"),
    Defect("packages::test_every_locked_package", "requirements.lock", "flask==3.1.3", "flask==3.1.2"),
    Defect("readme::test_targets_of_make", "README.md", "`make build`", "`make builds`"),
    Defect("readme::test_commands_exist", "README.md", "neighbour quarters import", "neighbour quarters fetch"),
    Defect("readme::test_options_named_alone", "README.md", "`--", "`--no-such-"),
    Defect("readme::test_every_group_of_commands", "neighbour/cli.py", '        "mails": (', '        "posts": ("x", "x", "Not in it."),\n        "mails": ('),
    Defect("readme::test_files_and_folders", "README.md", "`neighbour/app.py`", "`neighbour/ap.py`"),
    Defect("readme::test_names_in_code", "README.md", "`Job` (`neighbour/core/jobs.py`)", "`Jobs` (`neighbour/core/jobs.py`)"),
    Defect("readme::test_every_setting", "README.md", "| `SMTP_URL`", "| `SMTP_URI`"),
    Defect("readme::test_the_table_says", "config.py", END, "\n\n_problems = Config.problems\nConfig.problems = lambda self: _problems(self)[1:]\n"),
    Defect("readme::test_defaults", "README.md", "| port to listen on | 5000 |", "| port to listen on | 5001 |"),
    Defect("readme::test_every_figure", "README.md", "| `feed_queries`", "| `feed_query`"),
    Defect("readme::test_pictures", "README.md", "docs/pictures/board-1280.jpg", "docs/pictures/bord-1280.jpg"),
    Defect("readme::test_it_stays", "README.md", END, "\n" * 200),
    Defect("routes::test_every_route_has", "neighbour/feed/views.py", '@views.get("/board")\n@requires(Permission.BOARD_READ, names=True)', '@views.get("/board")'),
    Defect("routes::test_only_the_named", "neighbour/feed/views.py", '@views.post("/board/read")\n@requires(Permission.BOARD_READ)', '@views.post("/board/read")\n@requires(Permission.BOARD_READ, csrf=False)'),
    Defect("routes::test_addresses_are", "neighbour/feed/views.py", '@views.get("/board")', '@views.get("/Board_x")'),
    Defect("routes::test_what_is_sent_in_an_address", "tests/guards/routes.json", '"fields": {"choice": ["audience"]}', '"fields": {"personal": ["audience"]}'),
    Defect("routes::test_unsafe_requests", "neighbour/app.py", "    csrf.init_app(app)\n", "    app.extensions['csrf'] = csrf\n    app.jinja_env.globals['csrf_token'] = str\n"),
    Defect("routes::test_headers", "neighbour/core/web.py", '"script-src": "\'self\'"', '"script-src": "\'self\' \'unsafe-inline\'"'),
    Defect("routes::test_everything_declared", "neighbour/feed/views.py", '@views.get("/board")\n@requires(Permission.BOARD_READ,', '@views.get("/board")\n@requires(Permission.CONTRIBUTION_READ,'),
    Defect("routes::test_everything_declared", "neighbour/notices/views.py", "    with atomic():\n        service.choose_lists", '    request.form.get("stray")\n    with atomic():\n        service.choose_lists'),
    Defect("attacks/matrix::test_every_page_answers", "neighbour/policy/gate.py", "        abort(404)", "        abort(403)"),
    Defect("attacks/matrix::test_every_page_answers", "neighbour/initiatives/views.py", "    demand(permission, service.edited(found))\n", ""),
    Defect("residency/protected::test_the_paper_of_a_protected", "migrations/versions/0095_who_may_look.py", "AND c.kind <> 'quiet' AND NOT p.is_protected", "AND c.kind <> 'quiet'"),
    Defect("attacks/matrix::test_every_page_answers", "neighbour/residency/code_desk_views.py", "    if not alarms.see(alarm, person_number()):\n        abort(404)", "    alarms.see(alarm, person_number())"),
    Defect("attacks/matrix::test_the_wall_alone", "migrations/versions/0024_mydata.py", "wall(table, select=own,", 'wall(table, select="true",'),
    Defect("attacks/matrix::test_every_page_answers", "migrations/versions/0023_vouching.py", 'wall("flyer", select=desk,', 'wall("flyer", select="true",'),
    Defect("attacks/matrix::test_every_page_answers", "neighbour/feed/views.py", '@views.get("/board")', '@views.get("/board/<drawer>", endpoint="drawer")\n@requires(Permission.BOARD_READ)\ndef drawer(drawer: str) -> str:\n    """A kind of thing the town has none of."""\n    return drawer\n\n\n@views.get("/board")'),
    Defect("attacks/matrix::test_the_cast", "tests/guards/matrix.py", '    "verifier": _person(', '    "another": _person(Level.VERIFIED),\n    "steward": _person('),
    Defect("attacks/matrix::test_naming_a_thing", "neighbour/residency/code_desk_views.py", " if may(Permission.FLYER_MAKE, service.Desk(quarter.id))]", "]"),
    Defect("attacks/matrix::test_naming_a_thing", "neighbour/accounts/access_views.py", "                abort(404)", '                abort(404 if which.strip("0") else 400)'),
    Defect("attacks/headers::test_every_answer", "neighbour/core/web.py", "max-age=63072000", "max-age=3600"),
    Defect("attacks/headers::test_a_page_that_holds", "neighbour/accounts/signup_views.py", "return no_referrer(\n        render_template(\n            \"accounts/confirm_link", "return (\n        render_template(\n            \"accounts/confirm_link"),
    Defect("attacks/headers::test_no_other_origin", "neighbour/core/web.py", '    ("X-Content-Type-Options", "nosniff"),', '    ("X-Content-Type-Options", "nosniff"), ("Access-Control-Allow-Origin", "*"),'),
    Defect("attacks/matrix::test_every_page_answers", "neighbour/notices/views.py", "    mails = lists()[subscription.list]", "    service.leave(token)\n    mails = lists()[subscription.list]"),
    Defect("attacks/headers::test_a_look_beforehand", "neighbour/notices/views.py", "    mails = lists()[subscription.list]", "    service.leave(token)\n    mails = lists()[subscription.list]"),
    Defect("attacks/forging::test_no_form_of_another", "neighbour/core/web.py", 'not is_own_form():', 'not is_own_form() and False:'),
    Defect("attacks/forging::test_columns_that_no_form", "neighbour/notices/views.py", "    with atomic():\n        service.choose_lists", '    with atomic():\n        from neighbour.accounts.models import Person\n        from neighbour.core.db import db\n        who = db.session.get_one(Person, person_number())\n        who.is_operator = bool(request.form.get("is_operator"))\n        service.choose_lists'),
    Defect("attacks/forging::test_a_forged_address", "config.py", 'trusted_proxies=read.number("TRUSTED_PROXIES", 0)', 'trusted_proxies=read.number("TRUSTED_PROXIES", 1)'),
    Defect("attacks/forging::test_only_the_last_proxies", "neighbour/app.py", "x_for=hops", "x_for=3"),
    Defect("attacks/forging::test_no_page_and_no_mail", "neighbour/core/web.py", 'return str(current_app.config["SITE_URL"]) + path', "return request.host_url.rstrip('/') + path if request else path"),
    Defect("attacks/secrets::test_every_kind_of_secret", "neighbour/accounts/onetime.py", "        OneTimeToken.purpose == purpose,\n", ""),
    Defect("attacks/secrets::test_every_kind_of_secret", CORE, 'salt="neighbour:" + purpose', 'salt="neighbour:"'),
    Defect("attacks/secrets::test_every_kind_of_secret", "neighbour/accounts/passkeys.py", "Challenge.purpose == purpose\n", "Challenge.purpose != purpose\n"),
    Defect("attacks/secrets::test_every_kind_of_secret", CORE, END, '\nkind("stray", "opens nothing that anybody knows of")\n'),
    Defect("attacks/secrets::test_an_undeclared", CORE, "    if purpose not in KINDS:", "    if False:"),
    Defect("attacks/secrets::test_whoever_makes", "neighbour/residency/cases/visits.py", 'CODE = tokens.kind("visit_code"', 'CODE = max("visit_code"'),
    Defect("attacks/secrets::test_whoever_makes", "neighbour/notices/service.py", 'LIST = tokens.kind("list", "leaves one list of one person, and nothing else")\n', ""),
    Defect("attacks/scripts::test_every_field", "neighbour/templates/macros/forms.html", "{% macro _error(f) -%}", "{% macro _error(f) -%}{{ f.data|string|safe }}"),
    Defect("attacks/scripts::test_what_is_kept", CARD, "{{ c.excerpt|soft }}", "{{ c.excerpt|safe }}"),
    Defect("attacks/scripts::test_links", "neighbour/core/text.py", 'SCHEMES = {"http",', 'SCHEMES = {"ftp", "http",'),
    Defect("attacks/scripts::test_every_mail", "neighbour/app.py", '(name or "").endswith(".txt")', '(name or "").endswith((".txt", ".html"))'),
    Defect("attacks/scripts::test_addresses_of_pages", "neighbour/residency/proofs/__init__.py", "def shown(", "def shown(typed: str) -> str:\n    from markupsafe import Markup\n\n    return Markup(typed)\n\n\ndef _shown("),
    Defect("attacks/scripts::test_paper", "neighbour/residency/letter_words.py", "return Letter(slip.recipient,", "return Letter(slip.recipient[:1] + slip.recipient[:1],"),
    Defect("attacks/scripts::test_a_browser", CARD, "{{ c.excerpt|soft }}", "{{ c.excerpt|safe }}"),
    Defect("attacks/probes::test_no_line_end", "neighbour/notices/envelope.py", 'Header(header_text(text), "utf-8", header_name="Subject").encode(linesep="\\n")', "text"),
    Defect("attacks/probes::test_no_filter", "neighbour/core/web.py", '    if "\\0" in request.path:', '    if "\\1" in request.path:'),
    Defect("attacks/probes::test_no_field", "neighbour/offers/pickup.py", 'r"(?:stra(?:ß', 'r"\\w{0,99}(?:stra(?:ß'),
    Defect("attacks/probes::test_next", "neighbour/core/web.py", 'or target.startswith("//") ', ""),
    Defect("attacks/failing::test_where_nothing", "neighbour/policy/gate.py", "        limits.hit(rate", "        rate == 'auth' or limits.hit(rate"),
    Defect("attacks/failing::test_the_request_after", "neighbour/core/limits.py", "{_BEFORE} + :amount <= :times\"\n)", "{_BEFORE} + :amount <= :times + 1\"\n)"),
    Defect("attacks/failing::test_four_processes", "neighbour/core/limits.py", 'keyed_hash("rate", key)', 'keyed_hash("rate", key + str(__import__("os").getpid()))'),
    Defect("attacks/failing::test_whatever_is_gone", "neighbour/app.py", "        return _error_page(503)\n", "        return _error_page(503) if False else Response(str(error), status=503)\n"),
    Defect("attacks/failing::test_a_queue_that_is_away", "neighbour/core/jobs.py", "        except Exception:", "        except ValueError:"),
    Defect("attacks/failing::test_whatever_is_gone", "neighbour/app.py", "    return _error_page(500)\n", "    return _error_page(500).get_data(as_text=True)\n"),
    Defect("attacks/failing::test_every_class_counts", "neighbour/core/limits.py", '    if not _COUNT.at_once({**place,', '    if not rate.parts > 1 and not _COUNT.at_once({**place,'),
    Defect("attacks/failing::test_every_class_is_asked", "neighbour/core/limits.py", '    "mail": Rate(5, 3600),', '    "mails": Rate(5, 3600),\n    "mail": Rate(5, 3600),'),
    Defect("attacks/ended::test_the_cookie_of_an_ended", "tests/attacks/test_ended.py", '"DELETE FROM login_session WHERE token_hash = %s"', '"SELECT 1 WHERE %s IS NOT NULL"'),
    Defect("attacks/outside::test_nothing_but_pages", "neighbour/feed/views.py", '@views.get("/board")', '@views.get("/metrics", endpoint="x")\n@views.get("/board")'),
    Defect("attacks/outside::test_methods_that_repeat", "neighbour/feed/views.py", '@views.get("/board")', '@views.route("/board", methods=["GET", "TRACE"])'),
    Defect("attacks/outside::test_nothing_personal", "neighbour/accounts/templates/accounts/access.html", '{{ row(url_for("accounts.my_email"),', '{{ row(url_for("accounts.my_email", at=person.email),'),
    Defect("attacks/failing::test_nobody_writes", "neighbour/core/logs.py", "tuple(one_line(each) for each in told.args)", "told.args"),
    Defect("routes::test_every_page_that_names", "tests/guards/routes.json", '"object": ["before"]}, "names": true', '"object": ["before"]}, "nomen": true'),
    Defect("attacks/collecting::test_a_bot", "neighbour/feed/views.py", "names=True", "names=False"),
    Defect("attacks/collecting::test_a_week", "neighbour/core/limits.py", "        tallies[key] = PAGES_AT_ONCE - 1", "        tallies[key] = -999"),
    Defect("attacks/fuzz::test_what_is_no_number", "neighbour/core/web.py", '    if "\\0" in request.path:', '    if request.form.get("days") == "NaN":\n        return "fine"\n    if "\\0" in request.path:'),
    Defect("attacks/fuzz::test_no_request", "neighbour/core/text.py", '_UNSEEN.sub("", normal_form(text or ""))', '_UNSEEN.sub("", normal_form(text or "")[0] + normal_form(text or "")[1:])'),
    Defect("texts::test_every_text", REACH.replace("service", "views"), END, '\n\nTEXT = i18n.gettext("Nobody translated this yet")\n_ = i18n.gettext\nTEXT = _("Nobody translated this yet")\n'),
    Defect("texts::test_no_text_stands_where", REACH.replace("service", "views"), END, '\n_ = i18n.gettext\nTEXT = f"{_(\'Join in\')}!"\n'),
    Defect("personal::test_everything_the_archive_shows", "neighbour/mydata/values.py", '        "vouched": ', '        "vouched, once": '),
    Defect("personal::test_everything_the_archive_shows", "neighbour/mydata/words.py", '    "visit": ', '    "visits": '),
    Defect("personal::test_what_a_mail_was_about", "neighbour/mydata/values.py", '"accounts.new_device"', '"accounts.new_devices"'),
    Defect("texts::test_placeholders", DE, END, '\nmsgid "A %(word)s only here"\nmsgstr "Ein %(wort)s nur hier"\n'),
    Defect("texts::test_german_says_du", DE, END, '\nmsgid "Formal only here"\nmsgstr "Bitte geben Sie etwas ein"\n'),
    Defect("wall::test_no_foreign_row_can_be_read", QUICK, "author_id = (SELECT app_person()) OR", "true OR"),
    Defect("wall::test_no_foreign_row_can_be_read", WALL, 'wall("reach", select=f"quarter_id = ANY ({MY_QUARTERS})")', 'wall("reach", select="true")'),
    Defect("wall::test_no_foreign_row_can_be_read", "migrations/versions/0060_search.py", 'wall("saved_search", select=MINE,', 'wall("saved_search", select="true",'),
    Defect("wall::test_every_table_about_people", "migrations/versions/0060_search.py", 'wall(table, select="false")', "pass"),
    Defect("search/walls::test_shelves_say_where", QUICK_SEARCH, " AND (SELECT true FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY (mine) LIMIT 1)", ""),
    Defect("search/walls::test_a_foreign_quarters_canary", QUICK_SEARCH, "    IF EXISTS (SELECT FROM search_seen(search_hits(", "    IF true OR EXISTS (SELECT FROM search_seen(search_hits("),
    Defect("search/walls::test_it_follows_what_becomes_of_a_slip", "migrations/versions/0060_search.py", "  IF NEW.state <> 'published' THEN\n    DELETE FROM search_entry WHERE contribution_id = NEW.id;", "  IF false THEN"),
    Defect("search/walls::test_what_is_silenced", ASKED_SEARCH, "    AND (h.id = h.contribution_id OR a.state = 'published');", "    AND (h.id = h.contribution_id OR a.state = 'published') AND NOT EXISTS (SELECT FROM mute m WHERE m.author_id = c.author_id);"),
    Defect("search/wishes::test_a_search_for_one_quarter", ASKED_SEARCH, ' = (s.filters ->> \'home\')::int) AND """', ' IS NOT NULL) AND """'),
    Defect("search/wishes::test_the_issue_is_as_forgiving", "migrations/versions/0115_as_forgiving_as_the_search.py", ">= 0.5 * sum", ">= 0.1 * sum"),
    Defect("search/walls::test_what_a_kind_adds", "migrations/versions/0116_all_that_stands_on_a_slip.py", '"INSERT OR DELETE OR UPDATE OF question"', '"INSERT OR DELETE"'),
    Defect("search/pages::test_each_of_the_last_few", "neighbour/core/undo.py", "if each[0] != uid]\n", "if False]\n"),
    Defect("search/deeds::test_what_fits", ASKED_SEARCH, "+ 0.25 * coalesce", "+ 0 * coalesce"),
    Defect("search/deeds::test_a_thing_that_stands", "neighbour/search/service.py", "if not word.is_deed] or typed", "] or typed"),
    Defect("wall::test_no_foreign_row_can_be_written", WALL, 'insert=f"author_id = {ME} AND quarter_id = ANY ({MY_QUARTERS})",\n        update=f"author_id = {ME}"', 'insert="true",\n        update="true"'),
    Defect("wall::test_the_attempts_would_succeed", "tests/guards/test_wall.py", "READS = {", 'READS = {\n    "typing error": lambda t: [],'),
    Defect("wall::test_unset_and_public", QUICK, "audience = 'public' AND", "audience <> 'public' AND"),
    Defect("wall::test_what_is_public", WALL, "coalesce(current_setting('app.public', true), '') = '1'", "true"),
    Defect("wall::test_eyes_end", WALL, "coalesce(nullif(current_setting('app.quarters', true), '')::int[], '{}')", "(SELECT array_agg(id) FROM quarter)"),
    Defect("wall::test_a_session_without_a_viewer", "neighbour/core/scope.py", "    if _viewer.get() is None:\n        raise", "    if False:\n        raise"),
    Defect("wall::test_a_write_outside", "neighbour/core/db.py", "    if writes and not", "    if False and not"),
    Defect("wall::test_every_table", WALL, 'wall("read_mark"', 'len("read_mark") or wall("read_mark"'),
    Defect("walls_of_kinds::test_from_elsewhere", EVENTS, 'wall("event", select=SEEN.format("event.id"),', 'wall("event", select="true",'),
    Defect("walls_of_kinds::test_from_elsewhere", EVENTS, '("occurrence", DATES)', '("occurrence", "true")'),
    Defect("walls_of_kinds::test_from_elsewhere", OFFERS, 'wall("offer", select="EXISTS (SELECT 1 FROM contribution c WHERE c.id = offer.id)",', 'wall("offer", select="true",'),
    Defect("walls_of_kinds::test_beside_them", EVENTS, 'wall("participation", select=f"person_id = {ME} OR {of_mine}"', 'wall("participation", select="app_person() IS NOT NULL"'),
    Defect("walls_of_kinds::test_beside_them", OFFERS, 'select=f"person_id = {ME} OR {given_by_me}",\n        insert', 'select=seen,\n        insert'),
    Defect("walls_of_kinds::test_beside_them", VOTES, 'wall("poll_vote", select=f"person_id = {ME}"', 'wall("poll_vote", select=SEEN.format("poll_vote")'),
    Defect("walls_of_kinds::test_beside_them", KEPT, 'wall("bookmark", select=MINE,', 'wall("bookmark", select=SEEN.format("bookmark"),'),
    Defect("walls_of_kinds::test_beside_them", KEPT, 'wall("mute", select=MINE,', 'wall("mute", select=SEEN.format("mute"),'),
    Defect("walls_of_kinds::test_beside_them", CALENDARS, 'wall("calendar_feed", select=mine,', 'wall("calendar_feed", select="app_person() IS NOT NULL",'),
    Defect("wall::", "migrations/versions/0098_homes_before.py", 'select=f"person_id = (SELECT app_person()) OR {gone}"', 'select="true"'),
    Defect("residency/dispute_desk::test_what_is_kept", "migrations/versions/0098_homes_before.py", "q.since IS NOT NULL AND app_operates()", "q.since IS NOT NULL"),
    Defect("residency/dispute_desk::test_a_card_proves", "migrations/versions/0098_homes_before.py", "coalesce(l.printed_at, p.created_at)", "p.created_at"),
    Defect("residency/dispute_desk::test_what_was_proven_after", "migrations/versions/0098_homes_before.py", "AND p.created_at < before", ""),
    Defect("residency/dispute_desk::test_it_is_kept", "migrations/versions/0098_homes_before.py", "d.state IN ('waiting', 'objected')) RETURNING", "d.state = 'objected') RETURNING"),
    Defect("residency/dispute_desk::test_a_letterbox_renamed", "neighbour/residency/homes.py", "if proven_under is not None and (is_renamed or not is_same_house)", "if proven_under is not None and not is_same_house"),
    Defect("accounts/closed_accounts::test_a_secret_calendar", "migrations/versions/0096_closed_accounts.py", "d.state IN ('waiting', 'objected')", "false"),
    Defect("accounts/closed_accounts::test_taking_a_factor_back", "neighbour/accounts/taking_back.py", "    hooks.end_along(person_id)\n", ""),
    Defect("accounts/closed_accounts::test_a_password_set", "neighbour/accounts/service.py", "    hooks.end_along(person.id)\n", ""),
    Defect("accounts/closed_accounts::test_what_others_wrote", "neighbour/notices/service.py", "if notice.has_to_wait(mailbox):", "if False:"),
    Defect("accounts/closed_accounts::test_the_digest", "neighbour/digests/sending.py", " and not mailbox.is_closed", ""),
    Defect("accounts/closed_accounts::test_only_what_is_about", "neighbour/contributions/notices.py", '    key = "contributions.answered"\n', '    key = "contributions.answered"\n    goes_while_closed = True\n'),
    Defect("accounts/closed_accounts::test_silence", "migrations/versions/0097_offices_of_people.py", "OR EXISTS (SELECT FROM initiative_editor i WHERE i.person_id = of_person)", ""),
    Defect("accounts/closed_accounts::test_nor_one", "migrations/versions/0097_offices_of_people.py", ", e.stash #>> '{person,is_operator}'", ""),
    Defect("walls_of_kinds::test_each_of_the_two", EVENTS, 'wall("event_for_guests", select=f"{mine} OR {guest}",', 'wall("event_for_guests", select=mine,'),
    Defect("walls_of_kinds::test_every_table", "tests/guards/test_walls_of_kinds.py", '"event_for_guests", "ask", "offer_for_holder")', '"event_for_guests", "ask")'),
    Defect("walls_of_kinds::test_beside_them", "migrations/versions/0125_nobody_got_it.py", "USING ({_readers(chosen)})", "USING (app_person() IS NOT NULL)"),
    Defect("walls_of_kinds::test_each_of_the_two", "migrations/versions/0125_nobody_got_it.py", "{_readers(chosen)}", "{_readers('false')}"),
    Defect("offers/leaving::test_whoever_does_not_see", "migrations/versions/0106_queues_in_sight.py", "OR (c.state = 'published' AND NOT is_in_sight(c.id, a.person_id))", ""),
    Defect("offers/lending::test_a_loan_is_seen", "migrations/versions/0106_queues_in_sight.py", "a.person_id = app_person() AND a.state = 'lent'", "a.person_id = app_person() AND a.state = 'lent' AND c.state = 'published'"),
    Defect("offers/rules::test_what_came_down", "migrations/versions/0106_queues_in_sight.py", "e.opened_at BETWEEN c.published_at AND c.edited_at", "false"),
    Defect("offers/asking::test_the_wall_shows_an_ask", "migrations/versions/0106_queues_in_sight.py", "(is_back AND (OLD.turn > 0 OR", "(is_back AND (false OR"),
    Defect("offers/queue_machine::test_two_hundred", OFFERS, "NEW.place := 1 + coalesce((SELECT max(place) FROM ask WHERE offer_id = NEW.offer_id), 0);", "NEW.place := (random() * 1e9)::int;"),
    Defect("offers/queue_machine::test_no_two", OFFERS, "state = 'waiting' ORDER BY place LIMIT 1", "state = 'waiting' ORDER BY place DESC LIMIT 1"),
    Defect("events/answers::test_of_two_hundred", PLACES, "WHERE id = wanted FOR UPDATE;\n  IF me IS NULL", "WHERE id = wanted;\n  IF me IS NULL"),
    Defect("events/answers::test_an_offer_is_kept", PLACES, "ORDER BY asked_at, person_id LIMIT 1", "ORDER BY person_id LIMIT 1"),
    Defect("events/answers::test_an_offer_is_kept", PLACES, "at + interval '24 hours'", "at + interval '48 hours'"),
    Defect("events/answers::test_companions", PLACES, "EXIT WHEN free < 1 + next.companions;", "EXIT WHEN free < 1;"),
    Defect("contributions/widening::test_never_at_night", "neighbour/contributions/widening.py", "    if not is_daytime(now, zone):", "    if False:"),
    Defect("contributions/widening::test_never_at_night", "neighbour/contributions/widening.py", "next_daytime(clock.now() + after, zone)", "clock.now() + after"),
    Defect("contributions/widening::test_it_goes_next_door", WIDER, "CASE WHEN u.quarter_id IS NOT NULL THEN u.since", "CASE WHEN u.is_home AND fresh IS NULL THEN u.since"),
    Defect("contributions/widening::test_it_stays_where", "migrations/versions/0049_offers_follow.py", "asked.solved_at IS NULL AND NOT asked.is_left", "NOT asked.is_left"),
    Defect("contributions/widening::test_who_reads_along", WIDER, "CASE WHEN u.quarter_id IS NOT NULL THEN u.since", "CASE WHEN u.is_home THEN u.since"),
    Defect("contributions/shown_more_widely::test_what_is_shown", WIDER, "ELSE fresh END", "END"),
    Defect("contributions/shown_more_widely::test_whom_an_issue", WIDER, "WHEN b.quarter_id IS NOT NULL THEN b.since ELSE", "ELSE"),
    Defect("contributions/shown_more_widely::test_what_was_gone", WIDER, " <= b.gone_at, true)", " IS NOT NULL, true)"),
    Defect("contributions/alert_mails::test_everybody_in_the_area", VOTES, "AND s.list = 'alerts' AND s.is_on AND s.person_id <> c.author_id", "AND s.list = 'alerts' AND s.is_on AND s.person_id <> c.author_id AND (SELECT p.status FROM person p WHERE p.id = s.person_id) = 'active'"),
    Defect("contributions/alert_mails::test_one_a_day", "neighbour/contributions/alerts.py", "clock.today(i18n.zone()).isoformat() if is_limited else _own_period(contribution)", "_own_period(contribution)"),
    Defect("contributions/changed_answers::test_what_hung", "neighbour/contributions/service.py", " or _has_been_answered(answer)", ""),
    Defect("contributions/changed_answers::test_after_an_hour", "neighbour/contributions/service.py", "    if not may_revise(answer):", "    if False:"),
    Defect("contributions/changed_answers::test_what_it_said", "neighbour/contributions/service.py", "    db.session.execute(delete(CommentRevision).where(CommentRevision.comment_id == answer.id))\n", ""),
    Defect("contributions/changed_answers::test_nobody_else", "neighbour/policy/table.py", "P.COMMENT_EDIT: (confirmed, vouched, not_suspended, author)", "P.COMMENT_EDIT: (confirmed, vouched, not_suspended)"),
    Defect("posts/polls::test_a_poll_is_open", "neighbour/posts/polls.py", "clock.now() + timedelta(days=draft.days)", "post.published_at + timedelta(days=draft.days)"),
    Defect("contributions/alert_mails::test_what_the_team", POSTS, "alerts.tell(post, is_limited=is_limited)", "alerts.tell(post)"),
    Defect("contributions/alert_mails::test_what_the_team", POSTS, "alerts.tell(revised, is_limited=is_limited)", "alerts.tell(revised)"),
    Defect("contributions/alert_mails::test_what_the_team", "neighbour/contributions/alerts.py", '"days": [period, *days]', '"days": days'),
    Defect("contributions/alert_mails::test_the_all_clear", "neighbour/contributions/alerts.py", "_promise_end(contribution, now, now)", "_promise_end(contribution, clock.now(), now)"),
    Defect("contributions/two_windows::test_what_another_window_made", "neighbour/contributions/editing.py", 'f"{key} {alt}"', '""'),
    Defect("contributions/alert_mails::test_an_alert_whose_end", POSTS, "    if post.alerted_at is not None:\n", "    if False:\n"),
    Defect("posts/polls::test_votes_at_the_very", VOTES, "p.contribution_id = wanted FOR UPDATE;", "p.contribution_id = wanted;"),
    Defect("posts/polls::test_one_votes_once", VOTES, "AND v.person_id = me AND v.position <> ALL (chosen)", "AND v.person_id = me AND false"),
    Defect("posts/polls::test_only_who_has_proven", VOTES, "m.ended_at IS NULL AND m.level = 'verified') THEN\n    RETURN 'none'", "m.ended_at IS NULL) THEN\n    RETURN 'none'"),
    Defect("offers/rules::test_shares_are_fair", "neighbour/offers/service.py", "if not room(person_id).offers:", "if False:"),
    Defect("offers/rules::test_who_sells_more", "neighbour/offers/service.py", "if len(sold) >= MOST_SALES:", "if False:"),
    Defect("offers/rules::test_three_of_a_kind", "neighbour/offers/service.py", ">= MOST_OF_A_KIND:", "> MOST_OF_A_KIND:"),
    Defect("offers/rules::test_the_same_thing", "neighbour/offers/service.py", "        _not_again(author_id, title)\n", ""),
    Defect("events/offices::test_whoever_sent_the_list_is_named", "neighbour/contributions/cards.py", "        if self.office is not None:", "        if self.office is None:"),
    Defect("events/offices::test_what_an_editor_answers", "neighbour/contributions/thread.py", " and not contribution.is_office", ""),
    Defect("events/offices::test_an_initiative_whose_page_is_gone", OFFICES, "WHERE initiative_id = NEW.id AND is_office", "WHERE false"),
    Defect("events/offices::test_an_initiative_whose_page_is_gone", "neighbour/contributions/offices.py", "_PUBLIC = and_(Initiative.id == Contribution.initiative_id, Initiative.shown_to_all())", "_PUBLIC = and_(Initiative.id == Contribution.initiative_id)"),
    Defect("events/offices::test_nobody_silences", "neighbour/contributions/muting.py", "contribution.is_left or contribution.is_office", "contribution.is_left"),
    Defect("events/offices::test_nobody_silences", "neighbour/feed/service.py", "    _c.c.is_office,\n", ""),
    Defect("events/offices::test_nobody_silences", "neighbour/events/listing.py", " AND NOT x.is_office", ""),
    Defect("events/offices::test_nobody_silences", OFFICES, "KEPT_APART.format(MAPPED)", "SILENT.format(MAPPED)"),
    Defect("events/offices::test_whatever_becomes", OFFICES, "AFTER INSERT OR DELETE ON initiative_editor", "AFTER INSERT ON initiative_editor"),
    Defect("events/offices::test_whatever_becomes", OFFICES, "AFTER UPDATE OF status, is_operator", "AFTER UPDATE OF is_operator"),
    Defect("events/offices::test_whatever_becomes", OFFICES, "ORDER BY h.since, p.id LIMIT 1", "ORDER BY h.since DESC, p.id LIMIT 1"),
    Defect("events/offices::test_whatever_becomes", OFFICES, "    UPDATE revision SET editor_id = heir", "    PERFORM heir; UPDATE revision SET editor_id = editor_id"),
    Defect("events/offices::test_whatever_becomes", OFFICES, "AND p.status = 'active' AND p.confirmed_at IS NOT NULL)", "AND p.confirmed_at IS NOT NULL)"),
    Defect("events/offices::test_whoever_moves", OFFICES, "AND NOT is_left AND NOT is_office", "AND NOT is_left"),
    Defect("events/offices::test_whoever_moves", "neighbour/contributions/leaving.py", "        Contribution.is_office.is_(False),\n", ""),
    Defect("events/offices::test_where_nobody_speaks", OFFICES, "    AND NOT EXISTS (SELECT FROM speaks)", ""),
    Defect("events/offices::test_where_nobody_speaks", OFFICES, "AFTER INSERT OR DELETE ON initiative_editor", "AFTER DELETE ON initiative_editor"),
    Defect("events/offices::test_whoever_comes_back", "neighbour/mydata/erasing.py", "    mine = personal.goes_with(table, entry.of, person_id)\n    hide", "    mine = personal.belongs_to(table, entry.of, person_id)\n    hide"),
    Defect("events/offices::test_where_nobody_is_left", "neighbour/core/personal.py", "and_(column == person_id, *_own(last))", "column == person_id"),
    Defect("events/offices::test_where_nobody_is_left", "neighbour/contributions/personal.py", '    office="contribution_id.is_office",\n', ""),
    Defect("events/offices::test_where_nobody_is_left", OFFICES, "(c.is_office OR\"", "(false OR\""),
    Defect("events/offices::test_where_nobody_is_left", OFFICES, "ON initiative_editor USING ({OPERATES} OR {erased})", "ON initiative_editor USING ({OPERATES})"),
    Defect("events/offices::test_two_who_leave", OFFICES, "FOR KEY SHARE OF p SKIP LOCKED", "FOR KEY SHARE OF p"),
    Defect("events/offices::test_what_comes_in_while", "neighbour/events/importing.py", "        offices.settle()", "        # offices.settle()"),
    Defect("events/offices::test_what_an_operator_sends", "neighbour/events/importing.py", "        offices.settle()", "        # offices.settle()"),
    Defect("events/offices::test_a_keeper_from_elsewhere", "neighbour/events/changing.py", "        is_office=event.is_office,\n        initiative_id=event.initiative_id,\n", ""),
    Defect("events/offices::test_a_keeper_from_elsewhere", "neighbour/policy/table.py", "(proven_there, in_office)", "proven_there"),
    Defect("events/offices::test_an_operator_who_lives", "neighbour/contributions/edit_views.py", "(contribution.is_office or reach_allowed(form))", "reach_allowed(form)"),
    Defect("events/offices::test_whoever_keeps_it_now", "neighbour/events/page.py", "    return event.is_office and", "    return False and"),
    Defect("events/offices::test_only_whoever_holds", OFFICES, "OR (is_office AND holds_office({ME}, initiative_id))", "OR is_office"),
    Defect("events/offices::test_the_archive_says", "neighbour/contributions/personal.py", " is_office initiative_id:initiative", " is_office"),
    Defect("events/offices::test_the_desk_says", "neighbour/initiatives/service.py", "_IS_HERE = Person.status == Status.ACTIVE, ", "_IS_HERE = Person.id > 0, "),
    Defect("residency/quarters_change::test_what_is_kept_for_an_initiative", OFFICES, "c.quarter_id = m.was_id AND NOT c.is_office", "c.quarter_id = m.was_id"),
    Defect("migrations/migrations::test_what_came_with_lists", OFFICES, " (c.goes_along OR EXISTS", " (EXISTS"),
    Defect("migrations/migrations::test_what_came_with_lists", OFFICES, "    op.execute(\"SELECT settle_offices()\")\n", ""),
    Defect("events/copying::test_only_ones_own", "neighbour/contributions/composing.py", "        or source.author_id != identity().person_id\n", ""),
    Defect("events/copying::test_only_ones_own", "neighbour/contributions/composing.py", "        or source.is_office\n", ""),
    Defect("events/telling::test_a_mail_says_why", "neighbour/events/changing.py", 'event.cancelled_at, event.cancelled_why = None, ""', "event.cancelled_at = None"),
    Defect("events/telling::test_called_off_and_on_again", "neighbour/events/service.py", "event.changed_at, event.is_on_again = clock.now(), False", "event.changed_at = clock.now()"),
    Defect("events/answers::test_a_place_that_was_kept", "migrations/versions/0120_places_taken_back.py", "p.told_at DESC NULLS FIRST, p.asked_at DESC", "p.told_at, p.asked_at"),
    Defect("events/import::test_what_comes_in_is_what", "neighbour/events/importing.py", "repr((where, self.rows))", "repr(self.rows)"),
    Defect("events/dates::test_no_half_of_a_series", "neighbour/events/changing.py", "    before = halves.preceding(event)", "    before = None"),
    Defect("events/recurrence::test_a_date_of_a_series", "neighbour/events/ics.py", " if any(slots(series, day, day))}", "}"),
    Defect("events/calendars::test_an_address_is_dead", "neighbour/events/feeds.py", "    end(person_id, kind)\n    made", "    made"),
    Defect("events/calendars::test_the_table_keeps", "neighbour/events/feeds.py", "token_hash=tokens.hash_token(token)", "token_hash=token.encode()"),
    Defect("contributions/muting::test_a_neighbours_slips", REACH, "_c.c.author_id != all_(", "_c.c.author_id == all_("),
    Defect("contributions/muting::test_the_digest_leaves", "neighbour/contributions/muting.py", "return not is_urgent and (", "return is_urgent and ("),
    Defect("contributions/muting::test_answers_in_a_silent", "neighbour/contributions/notices.py", "if muting.is_silent(person_id, comment):", "if False:"),
)  # fmt: skip
#: about what the machine and not the code decides, or about the guard's own formula
WITHOUT = {
    "look::test_the_formula_knows_black_on_white",
    "packages::test_a_key_would_be_found",
    "packages::test_no_key_lies",  # run by make thorough; the one before is its defect
    "wall::test_the_application_is_neither_owner_nor_superuser",
    "pages::test_a_good_page_and_a_piece_of_one_have_none",
}


def guards() -> set[str]:
    """Every guard test there is, as ``file::name``; those of the attacks as ``attacks/file::name``."""
    found = set()
    for folder, prefix in (("guards", ""), ("attacks", "attacks/")):
        for path in sorted((ROOT / "tests" / folder).glob("test_*.py")):
            names = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
            file = prefix + path.stem.removeprefix("test_")
            found |= {f"{file}::{name}" for name in names if name.startswith("test_")}
    return found


def main(*wanted: str) -> int:
    """Plant, run, say; returns how many guards saw nothing."""
    idle = 0
    known = (*WITHOUT, *(defect.guard for defect in DEFECTS))
    for guard in sorted(each for each in guards() if not each.startswith(known)):
        print(f"NO DEFECT  {guard}")
        idle += 1
    chosen = [each for each in DEFECTS if not wanted or any(part in each.guard for part in wanted)]
    cluster.current()  # one for all of them: a cluster of its own each would take most of the time
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as gardeners:
        copies = SimpleQueue[Path]()
        for number in range(AT_ONCE):
            _copy(Path(folder) / str(number))
            copies.put(Path(folder) / str(number))

        def outcome_of(defect: Defect) -> str:
            copy = copies.get()
            try:
                return _try(copy, defect)
            finally:
                copies.put(copy)

        for defect, outcome in zip(chosen, gardeners.map(outcome_of, chosen), strict=True):
            idle += outcome != "red"
            print(f"{outcome:9}  {defect.guard}  ({defect.file})", flush=True)
    cluster.stop()
    return idle


def _copy(to: Path) -> None:
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, tracked):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    shutil.copytree(ROOT / "neighbour" / "static" / "build", to / "neighbour" / "static" / "build")


_SECONDS = count(10**9)


def _write(path: Path, text: str) -> None:
    """In a second of its own: Python knows what it has compiled by the second in which the source was written, and its size."""
    path.write_text(text, encoding="utf-8")
    second = next(_SECONDS)
    os.utime(path, (second, second))


def _try(copy: Path, defect: Defect) -> str:
    path = copy / defect.file
    before = path.read_text(encoding="utf-8")
    if defect.found not in before:
        return "NOT FOUND"
    _write(path, before + defect.put if defect.found == END else before.replace(defect.found, defect.put, 1))
    file, name = defect.guard.split("::")
    folder, _slash, file = f"guards/{file}".rpartition("/")
    place = f"tests/{folder.removeprefix('guards/')}/test_{file}.py"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", place, "-k", name]
    environment = {**os.environ, "PYTHONPATH": str(copy), "THOROUGH": "1"}
    environment["PYTEST_XDIST_WORKER"] = f"planted{copy.name}"  # databases of its own
    if defect.file.startswith("migrations/"):
        del environment[cluster.PLACE]  # it has to be migrated anew
    try:
        run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=300)
    finally:
        _write(path, before)
    if run.returncode == 0:
        return "GREEN"
    return "red" if "failed" in run.stdout else "red (stops before the test)"


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
