"""What buttons carry, and what comes back from anywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.callback_data import (
    ContextPress,
    ExamplePress,
    LanguagePress,
    OpenPress,
    Press,
    RebuildAction,
    RebuildPress,
    Shelf,
    ShowPress,
    SourcesPress,
    VotePress,
    pack,
    unpack,
)

ids = st.text("0123456789abcdef", min_size=16, max_size=16)
marks = st.one_of(st.none(), st.integers(0, 62))


@st.composite
def shelves(draw: st.DrawFn) -> Shelf:
    entries = draw(st.lists(st.tuples(ids, marks), min_size=1, max_size=5))
    return Shelf(
        tuple(passage_id for passage_id, _ in entries),
        tuple(mark for _, mark in entries),
        draw(st.integers(0, len(entries) - 1)),
    )


presses: st.SearchStrategy[Press] = st.one_of(
    st.builds(ShowPress, shelves()),
    st.builds(ContextPress, shelves()),
    st.builds(VotePress, shelves(), st.booleans()),
    st.builds(OpenPress, ids, marks),
    st.builds(SourcesPress, st.integers(0, 10**9 - 1)),
    st.builds(ExamplePress, ids),
    st.builds(
        RebuildPress,
        st.sampled_from(RebuildAction),
        st.from_regex(r"[A-Za-z0-9_-]{1,48}", fullmatch=True),
    ),
    st.builds(LanguagePress, st.from_regex(r"[a-z]{2,3}", fullmatch=True)),
)


@given(presses)
def test_a_press_comes_back_as_it_was_from_at_most_64_bytes(press: Press) -> None:
    data = pack(press)
    assert 1 <= len(data.encode()) <= 64
    assert unpack(data) == press


@given(st.one_of(st.text(), st.text(st.characters(exclude_categories=())), presses.map(pack)), st.data())
def test_whatever_comes_is_a_press_that_packs_to_it_or_none(data: str, draws: st.DataObject) -> None:
    at = draws.draw(st.integers(0, len(data)))
    damaged = data[:at] + draws.draw(st.text(max_size=2)) + data[at + draws.draw(st.integers(0, 2)) :]
    for each in (data, damaged):
        press = unpack(each)
        assert press is None or pack(press) == each


@pytest.mark.parametrize(
    "data",
    [
        "",
        "s",
        "x0",
        "s0AAAAAAAAAAA",
        "s1AAAAAAAAAAA_",
        "s0AAAAAAAAAAB_",
        "p01",
        "p-1",
        "p٣",
        "rx1",
        "rc",
        "lEN",
        "ls\n",
    ],
)
def test_what_we_do_not_write_is_not_understood(data: str) -> None:
    assert unpack(data) is None


def test_the_bytes_stay_what_they_are_so_that_buttons_under_old_messages_work() -> None:
    shelf = Shelf(("0123456789abcdef", "f" * 16), (0, None), 1)
    assert pack(ShowPress(shelf)) == "s1ASNFZ4mrze8A__________8_"
    assert pack(ContextPress(shelf))[0] == "c"
    assert pack(VotePress(shelf, True))[0] == "u"
    assert pack(VotePress(shelf, False))[0] == "d"
    assert pack(OpenPress("0" * 16, 1)) == "oAAAAAAAAAAAB"
    assert pack(SourcesPress(20)) == "p20"
    assert (
        pack(RebuildPress(RebuildAction.ROLL_BACK, "20260101T000000Z-abcdef")) == "rr20260101T000000Z-abcdef"
    )
    assert pack(LanguagePress("de")) == "lde"


@pytest.mark.parametrize(
    ("passage_ids", "marked", "place"),
    [
        ((), (), 0),
        (("0" * 16,) * 6, (None,) * 6, 0),
        (("0" * 15,), (None,), 0),
        (("A" * 16,), (None,), 0),
        (("0" * 16,), (), 0),
        (("0" * 16,), (63,), 0),
        (("0" * 16,), (None,), 1),
    ],
)
def test_a_shelf_that_a_button_cannot_carry_is_refused(
    passage_ids: tuple[str, ...], marked: tuple[int | None, ...], place: int
) -> None:
    with pytest.raises(ValueError, match="expected"):
        Shelf(passage_ids, marked, place)


@pytest.mark.parametrize(
    "make",
    [
        lambda: OpenPress("0" * 17),
        lambda: OpenPress("0" * 16, -1),
        lambda: SourcesPress(-1),
        lambda: SourcesPress(10**9),
        lambda: RebuildPress(RebuildAction.CANCEL, ""),
        lambda: RebuildPress(RebuildAction.CANCEL, "a" * 49),
        lambda: LanguagePress("english"),
    ],
)
def test_a_press_that_a_button_cannot_carry_is_refused(make: Callable[[], Press]) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
