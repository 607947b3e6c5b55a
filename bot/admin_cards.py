"""What an admin sees: a rebuild from beginning to outcome, how things stand, what was asked in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.callback_data import RebuildAction, RebuildPress, pack
from bot.cards import Button, Card, text_card
from bot.gaps import AskedInVain
from bot.phrases import Phrases
from bot.rebuild_events import Cancelled, Failed, Finished, Outcome, Progress, Worse
from bot.store_records import VoteCount
from bot.telegram_html import shortened
from index.types import BuildReport

NAMED_FILES: Final = 10
"""How many of the files that were left out are named."""

NAMED_QUESTIONS: Final = 20
"""How many of the questions that were asked in vain are named: as many as are read on one screen or two."""

NAMED_LOST: Final = 5
"""How many of the golden questions that are no longer right are named."""

_QUESTION_UNITS: Final = 150
_BAR_CELLS: Final = 12
_FILE_UNITS: Final = 200
_REASON_UNITS: Final = 1000


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand."""

    generation: str
    age_seconds: float
    """Since it was built."""
    articles: int
    passages: int
    model: str
    uptime_seconds: float
    p50_ms: float | None
    """Half of the last answers were there within so long; None before the first."""
    p95_ms: float | None
    measured: int
    """How many answers that is about."""
    waiting: int
    """Questions that wait for their turn."""


def rebuild_card(progress: Progress | None, token: str, phrases: Phrases) -> Card:
    """Return how far a rebuild is, with the button that cancels it.

    Args:
        progress: None before it has said anything.
        token: Which rebuild it is.
        phrases: The admin's language.
    """
    cancel = _row((RebuildAction.CANCEL, phrases.cancel), token=token)
    if progress is None:
        return text_card(phrases.rebuild_starting, cancel)
    part = min(1.0, progress.done / progress.total) if progress.total > 0 else 0.0
    # Rounded down, so that it is full only when all is done.
    cells = int(part * _BAR_CELLS)
    said = [
        getattr(phrases, f"phase_{progress.phase}"),
        phrases.rebuild_progress.format(
            bar="▰" * cells + "▱" * (_BAR_CELLS - cells),
            percent=phrases.percent.format(number=int(part * 100)),
            done=phrases.number(progress.done),
            total=phrases.number(progress.total),
        ),
    ]
    if progress.seconds_left is not None:
        said.append(phrases.time_left.format(duration=phrases.duration(progress.seconds_left)))
    return text_card("\n".join(said), cancel)


def outcome_card(
    outcome: Outcome, serving: str, token: str, phrases: Phrases, *, can_roll_back: bool = True
) -> Card:
    """Return how a rebuild ended, with what can be decided now.

    Args:
        outcome: How it ended.
        serving: The generation that answers now.
        token: Which rebuild it was, for the buttons.
        phrases: The admin's language.
        can_roll_back: Whether there is a generation before the one that was switched to.
    """
    still = phrases.still_answering.format(generation=serving)
    match outcome:
        case Finished(report, before, after, switched, lost):
            if not switched:
                return text_card(_lines(phrases.rebuild_unchanged, still, _left_out(report, phrases)))
            said = _lines(
                phrases.rebuild_done.format(generation=serving),
                _changes(report, phrases),
                _score(before, after, phrases),
                _lost(lost, phrases),
                _left_out(report, phrases),
            )
            roll_back = _row((RebuildAction.ROLL_BACK, phrases.roll_back), token=token)
            return text_card(said, roll_back if can_roll_back else ())
        case Worse(report, before, after, lost):
            said = _lines(
                _changes(report, phrases),
                _score(before, after, phrases),
                _lost(lost, phrases),
                _left_out(report, phrases),
                phrases.rebuild_worse,
            )
            choice = (
                (RebuildAction.SWITCH, phrases.switch_anyway),
                (RebuildAction.KEEP, phrases.keep_current),
            )
            return text_card(said, _row(*choice, token=token))
        case Failed(reason):
            return text_card(_lines(phrases.rebuild_failed, shortened(reason, _REASON_UNITS), still))
        case Cancelled():
            return text_card(_lines(phrases.rebuild_cancelled, still))


def kept_card(serving: str, phrases: Phrases) -> Card:
    """Return that a worse generation was not switched to."""
    return text_card(_lines(phrases.rebuild_kept, phrases.still_answering.format(generation=serving)))


