"""Every permission there is, by name."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a route, a service or a template may ask for."""

    PUBLIC_READ = "public:read"
    SIGN_UP = "account:sign_up"
    SIGN_IN = "account:sign_in"
    ACCOUNT_OWN = "account:own"
    ACCOUNT_RETURN = "account:return"
    HOME_OWN = "home:own"
    PROOF_GIVE = "proof:give"
    CODE_LINK = "proof:code_link"
    PROOF_RENEW_BY_LINK = "proof:renew_by_link"
    LETTER_REFUSE = "letter:refuse"
    INVITATION_OWN = "invitation:own"
    INVITATION_MAKE = "invitation:make"
    FLYER_MAKE = "flyer:make"
    BOARD_READ = "board:read"
    PREFERENCES_OWN = "preferences:own"
    UNSUBSCRIBE = "notices:unsubscribe"
    CONTRIBUTION_READ = "contribution:read"
    CONTRIBUTION_PUBLISH = "contribution:publish"
    CONTRIBUTION_PUBLISH_CITY = "contribution:publish_city"
    CONTRIBUTION_EDIT = "contribution:edit"
    CONTRIBUTION_WITHDRAW = "contribution:withdraw"
    CONTRIBUTION_SOLVE = "contribution:solve"
    COMMENT_WRITE = "comment:write"
    COMMENT_WITHDRAW = "comment:withdraw"
    THANK = "contribution:thank"
    EVENT_JOIN = "event:join"
    DESK_READ = "desk:read"
    PROOF_DECIDE = "proof:decide"
    INITIATIVE_EDIT = "initiative:edit"
    INITIATIVE_CONFIRM = "initiative:confirm"
    OPERATE = "instance:operate"
    DEV_MAILBOX = "dev:mailbox"
