"""Neighbour: the application, and the map of its rooms.

A room is a subject; open its folder and you know it. Imports point down only (see the contracts in
``pyproject.toml``), from the top of this list to the bottom:

=================  ==========================================================================
``workers``        Celery: thin envelopes round one service call each (top-level package)
``cli``, ``up``    the operator's commands; one supervisor for web, worker, beat and mailbox
``app``            ``create_app(config)`` and ROOMS, one line per room
``demo``           the demo city, drawn and written by this project
``posts``          a kind of contribution
``events``         another one: once or as a series, with the dates to come
``offers``         another: give, lend, sell, swap, wanted; the market, and the queue of who asks
``feed``           the quarter's board: reads across kinds
``map``            the quarter's map and its list: reads across kinds
``search``         one box for slips, answers, neighbours, initiatives, streets; saved searches
``digests``        the e-mail newspaper of a quarter
``stewardship``    the desk of those who help to run a quarter or the instance
``pages``          start page and the texts every site needs
``contributions``  the base of everything published: reach, the wall, comments, thanks, revisions
``residency``      address → quarter, proofs, letters, membership, the gazetteer
``accounts``       person, sign-up, sign-in, sessions
``quarters``       quarter, boundary, adjacency, locate(point), import
``notices``        notice classes, the delivery ledger, subscriptions, unsubscribe
``policy``         the whole rule book: one readable table
``core``           knows no room: database, scope, clock, jobs, mail, text, tokens, crypto
=================  ==========================================================================

A request lives in one folder: ``views`` → ``forms`` → ``service`` → ``models`` → template.
"""

__version__ = "0.1.0"  # the same as in pyproject.toml (a test compares)