def switched_card(serving: str, token: str, phrases: Phrases, *, can_roll_back: bool = True) -> Card:
    """Return that a generation answers of which nothing more is known, as after a restart."""
    roll_back = _row((RebuildAction.ROLL_BACK, phrases.roll_back), token=token)
    return text_card(phrases.rebuild_done.format(generation=serving), roll_back if can_roll_back else ())


def over_card(serving: str, phrases: Phrases) -> Card:
    """Return that a rebuild that was seen to run last runs no longer."""
    return text_card(_lines(phrases.rebuild_over, phrases.still_answering.format(generation=serving)))


def rolled_back_card(serving: str, phrases: Phrases) -> Card:
    """Return that the generation before answers again."""
    return text_card(phrases.rolled_back.format(generation=serving))


def roll_back_failed_card(reason: str, serving: str, phrases: Phrases) -> Card:
    """Return that there was nothing to go back to, or that it is damaged, in the words of the error."""
    still = phrases.still_answering.format(generation=serving)
    return text_card(_lines(phrases.roll_back_failed, shortened(reason, _REASON_UNITS), still))


def status_card(status: Status, phrases: Phrases) -> Card:
    """Return how things stand, a line for each."""
    if status.p50_ms is None or status.p95_ms is None:
        times = phrases.status_no_times
    else:
        times = phrases.status_times.format(
            p50=phrases.number(status.p50_ms),
            p95=phrases.number(status.p95_ms),
            count=phrases.number(status.measured),
        )
    said = _lines(
        phrases.status_generation.format(
            generation=status.generation, age=phrases.duration(status.age_seconds)
        ),
        phrases.status_holdings.format(
            articles=phrases.number(status.articles), passages=phrases.number(status.passages)
        ),
        phrases.status_model.format(model=shortened(status.model, _FILE_UNITS)),
        phrases.status_uptime.format(uptime=phrases.duration(status.uptime_seconds)),
        times,
        phrases.status_queue.format(waiting=phrases.number(status.waiting)),
    )
    return text_card(said)


def gaps_card(asked: AskedInVain, votes: VoteCount, phrases: Phrases) -> Card:
    """Return what was asked in vain, the most often asked first, and how people voted.

    Args:
        asked: The questions.
        votes: On all answers.
        phrases: The admin's language.
    """
    named = [
        f"{phrases.number(count)} × {shortened(question, _QUESTION_UNITS)}"
        for question, count in asked.questions[:NAMED_QUESTIONS]
    ]
    said = _lines(
        phrases.gaps_heading if named else phrases.gaps_none,
        *named,
        _more(len(asked.questions) - len(named), phrases),
        phrases.gaps_without_text.format(count=phrases.number(asked.without_text))
        if asked.without_text
        else "",
        phrases.gaps_votes.format(up=phrases.number(votes.up), down=phrases.number(votes.down)),
    )
    return text_card(said)


def _changes(report: BuildReport, phrases: Phrases) -> str:
    return phrases.rebuild_changes.format(
        articles=phrases.counted_articles(report.articles_added),
        changed=phrases.number(report.articles_changed),
        removed=phrases.number(report.articles_removed),
        reused=phrases.number(report.passages_reused),
        passages=phrases.number(report.passages),
        seconds=phrases.number(report.elapsed_seconds, 1),
    )


def _score(before: float | None, after: float | None, phrases: Phrases) -> str:
    if after is None:
        return ""
    if before is None:
        return phrases.rebuild_first_score.format(after=phrases.share(after))
    return phrases.rebuild_score.format(before=phrases.share(before), after=phrases.share(after))


def _lost(questions: Sequence[str], phrases: Phrases) -> str:
    if not questions:
        return ""
    named = [shortened(question, _QUESTION_UNITS) for question in questions[:NAMED_LOST]]
    return _lines(phrases.rebuild_lost, *named, _more(len(questions) - len(named), phrases))


def _left_out(report: BuildReport, phrases: Phrases) -> str:
    if not report.skipped:
        return ""
    named = [shortened(f"{file.path}: {file.reason}", _FILE_UNITS) for file in report.skipped[:NAMED_FILES]]
    return _lines(phrases.rebuild_skipped, *named, _more(len(report.skipped) - len(named), phrases))


def _more(count: int, phrases: Phrases) -> str:
    """Return that there are so many more than were named; nothing where all were."""
    return phrases.and_more.format(count=phrases.number(count)) if count else ""


def _lines(*said: str) -> str:
    return "\n".join(filter(None, said))


def _row(*choices: tuple[RebuildAction, str], token: str) -> tuple[tuple[Button, ...], ...]:
    return (tuple(Button(text, callback_data=pack(RebuildPress(action, token))) for action, text in choices),)
