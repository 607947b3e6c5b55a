"""How far a model knows a language is told from its tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.understanding import familiarity, understanding


@pytest.mark.parametrize(
    ("words", "tokens", "share"),
    [
        ([], [], 0.0),
        (["run", "fast"], [[5], [6]], 1.0),
        (["donaudampf"], [[5, 6, 7]], 0.0),
        (["run", "xyz"], [[5], [0]], 0.5),
        (["东京"], [[5, 6]], 1.0),
        (["东京"], [[5, 0]], 0.0),
        (["东京"], [[5, 6, 7]], 0.0),
        ([""], [[]], 0.0),
    ],
)
def test_a_word_is_known_where_its_tokens_are_as_few_as_its_script_allows(
    words: list[str], tokens: list[list[int]], share: float
) -> None:
    assert familiarity(words, tokens, unknown=0) == share


def test_a_tokenizer_without_an_unknown_token_knows_every_one_of_its_tokens() -> None:
    assert familiarity(["run"], [[0]], unknown=None) == 1.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_understanding_rises_from_nothing_to_all(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= understanding(low) <= understanding(high) <= 1


def test_the_languages_of_the_sets_measured_are_told_apart() -> None:
    assert understanding(0.54) < 0.2
    assert understanding(0.35) == 0
    assert understanding(0.9) == 1
