"""What accounts keeps about people; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import Blank, about, also, nobodys

about(
    "person",
    of="id",
    kind="account",
    out="email first_name last_name alias alias_before suspension_reason display_name street_shown language confirmed_at"
    " created_at status email_wish email_wished_at",
    inner="id signup_step is_operator public_id shows_own shows_nearby shows_city name_nearby name_city links_round"
    " password_round"
    " is_protected protected_at is_listed listed_from renamed_at is_on_map names_hashed",
    secret="email_key password_hash",
    erase=Blank(
        {
            "email": "''",
            "email_key": "'gone:' || gen_random_uuid()",
            "password_hash": "'!'",
            "public_id": "substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)",
            "first_name": "''",
            "last_name": "''",
            "display_name": "''",
            "name_nearby": "''",
            "name_city": "''",
            "is_protected": "false",
            "is_on_map": "false",
            "alias": "''",
            "alias_before": "''",
            "suspension_reason": "NULL",
            "street_shown": "NULL",
            "email_wish": "NULL",
            "email_wished_at": "NULL",
            "language": "language",
            "confirmed_at": "confirmed_at",
            "created_at": "date_trunc('month', created_at)",
            "is_operator": "false",
            "status": "'erased'",
        },
        why="a number without a name, as long as something signed by a former neighbour still hangs",
    ),
    ends="unconfirmed inactive",
)
about(
    "worn_name",
    of="person_id",
    kind="account",
    inner="id person_id kind worn_at until due",
    secret="hash",
    lasts="as long as the name is worn, and up to the next comparison with those of neighbours",
)
about(
    "login_session",
    of="person_id",
    kind="access",
    out="device created_at seen_at",
    inner="person_id expires_at ends_at is_kept fresh_at strong_at active_at",
    secret="token_hash",
    order="created_at",
    ends="sessions",
)
about(
    "one_time_token",
    of="person_id",
    kind="access",
    out="purpose email created_at expires_at used_at",
    inner="person_id tries",
    secret="token_hash",
    order="created_at",
    told="purpose NOT IN ('confirm', 'confirm_code', 'reset')",  # whether there is one says whose an address is (``decoys``)
    ends="links",
)
about(
    "passkey",
    of="person_id",
    kind="access",
    out="name created_at used_at",
    inner="id person_id sign_count transports",
    secret="credential_id public_key",
    lasts="as long as the account: a key that lies in a drawer for years is the way back in, so only its owner takes it away",
)
about(
    "authenticator",
    of="person_id",
    kind="access",
    out="created_at used_at",
    inner="person_id last_step",
    secret="sealed",
    lasts="as long as the account: the app is the second step until its owner takes it off",
)
about(
    "recovery_code",
    of="person_id",
    kind="access",
    out="created_at used_at",
    inner="person_id",
    secret="code_hash",
    ends="used_codes",
)
about(
    "email_change",
    of="person_id",
    kind="access",
    out="old_email new_email changed_at undo_until undone_at",
    inner="id person_id old_key",
    told="undone_at IS NULL",  # of what was taken back one mailbox is somebody else's
    ends="left_mail",
)
about(
    "factor_reset",
    of="person_id",
    kind="access",
    out="asked_at due_at state ended_at",
    inner="id person_id",
    ends="resets",
)
about(
    "dispute",
    of="person_id",
    kind="access",
    out="begun_at objected_at links_at state ended_at",
    # one of the two mailboxes is somebody else's
    inner="id person_id change_id due_at since is_by_silence wrong_old wrong_new old_email new_email new_key",
    ends="disputes",
)
about(
    "factor_aside",
    of="person_id",
    kind="access",
    # whose they are is what was quarrelled about: whoever has the account meanwhile learns nothing of them
    inner="id dispute_id person_id aside_at sign_count transports name last_step created_at used_at",
    secret="credential_id public_key sealed code_hash",
    ends="factors_aside",
)
# Whether these were sent says whether somebody else owns the address, and who asked for them may be anybody.
also("delivery", told="notice NOT IN ('accounts.confirm', 'accounts.reset')")
nobodys(
    "challenge",
    "holder_hash purpose challenge expires_at",
    why="riddles for passkeys, for five minutes, under a fingerprint",
    ends="challenges",
)
