"""`footnote chat`: a conversation, in which passages are opened by their numbers."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

import click

from bot.blocking import BlockingAnswering
from bot.composition import Place, load_encoder, opened_retriever
from bot.nearest import nearest_passages
from bot.rendering import Style, render_answer, render_more, render_passage
from bot.terminal import is_terminal, style_for
from index.texts import Texts
from index.types import Answer

HELP: Final = """Type a question, or one of these:
  2 or source 2   the whole of passage 2, its headings and its link
  more            further passages
  next            the passage that follows in the same article
  help            this
  quit            leave, as does Ctrl-D"""

_PROMPT: Final = "> "
_PASSAGES_KEPT: Final = 10
_OPEN: Final = re.compile(r"(?:source\s+)?\[?([0-9]{1,4})\]?", re.IGNORECASE)


class Word(Enum):
    """What a line can be but a question or a number."""

    NOTHING = auto()
    MORE = auto()
    NEXT = auto()
    SOURCE = auto()
    HELP = auto()
    QUIT = auto()


@dataclass(frozen=True, slots=True)
class OpenPassage:
    """The wish to see the passage of this number, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A question."""

    question: str


_WORDS: Final = {
    "": Word.NOTHING,
    "more": Word.MORE,
    "next": Word.NEXT,
    "source": Word.SOURCE,
    "help": Word.HELP,
    "?": Word.HELP,
    "quit": Word.QUIT,
    "exit": Word.QUIT,
}


def parse_line(line: str) -> Word | OpenPassage | Ask:
    """Return what a line asks for; everything that is no command is a question."""
    text = line.strip()
    word = _WORDS.get(text.lower())
    if word is not None:
        return word
    if found := _OPEN.fullmatch(text):
        return OpenPassage(int(found[1]))
    return Ask(text)


class Conversation:
    """What was asked, shown and opened last; every line gets one reply."""

    def __init__(self, ask: Callable[[str], Answer], texts: Texts, style: Style, shown: int = 3) -> None:
        """Take what answers, the texts that its passages are from, and how many to show at a time."""
        self._ask = ask
        self._texts = texts
        self._style = style
        self._at_a_time = shown
        self._answer: Answer | None = None
        self._shown = 0
        self._row: int | None = None

    def reply(self, line: str) -> str | None:
        """Return what to say to a line, empty for nothing; None where it says good-bye."""
        match parse_line(line):
            case Word.QUIT:
                return None
            case Word.NOTHING:
                return ""
            case Word.HELP:
                return HELP
            case Word.MORE:
                return self._more()
            case Word.NEXT:
                return self._next()
            case Word.SOURCE:
                return self._open(1)
            case OpenPassage(number):
                return self._open(number)
            case Ask(question):
                return self._answer_to(question)

    def _answer_to(self, question: str) -> str:
        answer = self._ask(question)
        if not answer.answered:
            # What is too far off to be named is not worth opening either.
            answer = replace(answer, passages=nearest_passages(answer))
        self._answer = answer
        self._shown = min(self._at_a_time, len(answer.passages))
        self._row = self._row_of(1) if answer.passages else None
        return render_answer(replace(answer, passages=answer.passages[: self._shown]), self._style)

    def _more(self) -> str:
        if self._answer is None:
            return "Ask something first."
        further = self._answer.passages[self._shown : self._shown + self._at_a_time]
        if not further:
            return "There are no more passages."
        first_number = self._shown + 1
        self._shown += len(further)
        return render_more(further, self._style, first_number=first_number)

    def _open(self, number: int) -> str:
        passages = self._answer.passages if self._answer is not None else ()
        if not passages:
            return "There is no passage to open; ask something first."
        if not 1 <= number <= len(passages):
            return f"There is no passage {number}; the last answer has 1 to {len(passages)}."
        ranked = passages[number - 1]
        self._row = self._row_of(number)
        return render_passage(
            ranked.passage,
            ranked.source,
            ranked.text,
            self._style,
            ranked=ranked,
            number=number,
            headings=True,
        )

    def _next(self) -> str:
        if self._row is None:
            return "There is no passage to go on from; ask something first."
        _, after = self._texts.neighbours(self._row)
        if after is None:
            return "That was the last passage of the article."
        self._row = after
        (stored,) = self._texts.passages([after])
        return render_passage(stored.passage, stored.source, stored.text, self._style, headings=True)

    def _row_of(self, number: int) -> int | None:
        if self._answer is None:
            return None
        return self._texts.find_passage(self._answer.passages[number - 1].passage.passage_id)


def run_chat(place: Place, *, top_k: int | None, up_to_date: bool, second_look: bool) -> None:
    """Answer what comes from standard input until it ends or says so.

    Raises:
        FootnoteError: The articles, the index or a model cannot be read.
    """
    encoder = load_encoder(place.settings)
    with (
        opened_retriever(place, encoder, up_to_date=up_to_date, second_look=second_look) as retriever,
        BlockingAnswering(retriever) as answering,
    ):
        conversation = Conversation(
            lambda question: answering.ask(question, top_k=_PASSAGES_KEPT, second_look=second_look),
            retriever.texts,
            style_for(sys.stdout),
            top_k or 3,
        )
        if is_terminal(sys.stdin):
            count = retriever.generation.manifest.articles
            click.echo(f'{count:,} article{"" if count == 1 else "s"}; "help" says what else can be typed.')
        try:
            _converse(conversation)
        except KeyboardInterrupt:
            # Here it is one of the ways to leave, and nothing was begun that could be half-made.
            click.echo()


def _converse(conversation: Conversation) -> None:
    for line in _lines():
        reply = conversation.reply(line)
        if reply is None:
            return
        if reply:
            click.echo(f"{reply}\n")
            sys.stdout.flush()


def _lines() -> Iterator[str]:
    """Yield what is typed, with a prompt and the keys of an editor where somebody types."""
    if not is_terminal(sys.stdin):
        yield from sys.stdin
        return
    # Importing it is what gives input() its keys; not every system has it.
    with suppress(ImportError):
        importlib.import_module("readline")
    while True:
        try:
            yield input(_PROMPT)
        except EOFError:
            click.echo()
            return
