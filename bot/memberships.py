"""What it means for the bot that its place in a chat has changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Membership:
    """The bot's place in a chat."""

    is_in: bool
    may_write: bool
    """False also where it is not in."""
    is_admin: bool = False
    """An admin hears everything, whatever privacy mode is set to."""


class Change(Enum):
    """What happened."""

    JOINED = auto()
    LEFT = auto()
    SILENCED = auto()
    """It may not write any more, and could before."""


def change_between(before: Membership, after: Membership) -> Change | None:
    """Return what happened between two moments; None for nothing that matters."""
    if after.is_in and not before.is_in:
        return Change.JOINED
    if before.is_in and not after.is_in:
        return Change.LEFT
    if before.may_write and not after.may_write:
        return Change.SILENCED
    return None
