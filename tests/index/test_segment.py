"""Articles into passages: what holds for any text, and examples of each rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icu4py.breakers import CharacterBreaker

from index.analysis import count_words
from index.blocks import read_blocks
from index.segment import Limits, passage_id, segment
from index.types import Article, Passage

SMALL = Limits(merge_words=6, target_words=10, max_words=12, max_sentence_words=6, characters_per_word=4)


def article(text: str, language: str = "en", body_start: int = 0) -> Article:
    """Return an article of `text` and nothing else."""
    return Article("a/b", text, body_start, "Title", language)


def readable(text: str) -> str:
    """Return `text` as it is measured: one character for each line end, no lone surrogates."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text).replace("\r\n", "\n")


def sentence_texts(text: str, passages: Sequence[Passage]) -> list[str]:
    """Return the sentences of `passages` as they stand in `text`."""
    return [sentence.of(text) for passage in passages for sentence in passage.sentences]


def passage_texts(text: str) -> list[str]:
    """Return the texts of the passages of `text`."""
    return [passage.span.of(text) for passage in segment(article(text))]


# Fragments that are likely to meet: marks of Markdown, line ends, marks that combine, and prose.
MARKS = ["# ", "## ", "> ", "- ", "1. ", "```", "~~~", "---", "===", "***", "|", "|---|", "<!--", "-->", ":"]
LINE_ENDS = ["\n", "\n\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\f"]
HARD_CHARACTERS = [
    "\0",
    "\u0301",
    "\u200d",
    "\ufeff",
    "👨\u200d👩\u200d👧",
    "🇩🇪",
    "\ud800",
    "x" * 30,
    " " * 60,
]
PROSE = [
    "a",
    "B. ",
    "U.S. ",
    "It is so. ",
    "why? ",
    "“Yes.” ",
    "(No.) ",
    "sales fell. ",
    "3.5 ",
    "14. ",
    "; ",
]
SCRIPTS = ["好。", "はい。", "สวัสดี", "नमस्ते। ", "هل؟ ", "т. е. ", "word " * 12, ", "]
FRAGMENTS = st.sampled_from(MARKS + LINE_ENDS + HARD_CHARACTERS + PROSE + SCRIPTS)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=8), max_size=30).map("".join) | st.text(max_size=60)
LANGUAGES = st.sampled_from(["en", "de", "ru", "zh", "ja", "th", "ar", "hi", "it", "xx", ""])


@given(TEXTS, LANGUAGES, st.sampled_from([Limits(), SMALL]), st.integers(0, 5))
@example("a\n\nb\n\n" * 30, "en", SMALL, 0)
@example("a" + " " * 500 + "b.", "en", SMALL, 0)
@example("é\r\nfin\r\n\r\nd", "fr", SMALL, 3)
@settings(max_examples=400, deadline=None)
def test_passages_and_sentences_hold_together(text: str, language: str, limits: Limits, start: int) -> None:
    """Spans are valid, ordered, inside one another and trimmed; ids are the article's own."""
    body_start = min(start, len(text))
    passages = segment(article(text, language, body_start), limits)
    sentences = [sentence for passage in passages for sentence in passage.sentences]
    assert all(body_start <= span.start < span.end <= len(text) for span in sentences)
    different = sorted(set(sentences))
    assert all(first.end <= second.start for first, second in pairwise(different))
    assert all(
        first.span.start < second.span.start and first.span.end < second.span.end
        for first, second in pairwise(passages)
    )
    for passage in passages:
        assert list(passage.sentences) == [
            span for span in different if passage.span.start <= span.start and span.end <= passage.span.end
        ]
        assert passage.span.start == passage.sentences[0].start
        assert passage.span.end == passage.sentences[-1].end
        assert re.search(r"[^\W_]", passage.span.of(text)) or len(passages) > 1
        assert 1 <= passage.paragraph <= passage.paragraph_count
        assert passage.article_id == "a/b"
        assert re.fullmatch("[0-9a-f]{16}", passage.passage_id)
    assert all(first.paragraph <= second.paragraph for first, second in pairwise(passages))
    for sentence in sentences:
        assert sentence.of(text).strip() == sentence.of(text) != ""
    assert len({passage.passage_id for passage in passages}) == len(passages)
    assert segment(article(text, language, body_start), limits) == passages


