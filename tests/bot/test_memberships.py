"""What a change of the bot's place in a chat means."""

from __future__ import annotations

import pytest

from bot.memberships import Change, Membership, change_between

OUT = Membership(is_in=False, may_write=False)
MEMBER = Membership(is_in=True, may_write=True)
MUTED = Membership(is_in=True, may_write=False)
ADMIN = Membership(is_in=True, may_write=True, is_admin=True)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (OUT, MEMBER, Change.JOINED),
        (OUT, MUTED, Change.JOINED),
        (OUT, ADMIN, Change.JOINED),
        (MEMBER, OUT, Change.LEFT),
        (MUTED, OUT, Change.LEFT),
        (MEMBER, MUTED, Change.SILENCED),
        (ADMIN, MUTED, Change.SILENCED),
        (MUTED, MEMBER, None),
        (MEMBER, ADMIN, None),
        (ADMIN, MEMBER, None),
        (OUT, OUT, None),
        (MUTED, MUTED, None),
    ],
)
def test_a_change_is_told_by_what_was_and_what_is(
    before: Membership, after: Membership, change: Change | None
) -> None:
    assert change_between(before, after) is change
