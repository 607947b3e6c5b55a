"""Questions to show what can be asked: the first of the golden ones that people could read as such."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.golden import golden_questions
from bot.logs import EventLog
from index.cleaning import clean_question
from index.errors import QuestionFileError
from index.types import Question

MOST_EXAMPLES: Final = 6

_LONGEST: Final = 120
_ENDS: Final = ("?", "？")
_log: Final = EventLog(__name__)


def example_questions(path: Path | None, articles: Path) -> tuple[str, ...]:
    """Return up to `MOST_EXAMPLES` of the golden questions; none where there is no file that can be read.

    Args:
        path: The file that is set, if one is.
        articles: The articles folder, which may hold one.
    """
    try:
        return readable_questions(golden_questions(path, articles))
    except QuestionFileError as error:
        _log.warning("no_example_questions", error=error)
        return ()


def readable_questions(questions: Sequence[Question]) -> tuple[str, ...]:
    """Return the questions that are answered and written as whole ones, each article having its turn."""
    seen: dict[str, list[str]] = {}
    for question in questions:
        text = clean_question(question.text)
        if question.answerable and question.spans and text.endswith(_ENDS) and len(text) <= _LONGEST:
            seen.setdefault(question.spans[0].article_id, []).append(text)
    turns = max(map(len, seen.values()), default=0)
    in_turn = [texts[turn] for turn in range(turns) for texts in seen.values() if turn < len(texts)]
    return tuple(dict.fromkeys(in_turn))[:MOST_EXAMPLES]