@given(TEXTS, LANGUAGES, st.sampled_from([Limits(), SMALL]))
@settings(max_examples=300, deadline=None)
def test_no_passage_is_larger_than_the_maximum(text: str, language: str, limits: Limits) -> None:
    """Neither in words nor in characters, unless one character with its marks is."""
    for passage in segment(article(text, language), limits):
        shown = readable(passage.span.of(text))
        if len(list(CharacterBreaker(shown, "en"))) > 1:
            words = sum(count_words(readable(sentence.of(text))) for sentence in passage.sentences)
            assert words <= limits.max_words
            assert len(shown) <= limits.max_words * limits.characters_per_word


@given(
    st.lists(st.text(st.characters(exclude_characters="#<>|`~-=*_+0123456789"), max_size=40)).map("\n\n".join)
)
def test_every_letter_of_plain_text_is_in_a_sentence(text: str) -> None:
    """Without marks of Markdown nothing is left out: the sentences have all letters, in order."""
    sentences = {sentence for passage in segment(article(text), SMALL) for sentence in passage.sentences}
    letters = [character for character in text if character.isalnum()]
    assert [c for span in sorted(sentences) for c in span.of(text) if c.isalnum()] == letters


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_every_visible_letter_is_in_a_sentence(text: str) -> None:
    """With marks of Markdown, only what the structure hides is in no sentence."""
    text = re.sub("[\r\v\f\x85\u2028\u2029\ud800-\udfff]", "\n", text)
    passages = segment(article(text), SMALL)
    inside = {at for passage in passages for span in passage.sentences for at in range(span.start, span.end)}
    visible = read_blocks(text).visible
    assert {at for at in range(len(text)) if visible[at].isalnum()} <= inside


@given(TEXTS.map(lambda text: text.replace("\r", " ")), LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_windows_line_ends_change_no_sentence(text: str, language: str) -> None:
    """A text with CRLF for LF has the same sentences and passages but for the line ends."""
    windows = text.replace("\n", "\r\n")
    plain = segment(article(text, language), SMALL)
    converted = segment(article(windows, language), SMALL)
    assert [p.sentences[0].of(text).replace("\n", "\r\n") for p in plain] == [
        p.sentences[0].of(windows) for p in converted
    ]
    assert [s.replace("\n", "\r\n") for s in sentence_texts(text, plain)] == sentence_texts(
        windows, converted
    )
    assert [(p.headings, p.paragraph) for p in plain] == [(p.headings, p.paragraph) for p in converted]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029"])
def test_any_line_end_divides_paragraphs(end: str) -> None:
    """Two line ends with white space between them begin another paragraph."""
    text = f"One is here.{end} \t{end}Two is here."
    passages = segment(article(text))
    assert sentence_texts(text, passages) == ["One is here.", "Two is here."]
    assert passages[0].paragraph_count == 2


def test_a_passage_knows_its_headings_and_its_paragraph() -> None:
    """The front matter is left out, headings are carried, paragraphs are counted from 1."""
    text = "---\ntitle: T\n---\n# Top\n\nFirst one.\n\n## Sub\n\nSecond one.\n\nThird one."
    passages = segment(article(text, body_start=text.index("# Top")))
    assert [(p.span.of(text), p.headings, p.paragraph, p.paragraph_count) for p in passages] == [
        ("First one.", ("Top",), 1, 3),
        ("Second one.\n\nThird one.", ("Top", "Sub"), 2, 3),
    ]


def test_front_matter_with_windows_line_ends_is_left_out() -> None:
    """`body_start` counts the characters of the file, two for each line end."""
    text = "---\r\ntitle: T\r\ntags: a\r\n---\r\nFirst one.\r\n\r\nSecond one."
    passages = segment(article(text, body_start=text.index("First")))
    assert sentence_texts(text, passages) == ["First one.", "Second one."]


def test_items_and_rows_are_sentences_and_stay_as_written() -> None:
    """An item keeps its mark, a row its bars, an image and a link their marks."""
    text = "Buy:\n- milk\n- [eggs](e.md). Ten!\n\n| a | b |\n|---|---|\n| 1 | ![x](y.png) |"
    passages = segment(article(text))
    assert sentence_texts(text, passages) == [
        "Buy:", "- milk", "- [eggs](e.md).", "Ten!", "| a | b |", "| 1 | ![x](y.png) |",
    ]  # fmt: skip
    assert passage_texts(text) == [text]


def test_a_paragraph_up_to_the_maximum_stays_whole() -> None:
    """The last word that fits fits."""
    text = "It is so. " * 10
    limits = Limits(merge_words=10, target_words=10, max_words=30, max_sentence_words=15)
    assert [len(passage.sentences) for passage in segment(article(text), limits)] == [10]
    assert len(segment(article(text + "No."), limits)) > 1


def test_a_long_paragraph_becomes_passages_that_overlap_by_half() -> None:
    """Each begins in the middle of the one before, and the last ends with the paragraph."""
    text = " ".join(f"Sentence {number:03} has seven words now." for number in range(90))
    passages = segment(article(text))
    lengths = {len(passage.sentences) for passage in passages}
    assert lengths == {len(passages[0].sentences)}
    (length,) = lengths
    for first, second in pairwise(passages):
        shared = set(first.sentences) & set(second.sentences)
        assert length * 0.4 <= len(shared) <= length * 0.7
    assert passages[-1].span.end == len(text)
    assert {passage.paragraph for passage in passages} == {1}


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("东京大学成立于一八七七年，是日本最早的国立大学之一。", "zh"),
        ("Die Donaudampfschifffahrtsgesellschaft beschäftigte Binnenschifffahrtskapitäne. ", "de"),
        ("Москва является столицей Российской Федерации. ", "ru"),
    ],
)
def test_passages_are_as_long_in_any_language_as_a_reader_finds_them(sentence: str, language: str) -> None:
    """No language is cut short for the encoder's sake: a passage fills its words or characters."""
    passages = segment(article(sentence * 60, language))
    limits = Limits()
    full = len(sentence) + passages[0].span.end
    words = count_words(passages[0].span.of(sentence * 60)) + count_words(sentence)
    assert words > limits.max_words or full > limits.max_words * limits.characters_per_word


