"""What was asked before: by it a short question, or a reply to an answer, is understood."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from bot.logs import EventLog
from bot.nearest import nearest_passages
from bot.phrases import LANGUAGES, phrases_for
from bot.small_talk import QUESTION_MARKS
from bot.store_faults import StoreError
from bot.turns import Earlier, Speaker, Turn
from index.types import Answer

if TYPE_CHECKING:
    from bot.store import Store

_log: Final = EventLog(__name__)

SHORT_WORDS: Final = 5
"""A question of so many words may lean on the one before it."""

_SIGNS_A_WORD: Final = 2
"""How many characters a word has where there are no spaces between words."""
_WITHOUT_SPACES: Final = (
    ("\u2e80", "\ua4cf"),
    ("\uac00", "\ud7a3"),
    ("\uf900", "\ufaff"),
    ("\u0e00", "\u0eff"),
)
_QUESTION_ENDS: Final = ".?!…。？！؟"
_SIGNS: Final = f'{_QUESTION_ENDS},;:¿¡，、；：()"“”„«»'


class Conversations:
    """Remembers who asked what last, and which question each answer belongs to."""

    def __init__(self, store: Store) -> None:
        """Take the store, which knows whether it must be remembered for other processes too."""
        self._store = store

    async def earlier(
        self, speaker: Speaker, *, replied_to: int | None = None, edits_answer: int | None = None
    ) -> Earlier | None:
        """Return the question that one of a speaker may belong to; None where there is none.

        Args:
            speaker: Who asks.
            replied_to: The message that the question replies to.
            edits_answer: The answer that it has already, where it was edited.

        Raises:
            StoreError: The state could not be read.
        """
        turn = None if replied_to is None else await self._store.turn_of_answer(speaker.chat_id, replied_to)
        if turn is not None:
            return Earlier(turn.subject, is_replied_to=True)
        if edits_answer is not None:
            turn = await self._store.turn_of_answer(speaker.chat_id, edits_answer)
            return None if turn is None else turn.earlier
        last = None if speaker.person_id is None else await self._store.last_turn(speaker)
        return None if last is None else Earlier(last.subject, is_replied_to=False)

    async def remember(self, speaker: Speaker, turn: Turn) -> None:
        """Remember what a speaker asked; the last question stays the last where an older one is edited.

        Where that cannot be written the log says so: the question has its answer all the same.
        """
        try:
            await self._store.note_turn(speaker, turn)
        except StoreError as error:
            _log.warning("turn_not_noted", error=error)


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
    """Return two questions as one, for people to read."""
    before = earlier.strip()
    if before and before[-1] not in _QUESTION_ENDS:
        before += "?"
    return f"{before} {question.strip()}".strip()


def searched(earlier: str, question: str) -> str:
    """Return what two questions are asked as: the later one, and what the earlier one is about.

    With all of the earlier one, and before the other, its own answer came once more: after "Who built the
    lighthouse?" to "And what colour?" as well.
    """
    return f"{question.strip()} {subject(earlier)}".strip()


def subject(question: str) -> str:
    """Return a question without the small words of its language; all of it where there are no others."""
    spoken = (phrases_for(code).small_words for code in LANGUAGES)
    kept = min((_without(question, words) for words in spoken), key=lambda words: sum(map(len, words)))
    return " ".join(kept) or question.strip()


def _without(question: str, small_words: Collection[str]) -> list[str]:
    """Return the words that are left."""
    for word in small_words:
        if any(first <= word[0] <= last for first, last in _WITHOUT_SPACES):
            question = question.replace(word, " ")
    words = list(filter(None, (word.strip(_SIGNS) for word in question.split())))
    # "vitamin A" and "Will Smith" are names; the first word of a question is written large anyway.
    names = set() if question.isupper() else {word for word in words[1:] if word[0].isupper()} - {"I"}
    return [word for word in words if word in names or word.casefold() not in small_words]


def wins_together(alone: Answer, both: Answer) -> bool:
    """Return whether a question is better supported together with the earlier one than alone.

    Where neither is answered that takes a passage that is near: of two next to nothings chance says which is
    more.
    """
    has_something = both.answered or bool(nearest_passages(both))
    return has_something and both.confidence > alone.confidence


def says_no_more(both: Answer, before: Answer) -> bool:
    """Return whether two questions together lead to the very sentence that the earlier one led to.

    The earlier one alone is enough for that: "And in 2023?" after a question about 2024 has the answer of
    2024, and as much support.
    """
    if not (both.answered and before.answered):
        return False
    found, shown = both.passages[0], before.passages[0]
    same_passage = found.passage.passage_id == shown.passage.passage_id
    return same_passage and found.highlight == shown.highlight


def is_remark(text: str) -> bool:
    """Return whether a text that replies to an answer need not be a question: long, and without its sign."""
    return not is_short(text) and not any(sign in text for sign in QUESTION_MARKS)
