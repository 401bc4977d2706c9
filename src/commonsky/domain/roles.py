"""Who may do what at a node: one table of roles and actions. What stands in no row may nobody do."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a person is at the node; one person may be several."""

    WATCH_OFFICER = "watch officer"
    RELEASE_AUTHORITY = "release authority"
    LIAISON = "liaison"
    """Speaks for the own nation at the combined centre."""
    EXCHANGE = "exchange"
    """Serves the combined centre, maybe lent by a partner: what goes where and why is not its concern."""
    PLANNER = "planner"
    ADMINISTRATOR = "administrator"
    """Keeps accounts and links, and sees no picture: that is another person's."""
    READER = "reader"


class Action(StrEnum):
    """What can be done at a node, in words that complete "may ..."."""

    SEE_STATUS = "see who the node is, its clock and its mode"
    KEEP_OWN_ACCOUNT = "change their own password and passkeys"
    VIEW_PICTURE = "see the picture and the warnings"
    VIEW_LOG = "read the watch log"
    VIEW_RELEASE = "see what partners get, and why"
    ACKNOWLEDGE_WARNING = "acknowledge warnings"
    ASK_OWNER = "ask owners questions about hidden objects"
    CUT_LINK = "cut and restore links"
    PLAN = "make plans and requests"
    APPROVE_TASK = "approve tasks on own assets"
    PROPOSE_AGREEMENT = "propose to sign, suspend, resume or withdraw agreements"
    APPROVE_AGREEMENT = "approve or reject what is proposed for agreements"
    ADMINISTER_ACCOUNTS = "administer accounts"


_EVERYBODY = frozenset({Action.SEE_STATUS, Action.KEEP_OWN_ACCOUNT})
_LOOKING = frozenset({Action.VIEW_PICTURE, Action.VIEW_LOG, Action.VIEW_RELEASE})

ACTIONS_OF: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.READER: _EVERYBODY | _LOOKING,
        Role.WATCH_OFFICER: _EVERYBODY
        | _LOOKING
        | {Action.ACKNOWLEDGE_WARNING, Action.ASK_OWNER, Action.CUT_LINK},
        Role.RELEASE_AUTHORITY: _EVERYBODY
        | _LOOKING
        | {Action.PROPOSE_AGREEMENT, Action.APPROVE_AGREEMENT, Action.CUT_LINK},
        Role.LIAISON: _EVERYBODY
        | _LOOKING
        | {
            Action.ACKNOWLEDGE_WARNING,
            Action.ASK_OWNER,
            Action.APPROVE_TASK,
            Action.PROPOSE_AGREEMENT,
        },
        Role.EXCHANGE: _EVERYBODY | {Action.VIEW_PICTURE, Action.ACKNOWLEDGE_WARNING, Action.PLAN},
        Role.PLANNER: _EVERYBODY | {Action.VIEW_PICTURE, Action.ASK_OWNER, Action.PLAN},
        Role.ADMINISTRATOR: _EVERYBODY | {Action.VIEW_LOG, Action.CUT_LINK, Action.ADMINISTER_ACCOUNTS},
    }
)
"""Refused is what a person's roles do not name here."""


def actions_of(roles: Iterable[Role]) -> frozenset[Action]:
    """Give all that the roles allow together."""
    return frozenset[Action]().union(*(ACTIONS_OF[role] for role in roles))