def test_a_break_or_a_comment_keeps_passages_apart() -> None:
    """Passages are not joined across a thematic break or a comment, which are in none."""
    assert passage_texts("One is.\n\n***\n\nTwo is.\n\n<!-- not this -->\n\nThree is.") == [
        "One is.", "Two is.", "Three is.",
    ]  # fmt: skip


def test_a_long_sentence_is_cut_where_a_reader_pauses() -> None:
    """Semicolons come before commas, commas before spaces; "1,000" is no pause."""
    limits = Limits(merge_words=1, target_words=8, max_words=12, max_sentence_words=6, characters_per_word=99)
    text = "one two, three four; five six seven eight nine"
    assert sentence_texts(text, segment(article(text), limits)) == [
        "one two, three four;", "five six seven eight nine",
    ]  # fmt: skip
    text = "one two three 1,000 four, five six seven eight"
    assert sentence_texts(text, segment(article(text), limits)) == [
        "one two three 1,000 four,", "five six seven eight",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧🇩🇪e\u0301" * 40, "นี้" * 60, "한국어" * 60, "e\u0301" * 150]
)
def test_a_cut_never_parts_a_character(text: str) -> None:
    """Emoji, flags, accents and vowel signs stay with what they belong to."""
    text = "a" + text
    whole = [0]
    for character in CharacterBreaker(text, "en"):
        whole.append(whole[-1] + len(character))
    passages = segment(article(text), SMALL)
    assert len(passages) > 1
    assert all({passage.span.start, passage.span.end} <= set(whole) for passage in passages)


def test_thai_is_cut_between_words() -> None:
    """A script without spaces is cut where Unicode lets a line break."""
    word = "ประเทศไทย"
    passages = segment(article(word * 300, "th"))
    assert len(passages) > 1
    assert all(span.start % len(word) in (0, 6) for p in passages for span in p.sentences)


def test_a_word_without_end_does_not_make_a_passage_without_end() -> None:
    """A megabyte without a space is one word; its characters count too."""
    limits = Limits()
    passages = segment(article("x" * 50_000))
    longest = max(passage.span.end - passage.span.start for passage in passages)
    assert longest <= limits.max_words * limits.characters_per_word


@pytest.mark.parametrize("text", ["", " \n\t", "----", "😀 !!!", "#", "# !", "<!-- x -->"])
def test_a_body_without_text_has_no_passage(text: str) -> None:
    """Nothing to read gives nothing to find."""
    assert segment(article(text)) == []


def test_ids_change_with_the_passage_and_with_nothing_else() -> None:
    """Text added above leaves an id as it was; a repeated text gets an id of its own."""
    alone = segment(article("# A\n\nSame words."))
    repeated = segment(article("# New\n\nOther words.\n\n# A\n\nSame words.\n\n# B\n\nSame words."))
    assert repeated[1].passage_id == alone[0].passage_id == passage_id("a/b", "Same words.", 1)
    assert repeated[2].passage_id == passage_id("a/b", "Same words.", 2) != repeated[1].passage_id
