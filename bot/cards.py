"""What a person gets to see: an answer, or anything else that the bot says, as HTML with buttons.

Nothing is read, written or sent here, and Telegram's library is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from bot.callback_data import (
    MOST_MARKED,
    MOST_PASSAGES,
    ContextPress,
    OpenPress,
    Press,
    Shelf,
    ShowPress,
    VotePress,
    pack,
)
from bot.citations import citation
from bot.context import context_quotes
from bot.nearest import nearest_passages
from bot.phrases import Phrases
from bot.quotes import quotable, quoted
from bot.shown import ShownPassage
from bot.source_lines import sentence_text, source_lines, title_of
from bot.telegram_html import (
    ELLIPSIS,
    MOST_UNITS,
    NOTHING,
    Html,
    bold,
    fitting,
    italic,
    lines,
    plain,
    sendable,
    shortened,
    single_line,
    utf16_units,
)
from index.types import Answer, RankedPassage, Span

QUESTION_UNITS: Final = 250
"""How much of a question is repeated above its answer."""
BUTTON_UNITS: Final = 56
"""How much of a passage a button names: what a phone shows of one that is as wide as the message."""


@dataclass(frozen=True, slots=True)
class Button:
    """One button under a message, which does exactly one thing."""

    text: str
    callback_data: str | None = None
    """Goes to the bot when it is pressed."""
    copy_text: str | None = None
    """Goes to the clipboard."""
    url: str | None = None
    """Is opened."""
    switch_inline_query: str | None = None
    """Is written after the bot's name in a chat that the person chooses."""

    def __post_init__(self) -> None:
        deeds = (self.callback_data, self.copy_text, self.url, self.switch_inline_query)
        if sum(deed is not None for deed in deeds) != 1:
            raise ValueError(f"{self}: expected exactly one thing to do; give one of the four")


class Remark(Enum):
    """What is said above a passage that is no answer; the value is the phrase's name."""

    NEAR = "near"
    """The articles do not answer, and it comes near."""
    NO_MORE = "no_more"
    """It was shown before, and a follow-up finds nothing else."""

    def told(self, phrases: Phrases) -> str:
        """Return the remark in a language."""
        told: str = getattr(phrases, self.value)
        return told


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a passage."""

    question: str | None = field(default=None, repr=False)
    """That it was found for, told where it is not to be seen; the only text in italics, so that it can be
    read off the message again."""
    remark: Remark | None = None

    def html(self, phrases: Phrases) -> Html:
        """Return the lines, nothing where there are none."""
        return lines(self._remark_line(phrases), self._question_line(phrases))

    def _remark_line(self, phrases: Phrases) -> Html:
        return NOTHING if self.remark is None else plain(self.remark.told(phrases))

    def _question_line(self, phrases: Phrases) -> Html:
        line = shortened(self.question or "", QUESTION_UNITS)
        if not line:
            return NOTHING
        before, _, after = phrases.question.partition("{question}")
        return plain(before) + italic(plain(line)) + plain(after)


@dataclass(frozen=True, slots=True)
class Card:
    """A message as it is sent: within Telegram's limits, whatever was put into it."""

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Row by row."""


def text_card(text: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> Card:
    """Return a card that says a text, such as a phrase with its values filled in.

    Args:
        text: Plain; what is longer than a message is cut, and an ellipsis says so.
        buttons: Row by row.
    """
    clean = sendable(text)
    if utf16_units(clean) > MOST_UNITS:
        clean = clean[: fitting(clean, MOST_UNITS - 1)].rstrip() + ELLIPSIS
    return Card(plain(clean).source, buttons)


def answer_card(answer: Answer, phrases: Phrases, *, place: int = 0, above: Above = Above()) -> Card:
    """Return one passage of an answer, the best unless said otherwise.

    Args:
        answer: Has at least one passage.
        phrases: The reader's language.
        place: Which of the passages.
        above: What stands above it.
    """
    ranked = answer.passages[place]
    return _card(
        shelf_of(answer.passages, place),
        ShownPassage(ranked.passage, ranked.source, ranked.text),
        ranked.highlight,
        phrases,
        above,
    )


def shown_card(shelf: Shelf, shown: ShownPassage, phrases: Phrases, *, above: Above = Above()) -> Card:
    """Return the passage at the shelf's place, as `answer_card` would; `shown` is that passage."""
    return _card(shelf, shown, _sentence(shown, shelf.marked_sentence), phrases, above)


def passage_card(shown: ShownPassage, phrases: Phrases, *, marked: int | None = None) -> Card:
    """Return one passage by itself, as a link, the list of articles or "Perhaps: ..." opens it.

    Args:
        shown: The passage.
        phrases: The reader's language.
        marked: The place of the sentence to mark, if any.
    """
    return shown_card(Shelf((shown.passage.passage_id,), (marked,), 0), shown, phrases)


