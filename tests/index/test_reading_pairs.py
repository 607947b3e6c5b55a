"""What the cross-encoder is tuned on: texts whose sentences are where they are said to be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.reading_pairs import joined


@given(st.lists(st.text(min_size=1), max_size=6))
def test_joined_sentences_lie_in_the_text_as_they_were(sentences: list[str]) -> None:
    text, spans = joined(sentences)
    assert [span.of(text) for span in spans] == sentences
    assert text == " ".join(sentences)
