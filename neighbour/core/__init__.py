"""The ground floor: what every room uses and what knows no room.

Some things live in exactly one file here, and guard tests keep it so: ``commit(`` in ``db``, SMTP in
``mail``, geopy in ``geo``, the current time in ``clock``, decryption in ``crypto``.
"""