def context_card(
    shelf: Shelf, shown: Sequence[ShownPassage], phrases: Phrases, *, above: Above = Above()
) -> Card:
    """Return the passage at the shelf's place between its neighbours, under their headings.

    Where there is not room for all, the passage comes first.

    Args:
        shelf: What the buttons lead through.
        shown: The passage and its neighbours, in the article's order; at least one.
        phrases: The reader's language.
        above: As in `answer_card`.
    """
    ids = [each.passage.passage_id for each in shown]
    own = shown[ids.index(shelf.passage_id) if shelf.passage_id in ids else 0]
    highlight = _sentence(own, shelf.marked_sentence)
    before = lines(above.html(phrases), _headings_line(own))
    below = source_lines(own, highlight, phrases)
    room = MOST_UNITS - before.units - below.units - 2
    html = lines(before, context_quotes(shown, own, highlight, room), below)
    return Card(html.source, _buttons(shelf, own, highlight, phrases, in_context=True))


def declining_card(answer: Answer, phrases: Phrases, *, hint: str | None = None) -> Card:
    """Return that the articles do not say, with the nearest passages as buttons where they are near.

    Args:
        answer: Does not answer.
        phrases: The reader's language.
        hint: What may help, on a line of its own.
    """
    nearest = nearest_passages(answer)
    said = phrases.declining_with_nearest if nearest else phrases.declining
    return text_card(
        said if hint is None else f"{said}\n{hint}",
        tuple((_perhaps_button(ranked, phrases),) for ranked in nearest),
    )


def shelf_of(passages: Sequence[RankedPassage], place: int) -> Shelf:
    """Return the shelf of up to five passages that the one at a place is on, at that passage."""
    first = place - place % MOST_PASSAGES
    kept = passages[first : first + MOST_PASSAGES]
    return Shelf(
        tuple(ranked.passage.passage_id for ranked in kept),
        tuple(marked_place(ranked) for ranked in kept),
        place - first,
    )


def marked_place(ranked: RankedPassage) -> int | None:
    """Return which of its passage's sentences is marked; None for none, and for one too far down."""
    if ranked.highlight not in ranked.passage.sentences[:MOST_MARKED]:
        return None
    return ranked.passage.sentences.index(ranked.highlight)


def telling_line(ranked: RankedPassage) -> str:
    """Return the marked sentence on one line; all of the passage where none is marked."""
    if ranked.highlight is None:
        return single_line(ranked.text)
    shown = ShownPassage(ranked.passage, ranked.source, ranked.text)
    return single_line(sentence_text(shown, ranked.highlight))


def _card(shelf: Shelf, shown: ShownPassage, highlight: Span | None, phrases: Phrases, above: Above) -> Card:
    before = above.html(phrases)
    below = source_lines(shown, highlight, phrases)
    passage = quoted(quotable(shown, highlight), MOST_UNITS - before.units - below.units - 2)
    return Card(lines(before, passage, below).source, _buttons(shelf, shown, highlight, phrases))


def _headings_line(shown: ShownPassage) -> Html:
    headings = " › ".join(filter(None, map(single_line, shown.passage.headings)))
    return bold(plain(shortened(headings, QUESTION_UNITS)))


def _sentence(shown: ShownPassage, place: int | None) -> Span | None:
    sentences = shown.passage.sentences
    return sentences[place] if place is not None and place < len(sentences) else None


def _perhaps_button(ranked: RankedPassage, phrases: Phrases) -> Button:
    said = telling_line(ranked) or title_of(ranked.source, phrases)
    text = phrases.perhaps.format(passage=shortened(said, BUTTON_UNITS))
    return Button(text, callback_data=pack(OpenPress(ranked.passage.passage_id, marked_place(ranked))))


def _buttons(
    shelf: Shelf, shown: ShownPassage, highlight: Span | None, phrases: Phrases, *, in_context: bool = False
) -> tuple[tuple[Button, ...], ...]:
    other_view: Press = ShowPress(shelf) if in_context else ContextPress(shelf)
    return (
        (
            *_turning(shelf, -1, "◀ {place}/{count}"),
            *_turning(shelf, 1, "{place}/{count} ▶"),
            Button("👍", callback_data=pack(VotePress(shelf, up=True))),
            Button("👎", callback_data=pack(VotePress(shelf, up=False))),
        ),
        (
            Button(
                phrases.only_passage if in_context else phrases.in_context, callback_data=pack(other_view)
            ),
            Button(phrases.copy_citation, copy_text=citation(shown, highlight, phrases)),
        ),
    )


def _turning(shelf: Shelf, step: int, text: str) -> tuple[Button, ...]:
    """Return the button to the passage before or after; none where there is no such passage."""
    place, count = shelf.place + step, len(shelf.passage_ids)
    if not 0 <= place < count:
        return ()
    press = ShowPress(Shelf(shelf.passage_ids, shelf.marked, place))
    return (Button(text.format(place=place + 1, count=count), callback_data=pack(press)),)
