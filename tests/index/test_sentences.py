"""Sentence boundaries: each rule, in several languages."""

from __future__ import annotations

import pytest

from index.sentences import is_cased, sentence_spans, trim
from index.types import Span
from tests.benchmarks.segmentation import agreement, footnote_ends, load_sentencex, read_gold


def sentences(text: str, language: str = "en") -> list[str]:
    """Return the sentences of a whole text."""
    spans = sentence_spans(text, Span(0, len(text)), language, cased=is_cased(text))
    return [span.of(text) for span in spans]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["J. R. R. Tolkien wrote it.", "He was 3.5 years in the U.S. Army.", "Dr. Lind agrees."]),
        ("en", ["He lives in the U.S.", "She does not."]),
        ("en", ["He waited...", "Then he left.", "Why?!", "Nobody knows."]),
        ("en", ['"Stop!" he cried.', '"Why?" she asked.', "(It was late.)", "They went home."]),
        ("en", ["net sales rose 5.2 %.", "profit was eur 2.0 mn.", "it fell in 2008."]),
        ("en", ["No!", "Charles I.", "He ruled."]),
        (
            "de",
            ["Am 3. Mai kam er.", "Im 19. Jahrhundert wuchs z. B. Köln.", "Er wohnt in Nr. 5.", "Gut so."],
        ),
        ("ru", ["А. С. Пушкин родился в 1799 г. в Москве.", "Он писал, т. е. творил.", "Да!"]),
        ("zh", ["天气很好。", "是吗？", "好！", "价格是2.5元。"]),
        ("ja", ["「はい。」と言った。", "本当ですか？", "3.5ドルです。"]),
        ("hi", ["डॉ. शर्मा आए।", "वे कहाँ हैं?", "मैं पं. नेहरू से मिला।"]),
        ("ar", ["هذا نص قصير.", "هل تفهم؟", "نعم!", "ولد د. أحمد في تونس."]),
        ("ur", ["یہ جملہ ہے۔", "کیا یہ سچ ہے؟", "یہ دوسرا ہے۔"]),
        ("xx", ["Dr. Osei came.", "It is unknown."]),
        ("EN_gb", ["Dr. Osei came.", "It is known."]),
        ("", ["Dr. Osei came.", "There is no language."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language: str, expected: list[str]) -> None:
    """Abbreviations, initials, ordinals, decimals and quotes do not end a sentence; its marks do."""
    between = "" if language in ("zh", "ja") else " "
    assert sentences(between.join(expected), language) == expected


def test_a_thai_pause_divides_only_text_that_is_long_enough_on_both_sides() -> None:
    """Thai has no full stop, so a long text is divided at its spaces, and a short one is not."""
    clause = "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทยและเป็นศูนย์กลาง"
    assert sentences(f"{clause} {clause}", "th") == [clause, clause]
    assert sentences("ราคา สามบาท ห้าสิบ", "th") == ["ราคา สามบาท ห้าสิบ"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14. debt rose. 15. loans fell.", ["14. debt rose.", "15. loans fell."]),
        ("It is so. !!! Then it ended. 😀", ["It is so. !!!", "Then it ended. 😀"]),
        ("It is so. 7.", ["It is so. 7."]),
        ("7.", ["7."]),
        ("1. 2. 3.", ["1. 2. 3."]),
    ],
)
def test_a_fragment_is_no_sentence_of_its_own(text: str, expected: list[str]) -> None:
    """A number or a letter goes with what follows, marks with what stands before."""
    assert sentences(text) == expected


def test_a_small_letter_begins_a_sentence_only_in_lowercased_text() -> None:
    """After a full stop, "approx. five" goes on in cased text, and in lowercased text it may not."""
    assert sentences("It holds approx. five litres. It is full.") == [
        "It holds approx. five litres.",
        "It is full.",
    ]
    assert not is_cased("sales rose. profit fell. it is well.")
    assert is_cased("Sales rose. Profit fell.")
    assert is_cased("天气很好。是吗？")


def test_sentences_are_found_within_the_span_alone() -> None:
    """What stands around the span is not looked at, and offsets are those of the whole text."""
    text = "Before. One here. Two here. After"
    spans = sentence_spans(text, Span(8, 27), "en", cased=True)
    assert spans == [Span(8, 17), Span(18, 27)]


def test_a_text_of_many_windows_has_the_sentences_of_a_short_one() -> None:
    """No boundary is lost or made where one call to the library ends and the next begins."""
    expected = [f"Mr. No. {number} said {'so ' * (number % 90)}to Dr. Lind." for number in range(300)]
    assert sentences(" ".join(expected)) == expected


def test_one_sentence_longer_than_a_window_stays_whole() -> None:
    """A sentence without a mark for thousands of characters has no boundary."""
    long = "word " * 2000 + "end."
    assert sentences(f"{long} Next one.") == [long, "Next one."]


def test_trimming_leaves_an_empty_span_of_white_space() -> None:
    """A span of nothing but white space has no characters left."""
    assert trim("a  b", Span(0, 3)) == Span(0, 1)
    blank = trim("a  b", Span(1, 3))
    assert blank.start == blank.end


def test_the_gold_texts_agree_more_with_these_sentences_than_with_the_library_alone() -> None:
    """Mending is worth its lines: on the texts held out it agrees better in precision and F1."""
    held_out = [item for item in read_gold() if item.held_out]
    mended, plain = agreement(held_out, footnote_ends), agreement(held_out, load_sentencex())
    assert mended.f1 > plain.f1
    assert mended.precision > plain.precision
