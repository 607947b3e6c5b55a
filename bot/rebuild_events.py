"""What a rebuild tells, as records, and as the lines in which its process tells them to the bot."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from index.types import BuildReport, SkippedFile

Phase = Literal["reading", "exporting", "embedding", "writing", "scoring"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is; each phase counts something of its own: files, texts, steps, questions."""

    phase: Phase
    done: int
    total: int
    elapsed_seconds: float
    """Since the rebuild began."""
    seconds_left: float | None
    """Of this phase; None where that cannot be told yet."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The index is up to date."""

    report: BuildReport
    score_before: float | None
    """The share of golden questions that the generation of before treats rightly; None without any."""
    score_after: float | None
    """The same for the new generation."""
    switched: bool
    """False where nothing had changed and the generation in use stays."""
    lost: tuple[str, ...] = field(default=(), repr=False)
    """The golden questions that the generation of before treats rightly, and the new one does not."""


@dataclass(frozen=True, slots=True)
class Worse:
    """What was built is kept as the candidate, because the golden questions fared worse with it."""

    report: BuildReport
    """`report.generation` is the candidate's name."""
    score_before: float
    score_after: float
    lost: tuple[str, ...] = field(default=(), repr=False)
    """As in `Finished`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The rebuild failed; the generation in use stays."""

    reason: str
    """A sentence, without secrets."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The rebuild was cancelled; the generation in use stays."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the process found out, told before it switches: what then serves is seen on the disk."""

    report: BuildReport
    is_new: bool
    """False where nothing had changed."""
    score_before: float | None = None
    score_after: float | None = None
    is_worse: bool = False
    """Whether the score falls by more than the margin."""
    lost: tuple[str, ...] = field(default=(), repr=False)
    """As in `Finished`."""


Outcome = Finished | Worse | Failed | Cancelled
"""How a rebuild ends."""

RebuildEvent = Progress | Outcome
"""What the bot is told: any number of `Progress`, then one `Outcome`."""

Message = Progress | Judged | Failed
"""What the process tells."""


def to_line(message: Message) -> str:
    """Return a message as one line of ASCII, without its end."""
    return json.dumps({"event": type(message).__name__, **asdict(message)})


def from_line(line: str) -> Message | None:
    """Return what `to_line` made a line of; None for any other line, such as a library's chatter."""
    try:
        fields: dict[str, Any] = dict(json.loads(line))
        match fields.pop("event"):
            case "Progress":
                return Progress(**fields)
            case "Judged":
                lost = tuple(fields.pop("lost"))
                return Judged(report=_report(fields.pop("report")), lost=lost, **fields)
            case "Failed":
                return Failed(**fields)
    except (KeyError, RecursionError, TypeError, ValueError):
        return None
    return None


def _report(fields: dict[str, Any]) -> BuildReport:
    files = {name: tuple(SkippedFile(**file) for file in fields[name]) for name in ("skipped", "notices")}
    return BuildReport(**{**fields, **files})
