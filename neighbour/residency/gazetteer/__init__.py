"""The city's register of addresses: reading what people write, finding the entry, saying honestly what it is not.

``spelling``  how streets and house numbers are written (pure)
``nearness``  how far apart two spellings are (pure)
``lookup``    from words to one entry, or to a question (pure; asks a ``Register``)
``memory``    the register as dictionaries, for many look-ups in one go
``stored``    the register as a few indexed queries, for web processes
``loading``   a CSV file into the database, all or nothing
``service``   what pages and other rooms call

Nothing here knows who lives where. May import what ``residency`` may.
"""
