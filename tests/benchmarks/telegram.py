"""Measures the bot as people meet it: the real process against the stand-in Bot API server on loopback.

    python -m tests.benchmarks.telegram [--articles DIR --questions FILE] [--rounds N] [--json]

Without a dataset it asks about the articles that Footnote ships with. Times are those of the stand-in,
from the moment that a person's message is there to the moment that the bot's has come; both looks are
taken, and the settings are the defaults. A bare HTTP round trip to the stand-in is part of each.

What is counted: answers one at a time in a private chat; inline queries, each typed once; twenty chats
that ask ten questions each at once; and rounds of a hundred questions in the middle of which the
process is killed with SIGKILL and started again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from index.questions import read_questions
from tests.end_to_end.bot_process import BotProcess
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Message

ONE_AT_A_TIME: Final = 100
CHATS: Final = 20
QUESTIONS_A_CHAT: Final = 10
PATIENCE_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.05


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--articles", type=Path, default=Path("corpus"))
    parser.add_argument("--questions", type=Path, default=Path("corpus/questions.jsonl"))
    parser.add_argument("--rounds", type=int, default=20, help="of killing the process")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    questions = list(dict.fromkeys(each.text for each in read_questions(given.questions) if each.spans))
    random.Random(0).shuffle(questions)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        figures |= one_at_a_time(work, given.articles, questions)
        figures |= all_at_once(work, given.articles, questions)
        figures |= killed(work, given.articles, questions, given.rounds)
    if given.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:44} {value:.1f}" if isinstance(value, float) else f"{name:44} {value}")


@contextmanager
def running(
    work: Path, articles: Path, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[StandIn, BotProcess]]:
    """Give a bot that polls, with an empty state and the index of the articles."""
    state = work / "state"
    shutil.rmtree(state, ignore_errors=True)
    with StandIn() as stand_in:
        stand_in.switches.caches_inline_answers = False
        # One thread a library is for tests; here the machine is the bot's alone.
        own = {"OMP_NUM_THREADS": "", **(settings or {})}
        bot = BotProcess(stand_in, articles.absolute(), work / "index", state, own, options=())
        try:
            yield stand_in, bot.start()
        finally:
            bot.discard()


def one_at_a_time(work: Path, articles: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Ask in private, then inline, waiting for each answer; then end the process as a service does."""
    private: list[float] = []
    inline: list[float] = []
    with running(work, articles) as (stand_in, bot):
        person = stand_in.person("Ada")
        for question in itertools.islice(itertools.cycle(questions), ONE_AT_A_TIME):
            asked = person.asks(question)
            answer = stand_in.answer_to(asked)
            private.append((answer.at_seconds - asked.at_seconds) * 1000)
        for number in range(ONE_AT_A_TIME):
            query = person.types_inline(f"{questions[number % len(questions)]} {number}")
            stand_in.answered(query)
            inline.append((query.answered_at_seconds - query.at_seconds) * 1000)
        began = time.monotonic()
        bot.stop()
        end_seconds = time.monotonic() - began
    return {
        "private: p50, ms": statistics.median(private),
        "private: p95, ms": percentile(private, 95),
        "inline: p50, ms": statistics.median(inline),
        "inline: p95, ms": percentile(inline, 95),
        "SIGTERM to the end, s": end_seconds,
    }


def all_at_once(work: Path, articles: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Have twenty people ask ten questions each, without waiting for an answer; as few alike as there are."""
    endless = itertools.cycle(questions)
    asked_by = [list(itertools.islice(endless, QUESTIONS_A_CHAT)) for _ in range(CHATS)]
    # In a crowd the first look answers alone, which may mark another sentence.
    with running(work, articles, {"FOOTNOTE_CROSS_ENCODER": "none"}) as (stand_in, bot):
        by_first_look = [answers_of(stand_in, texts) for texts in asked_by]
        bot.stop()
    with running(work, articles) as (stand_in, bot):
        by_both = [answers_of(stand_in, texts) for texts in asked_by]
        people = [stand_in.person(f"Person {number}") for number in range(CHATS)]
        asked: list[list[Message]] = [[] for _ in people]
        for place in range(QUESTIONS_A_CHAT):
            for number, person in enumerate(people):
                asked[number].append(person.asks(asked_by[number][place]))
        wait_for_answers(stand_in, people, QUESTIONS_A_CHAT)
        times: list[float] = []
        in_order = True
        for person, own, *expected in zip(people, asked, by_first_look, by_both, strict=True):
            answers = person.chat.from_bot
            times += [
                (answer.at_seconds - message.at_seconds) * 1000
                for message, answer in zip(own, answers, strict=False)
            ]
            in_order &= all(
                answer.text in either for answer, *either in zip(answers, *expected, strict=False)
            )
        given = sum(len(person.chat.from_bot) for person in people)
        bot.stop()
    return {
        "20 chats, 10 questions each: lost": max(0, CHATS * QUESTIONS_A_CHAT - given),
        "20 chats: answered twice": max(0, given - CHATS * QUESTIONS_A_CHAT),
        "20 chats: in order within each chat": in_order,
        "20 chats: p95, ms": percentile(times, 95),
    }


def killed(work: Path, articles: Path, questions: Sequence[str], rounds: int) -> dict[str, Any]:
    """Kill the process in the middle of a hundred questions, start it again, and count the answers."""
    lost = twice = 0
    told = 0
    with running(work, articles) as (stand_in, bot):
        for number in range(rounds):
            people = [stand_in.person(f"Person {number} {place}") for place in range(10)]
            for question in itertools.islice(itertools.cycle(questions), 10):
                for person in people:
                    person.asks(question)
            middle = random.Random(number).randint(10, 90)
            stand_in.wait_for(
                lambda people=people, middle=middle: given_to(people) >= middle,  # type: ignore[misc]
                timeout_seconds=PATIENCE_SECONDS,
            )
            bot.kill()
            bot.start()
            wait_for_answers(stand_in, people, 10)
            # A second copy would come right after; what is asked now comes after it.
            stand_in.answer_to(people[0].asks(questions[0]), timeout_seconds=PATIENCE_SECONDS)
            for place, person in enumerate(people):
                extra = len(person.chat.from_bot) - 10 - (place == 0)
                lost += max(0, -extra)
                twice += max(0, extra)
        told = len(bot.lines("sent_again"))
        bot.stop()
    return {
        f"killed {rounds} times in 100 questions: lost": lost,
        "killed: answered twice": twice,
        "killed: of which the log says so": told,
    }


def answers_of(stand_in: StandIn, questions: Sequence[str]) -> list[str]:
    """Return what somebody is answered who asks this and nothing before, when nobody else asks."""
    person = stand_in.person("Somebody")
    return [stand_in.answer_to(person.asks(question)).text for question in questions]


def wait_for_answers(stand_in: StandIn, people: Sequence[Person], each: int) -> None:
    """Wait until everybody has as many messages as they asked questions."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    # Whoever is woken by every message, as `wait_for` is, takes the cores from the bot.
    while any(len(person.chat.from_bot) < each for person in people):
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s:\n{stand_in.log.told()}"
        time.sleep(LOOK_SECONDS)


def given_to(people: Sequence[Person]) -> int:
    """Return how many messages the bot has sent to these people."""
    return sum(len(person.chat.from_bot) for person in people)


def percentile(values: Sequence[float], share: int) -> float:
    """Return the value that `share` percent of the values do not exceed, interpolated."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    main()
