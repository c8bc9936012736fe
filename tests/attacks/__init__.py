"""Attacks on the whole application, driven by what it says of itself: the URL map, the forms, the tables, the registers.

Nothing here is a list of pages. What a machine cannot find out – what a field is good for, what stands behind a part of an
address, which secret a page takes – is written down once in ``words.py``; what is not written down there fails the tests
that need it, with the line that is missing.

``mapping``  every page and method, and the fields it reads, from the source of its view
``words``    what fields, parts of addresses and secrets are
``world``    a small town: somebody for every line of the rule book, and things that belong to them
"""
