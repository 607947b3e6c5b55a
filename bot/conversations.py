"""What was asked before: by it a short question, or a reply to an answer, is understood.

It is all in memory and bounded; people's questions are not written down for it. After a restart a
conversation begins anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from index.types import Answer

SHORT_WORDS: Final = 5
"""A question of so many words may lean on the one before it."""
MOST_SPEAKERS: Final = 5_000
MOST_ANSWERS: Final = 20_000

_SIGNS_A_WORD: Final = 2
"""How many characters a word has where there are no spaces between words."""
_WITHOUT_SPACES: Final = (
    ("\u2e80", "\ua4cf"),
    ("\uac00", "\ud7a3"),
    ("\uf900", "\ufaff"),
    ("\u0e00", "\u0eff"),
)
_QUESTION_ENDS: Final = ".?!…。？！؟"

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks where."""

    chat_id: int
    thread_id: int | None
    """The topic."""
    person_id: int | None
    """None where it may be one of several: an anonymous admin, or whoever writes for a channel."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The question that another one may belong to."""

    question: str = field(repr=False)
    is_replied_to: bool
    """Whether the answer to it was replied to; otherwise it is merely the one before."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that got an answer."""

    answer_message_id: int
    subject: str = field(repr=False)
    """The question, or the earlier one that it was understood by: what the next one may belong to."""
    earlier: Earlier | None
    """What this one may have belonged to, for when it is edited."""


class Conversations:
    """Remembers who asked what last, and which question each answer belongs to."""

    def __init__(self, *, most_speakers: int = MOST_SPEAKERS, most_answers: int = MOST_ANSWERS) -> None:
        """Set how much is remembered; the oldest is forgotten first."""
        self._last: _Remembered[Speaker, Turn] = _Remembered(most_speakers)
        self._answers: _Remembered[tuple[int, int], Turn] = _Remembered(most_answers)

    def earlier(
        self, speaker: Speaker, *, replied_to: int | None = None, edits_answer: int | None = None
    ) -> Earlier | None:
        """Return the question that one of a speaker may belong to; None where there is none.

        Args:
            speaker: Who asks.
            replied_to: The message that the question replies to.
            edits_answer: The answer that it has already, where it was edited.
        """
        turn = None if replied_to is None else self._answers.get((speaker.chat_id, replied_to))
        if turn is not None:
            return Earlier(turn.subject, is_replied_to=True)
        if edits_answer is not None:
            turn = self._answers.get((speaker.chat_id, edits_answer))
            return None if turn is None else turn.earlier
        last = None if speaker.person_id is None else self._last.get(speaker)
        return None if last is None else Earlier(last.subject, is_replied_to=False)

    def remember(self, speaker: Speaker, turn: Turn) -> None:
        """Remember what a speaker asked; the last question stays the last where an older one is edited."""
        key = (speaker.chat_id, turn.answer_message_id)
        last = self._last.get(speaker)
        is_edit = self._answers.get(key) is not None
        if not is_edit or last is None or last.answer_message_id == turn.answer_message_id:
            self._last.put(speaker, turn)
        self._answers.put(key, turn)

    def is_answer(self, chat_id: int, message_id: int) -> bool:
        """Return whether a message is known as an answer."""
        return self._answers.get((chat_id, message_id)) is not None


def is_short(question: str) -> bool:
    """Return whether a question is of at most `SHORT_WORDS` words."""
    unspaced = sum(any(first <= sign <= last for first, last in _WITHOUT_SPACES) for sign in question)
    spaced = "".join(
        " " if any(first <= sign <= last for first, last in _WITHOUT_SPACES) else sign for sign in question
    )
    words = sum(any(map(str.isalnum, word)) for word in spaced.split())
    return words + unspaced / _SIGNS_A_WORD <= SHORT_WORDS


def is_tried_again(question: str, alone: Answer, earlier: Earlier) -> bool:
    """Return whether a question is asked once more, together with an earlier one.

    A short reply to an answer is, also where it has an answer alone: "and black tea?" has many.
    """
    if earlier.is_replied_to:
        return not alone.answered or is_short(question)
    return not alone.answered and is_short(question)


def together(earlier: str, question: str) -> str:
    """Return two questions as one."""
    before = earlier.strip()
    if before and before[-1] not in _QUESTION_ENDS:
        before += "?"
    return f"{before} {question.strip()}".strip()


def wins_together(alone: Answer, both: Answer) -> bool:
    """Return whether a question is better supported together with the earlier one than alone."""
    return bool(both.passages) and both.confidence > alone.confidence


class _Remembered(Generic[_Key, _Value]):
    """The values that were put or got last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[_Key, _Value] = OrderedDict()

    def get(self, key: _Key) -> _Value | None:
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: _Key, value: _Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
