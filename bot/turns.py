"""Questions that got an answer: who asked them where, and what the next one may belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bot.remembered import Remembered

MOST_SPEAKERS: Final = 5_000
MOST_ANSWERS: Final = 20_000


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


class HeldTurns:
    """Turns in memory, bounded; what was put or got longest ago is forgotten first."""

    def __init__(self, *, most_speakers: int = MOST_SPEAKERS, most_answers: int = MOST_ANSWERS) -> None:
        """Set how much is remembered."""
        self._last: Remembered[Speaker, Turn] = Remembered(most_speakers)
        self._answers: Remembered[tuple[int, int], Turn] = Remembered(most_answers)

    def put(self, speaker: Speaker, turn: Turn) -> None:
        """Remember a turn, in place of the one with that answer where there is one."""
        last = self._last.get(speaker)
        # An older question may be edited.
        if last is None or last.answer_message_id <= turn.answer_message_id:
            self._last.put(speaker, turn)
        self._answers.put((speaker.chat_id, turn.answer_message_id), turn)

    def last_of(self, speaker: Speaker) -> Turn | None:
        """Return a speaker's turn whose answer is the latest message."""
        return self._last.get(speaker)

    def with_answer(self, chat_id: int, message_id: int) -> Turn | None:
        """Return the turn that a message is the answer of."""
        return self._answers.get((chat_id, message_id))
