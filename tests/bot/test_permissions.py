"""Only numeric ids make an admin, and only of people who write in their own name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.permissions import ANONYMOUS_ADMIN, Sender, admins_of, claimed_code, is_admin
from bot.settings import Settings
from bot.store import Store
from bot.store_people import CLAIM_CODE_SIGNS
from tests.bot.stores import with_store

ADMINS = frozenset({7, 8})


def test_those_whose_ids_are_named_are_admins_and_nobody_else() -> None:
    assert is_admin(Sender(7), ADMINS)
    assert not is_admin(Sender(9), ADMINS)
    assert not is_admin(Sender(None), ADMINS)
    assert not is_admin(Sender(7), frozenset())


@pytest.mark.parametrize(
    "sender",
    [
        Sender(7, writes_as_chat=True),
        Sender(7, is_bot=True),
        Sender(ANONYMOUS_ADMIN, is_bot=True, writes_as_chat=True),
        Sender(ANONYMOUS_ADMIN),
        Sender(136817688),
        Sender(777000),
    ],
)
def test_who_may_be_anybody_is_no_admin_even_where_the_id_is_named(sender: Sender) -> None:
    assert not is_admin(sender, ADMINS | {ANONYMOUS_ADMIN, 136817688, 777000})


@given(st.integers(), st.frozensets(st.integers()))
def test_no_id_is_an_admin_that_is_not_among_them(user_id: int, admins: frozenset[int]) -> None:
    assert is_admin(Sender(user_id), admins) <= (user_id in admins)


def test_admins_are_those_set_and_those_who_claimed(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.add_admin(8)
        assert await admins_of(Settings(admins=frozenset({7})), store) == {7, 8}
        assert await admins_of(Settings(), store) == {8}

    with_store(tmp_path, use)


@pytest.mark.parametrize("written", ["ABCD2345", "abcd-2345", " ABCD 2345\n", "<ABCD2345>", "`ABCD2345`."])
def test_a_code_is_found_however_it_is_written(written: str) -> None:
    assert claimed_code(written).upper() == "ABCD2345"


@given(st.text(CLAIM_CODE_SIGNS, min_size=1), st.text(" -–.\n"))
def test_what_stands_about_a_code_changes_nothing(code: str, about: str) -> None:
    assert claimed_code(about + about.join(code) + about) == code


@given(st.text())
def test_any_text_has_a_code_without_blanks(text: str) -> None:
    assert claimed_code(text).split() in ([], [claimed_code(text)])
