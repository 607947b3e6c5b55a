"""Where the sentences of a text end: sentencex's boundaries, with the simple mistakes mended.

`sentencex` knows the abbreviations of some fifty languages and every script's full stop. What is
mended here is said of writing in general and not of one language: initials, ordinals, enumeration
marks left alone, sentences that go on in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

import sentencex

from index.types import Span

# sentencex takes time that grows with the square of a text's length on some texts (quotes that are
# never closed, Chinese without line ends), so it is shown one window at a time.
_WINDOW = 512
# What is found this close to a window's end may be otherwise once more of the text is seen.
_WINDOW_MARGIN = 64

# Languages that write "3rd" as "3.": a number before a full stop does not end a sentence there.
_ORDINAL_STOP = frozenset(
    "az bs cs da de et eu fi fo hr hu hy is lb lv mk nb nn no pl sk sl sq sr tr".split()  # noqa: SIM905
)
_ORDINAL = re.compile(r"(?<![\w.,:/-])(?<!\.\s)\d{1,2}\.\s+$")
_INITIAL = re.compile(r"(?:^|[\s(\[\"'“‘«„-])([^\W\d_])\.\s*$")
# A full stop, or any mark inside a quotation: after "Why?" the sentence that quotes may go on.
_STOP = re.compile(r"(?:[.…][\"'”’»)\]]*|[!?][\"'”’»]+)\s*$")
_CRY = re.compile(r"[!?！？؟][\"“'”’»)\]]*$")
_OPENING = "\"'“‘«„([{—–-*_> \t\n"
_QUOTE_END = tuple("”’」』")
_STOP_AND_LETTER = re.compile(r"[.!?…][\"'”’»)\]]*\s+[\"'“‘«„(\[]?([^\W\d_])")
_CLOSED_SENTENCE = re.compile(r"[.!?…][)\]]\s+(?=[\"“‘«„(]?([^\W\d_]))")
_WIDE_STOP_AND_DIGIT = re.compile("[。！？](?=[0-9])")
_DANDA = re.compile("[।॥]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_LETTER = re.compile(r"[^\W\d_]")
# One character of these scripts is a syllable or a word: ideographs, kana, hangul.
_SYLLABLE = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")
_HIRAGANA = re.compile("[\u3041-\u309f]")
# Thai and Lao have no full stop; a space between two of their letters is the writer's own pause.
_THAI_LAO_PAUSE = re.compile("(?<=[\u0e01-\u0edf])\\s+(?=[\u0e01-\u0edf])")
_SHORTEST_THAI_LAO = 40
_FEWEST_LETTERS = 3


def is_cased(text: str) -> bool:
    """Return whether `text` begins its sentences with capitals, as far as its script has them.

    False for text that was lowercased, where a small letter after a full stop begins a sentence;
    in other text it does not.
    """
    small = capital = 0
    for match in _STOP_AND_LETTER.finditer(text):
        small += match[1].islower()
        capital += match[1].isupper()
    return capital >= small


def sentence_spans(text: str, within: Span, language: str, *, cased: bool) -> list[Span]:
    """Return the sentences of `text[within.start : within.end]`, in order, as offsets in `text`.

    Every character there that is not white space is in exactly one of them; none begins or ends
    with white space. A fragment of fewer than three letters, such as the "14." of a numbered
    list, goes with the sentence after it unless it is a cry ("No!"), and one without any letter or
    digit with the one before.

    Args:
        text: Without lone surrogates.
        within: What to divide; no sentence runs on beyond it.
        language: ISO 639-1 code; one that sentencex does not know is read as English.
        cased: What `is_cased` says of the whole text.
    """
    piece = " ".join(within.of(text).split("\n"))
    language = language.lower().replace("_", "-").split("-")[0]
    ends = [end for end in _found_ends(piece, language) if not _goes_on(piece, end, language, cased=cased)]
    bounds = [0, *sorted({*ends, *_missed_ends(piece, [0, *ends])}), len(piece)]
    spans = (Span(start, end) for start, end in pairwise(bounds))
    trimmed = [span for span in (trim(piece, span) for span in spans) if span.start < span.end]
    return [
        Span(within.start + span.start, within.start + span.end)
        for span in _without_fragments(piece, trimmed)
    ]


def trim(text: str, span: Span) -> Span:
    """Return `span` without the white space at its ends; an empty span where there is nothing else."""
    inside = span.of(text)
    start = span.start + len(inside) - len(inside.lstrip())
    return Span(start, max(start, span.start + len(inside.rstrip())))


def _found_ends(piece: str, language: str) -> Iterator[int]:
    """Yield the ends that sentencex finds inside `piece`, the white space after them included."""
    position = 0
    while position < len(piece):
        window = piece[position : position + _WINDOW]
        last = position + len(window) >= len(piece)
        reach = len(window) - 1 if last else len(window) - _WINDOW_MARGIN
        found = [
            boundary["end_index"]
            for boundary in sentencex.get_sentence_boundaries(language, window)
            if boundary["end_index"] <= reach
        ]
        yield from (position + end for end in found)
        if last:
            return
        position += found[-1] if found else reach


def _goes_on(piece: str, end: int, language: str, *, cased: bool) -> bool:
    """Return whether the sentence goes on after `end`, although sentencex ends it there."""
    before = piece[max(0, end - 40) : end]
    after = piece[end : end + 4].lstrip()
    following = after.lstrip(_OPENING)[:1]
    if not before[-1:].isspace():
        # "J.-C." and 「はい。」と, with nothing between the stop and what follows.
        if after[:1] in ("-", "‐", "‑"):
            return True
        if before.endswith(_QUOTE_END) and _HIRAGANA.match(after):
            return True
    if not _STOP.search(before):
        return False
    if cased and following.islower():
        return True
    if initial := _INITIAL.search(before):
        if following.isdigit():
            return True
        # "I" is left out: it ends sentences, as a word in English and as a numeral after a name.
        if not initial[1].islower() and initial[1] not in "IІ":
            return following.isalpha()
    if language in _ORDINAL_STOP and _ORDINAL.search(before):
        return True
    # Where a text ends its sentences with a danda, the full stop is for abbreviations.
    return bool(before.rstrip().endswith(".") and _DANDA.search(piece, max(0, end - 500), end + 500))


def _missed_ends(piece: str, starts: list[int]) -> Iterator[int]:
    """Yield ends that sentencex does not see: before digits, after brackets, and at Thai pauses."""
    yield from (stop.end() for stop in _WIDE_STOP_AND_DIGIT.finditer(piece))
    for start, end in zip(starts, [*starts[1:], len(piece)], strict=True):
        if piece.startswith(("(", "["), start):
            closed = _CLOSED_SENTENCE.search(piece, start, end)
            if closed and closed[1].isupper():
                yield closed.end()
        if end - start > 2 * _SHORTEST_THAI_LAO:
            begun = start
            for pause in _THAI_LAO_PAUSE.finditer(piece, start, end):
                if min(pause.start() - begun, end - pause.end()) >= _SHORTEST_THAI_LAO:
                    begun = pause.end()
                    yield begun


def _without_fragments(piece: str, spans: list[Span]) -> list[Span]:
    """Return `spans` with those too short to be sentences joined to a neighbour."""
    whole: list[Span] = []
    open_from: int | None = None
    letters = 0
    for span in spans:
        if open_from is None and whole and not _LETTER_OR_DIGIT.search(piece, span.start, span.end):
            whole[-1] = Span(whole[-1].start, span.end)
            continue
        letters += _letters(piece, span)
        if open_from is None:
            open_from = span.start
        if letters >= _FEWEST_LETTERS or (letters and _CRY.search(piece, span.end - 3, span.end)):
            whole.append(Span(open_from, span.end))
            open_from, letters = None, 0
    if open_from is not None:
        start = whole.pop().start if whole else open_from
        whole.append(Span(start, spans[-1].end))
    return whole


def _letters(piece: str, span: Span) -> int:
    """Return how many letters stand in `span`; three where there are three or a syllable sign."""
    if _SYLLABLE.search(piece, span.start, span.end):
        return _FEWEST_LETTERS
    found = _LETTER.finditer(piece, span.start, span.end)
    return sum(1 for _ in islice(found, _FEWEST_LETTERS))
