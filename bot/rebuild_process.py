"""A rebuild, in a process of its own that leaves the cores to those who answer.

    build a candidate -> ask it and the generation in use the golden questions -> switch, or leave it at that

What goes on is told in lines on standard output. Run it by `footnote build --events`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Final

from bot.composition import Place, load_cross_encoder, load_encoder
from bot.golden import GoldenResult, ask_golden_questions, golden_questions
from bot.rebuild_events import Failed, Judged, Message, Phase, Progress, to_line
from index.errors import BuildRunningError, FootnoteError, GenerationError
from index.types import BuildReport, Question

if TYPE_CHECKING:
    from bot.settings import Settings
    from index.builder import BuildProgress
    from index.chosen_encoder import ChosenEncoder
    from index.cross_encoder import CrossEncoder
    from index.generation import IndexFolder

_NICENESS: Final = 10
_TELL_EVERY_SECONDS: Final = 0.2
_LOOK_FOR_PARENT_EVERY_SECONDS: Final = 0.5
_WAIT_FOR_OTHERS_SECONDS: Final = 15.0
"""How long another build may go on, such as that of a bot which was killed, before this one gives up."""
_SCORING_MS: Final = 60_000.0
"""How long a golden question may be read: its score must not hang on how busy the machine is."""

_ROUNDING: Final = 1e-9


def run_rebuild(place: Place) -> bool:
    """Rebuild as the settings say and return whether that went well; the reason is told where not."""
    _step_back()
    _end_with(os.getppid())
    output = sys.stdout

    def tell(message: Message) -> None:
        output.write(f"{to_line(message)}\n")
        output.flush()

    # A library that writes to standard output would do it in the middle of a line.
    with redirect_stdout(sys.stderr):
        try:
            _rebuild(place, tell)
        except FootnoteError as error:
            tell(Failed(str(error)))
            return False
    return True


class ProgressLines:
    """Tells how far a rebuild is, often enough and not more: what begins and what ends always."""

    def __init__(self, tell: Callable[[Progress], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Take what is told, and the clock that says when."""
        self._tell = tell
        self._clock = clock
        self._began = clock()
        self._phase: Phase | None = None
        self._phase_began = self._began
        self._told_at = self._began

    def tell(self, phase: Phase, done: int, total: int) -> None:
        """Tell that `done` of `total` are done, unless that was told just now."""
        now = self._clock()
        if phase != self._phase:
            self._phase, self._phase_began = phase, now
        elif done < total and now - self._told_at < _TELL_EVERY_SECONDS:
            return
        self._told_at = now
        left = (now - self._phase_began) / done * (total - done) if done else None
        self._tell(Progress(phase, done, total, now - self._began, left))


def is_worse(before: float | None, after: float | None, margin: float) -> bool:
    """Return whether the score falls by more than the margin; not where one of the two is unknown."""
    return before is not None and after is not None and before - after > margin + _ROUNDING


def _rebuild(place: Place, tell: Callable[[Message], None]) -> None:
    settings, folder = place.settings, place.index_folder
    questions = golden_questions(settings.questions, place.articles)
    lines = ProgressLines(tell)
    encoder = load_encoder(settings)
    report = _build(place, encoder, lines)
    if folder.candidate_name() != report.generation:
        if not report.switched:
            # The articles are again what serves: a candidate of before is about others.
            folder.discard_candidate()
        tell(Judged(report, is_new=report.switched))
        return
    judged = _judged(report, *_results(place, encoder, report.generation, questions, lines), settings)
    tell(judged)
    if not judged.is_worse:
        folder.switch_to(report.generation)


def _build(place: Place, encoder: ChosenEncoder, lines: ProgressLines) -> BuildReport:
    """Build a candidate; where somebody else builds, once that has ended."""
    from index.build_lock import build_lock
    from index.builder import build_index

    def on_progress(progress: BuildProgress) -> None:
        lines.tell(progress.phase, progress.done, progress.total)

    def build() -> BuildReport:
        return build_index(place.articles, place.index_folder, encoder, switch=False, on_progress=on_progress)

    try:
        return build()
    except BuildRunningError:
        with build_lock(place.index, _WAIT_FOR_OTHERS_SECONDS):
            pass
        # From the beginning: the other one may have switched to what this one has compared with.
        return build()


def _judged(
    report: BuildReport, before: GoldenResult | None, after: GoldenResult | None, settings: Settings
) -> Judged:
    """Return what golden questions say of a candidate; None stands for those that could not be asked."""
    score_before = None if before is None else before.score
    score_after = None if after is None else after.score
    return Judged(
        report,
        is_new=True,
        score_before=score_before,
        score_after=score_after,
        is_worse=is_worse(score_before, score_after, settings.worse_margin),
        lost=() if before is None or after is None else before.lost(after),
    )


def _results(
    place: Place, encoder: ChosenEncoder, candidate: str, questions: Sequence[Question], lines: ProgressLines
) -> tuple[GoldenResult | None, GoldenResult | None]:
    """Return what the generation in use and the candidate make of the golden questions."""
    if not questions:
        return None, None
    cross_encoder = load_cross_encoder(place.settings)
    done = 0

    def on_question() -> None:
        nonlocal done
        done += 1
        lines.tell("scoring", done, 2 * len(questions))

    def result(folder: IndexFolder) -> GoldenResult:
        return _result(place, folder, encoder, cross_encoder, questions, on_question)

    from index.trial_folder import TrialFolder

    folder = place.index_folder
    try:
        before = result(folder)
    except GenerationError:
        # Damaged, or of another version or encoder: it cannot serve either.
        before = None
    return before, result(TrialFolder(folder, candidate))


def _result(
    place: Place,
    folder: IndexFolder,
    encoder: ChosenEncoder,
    cross_encoder: CrossEncoder | None,
    questions: Sequence[Question],
    on_question: Callable[[], None],
) -> GoldenResult:
    from index.retriever import Retriever

    with Retriever.open(
        folder,
        encoder,
        cross_encoder,
        answering_threshold=place.settings.answering_threshold,
        second_look_ms=_SCORING_MS,
    ) as retriever:
        return ask_golden_questions(retriever, questions, on_question)


def _end_with(parent: int) -> None:
    """Interrupt this process when its parent dies, which is what it builds for.

    A bot that was killed is started again, and would find the folder locked while this goes on.
    """
    if sys.platform == "win32":
        # A dead parent keeps its number there; the next progress that is told finds nobody to read it.
        return
    builder = threading.get_ident()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_FOR_PARENT_EVERY_SECONDS)
        signal.pthread_kill(builder, signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _step_back() -> None:
    """Take a low priority and one core, and be ready for an interrupt even if it was ignored before."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if sys.platform != "win32":
        os.nice(_NICENESS)
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
