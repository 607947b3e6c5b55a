"""`footnote doctor`: looks at everything an answer needs, changes nothing, and says how to mend it."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import click

from bot.composition import Place, load_cross_encoder, load_encoder
from bot.rendering import json_text
from bot.terminal import is_terminal
from bot.wrapping import one_line
from index.errors import FootnoteError
from index.generation import Verification
from index.types import Answer, Collection, Question

if TYPE_CHECKING:
    from index.chosen_encoder import ChosenEncoder
    from index.cross_encoder import CrossEncoder
    from index.generation import OpenGeneration
    from index.retriever import Retriever

_Found = TypeVar("_Found")

_LEAST_PYTHON: Final = (3, 11)
_MODULES: Final = (
    "articles",
    "build_lock",
    "builder",
    "cross_encoder",
    "encoder",
    "front_matter",
    "generation_making",
    "lexical",
    "naive",
    "retriever",
    "segment",
    "vectors",
)
"""Those of `index` that between them import every package needed; models are loaded below."""
_FILES_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found."""

    name: str
    ok: bool | None
    """None where it could not be looked at because an earlier check failed."""
    found: str
    """What is there, or what is wrong."""
    fix: str | None = None
    """What to do about it; None where all is well or the finding says it."""

    def line(self) -> str:
        """Return the check as one line for a person."""
        if self.ok is None:
            return f"not checked: {self.name}: {self.found}"
        if self.ok:
            return f"ok: {self.name}: {self.found}"
        return f"FAIL: {self.name}: {self.found}{f' - {self.fix}' if self.fix else ''}"

    def as_dict(self) -> dict[str, str | bool | None]:
        """Return the check under stable names, ready for JSON."""
        return asdict(self)


class _FailedCheckError(Exception):
    """Ends one check: what is wrong, and its fix where the message does not say it."""

    def __init__(self, found: str, fix: str | None = None) -> None:
        super().__init__(found)
        self.fix = fix


class _NotCheckedError(Exception):
    """Ends one check that needs what an earlier one did not find."""


class Examination:
    """The checks in their order; what one finds the next ones use."""

    def __init__(self, place: Place) -> None:
        """Name what is to be looked at."""
        self._place = place
        self._encoder: ChosenEncoder | None = None
        self._cross_encoder: CrossEncoder | None = None
        self._collection: Collection | None = None
        self._generation: OpenGeneration | None = None

    def checks(self) -> Iterator[Check]:
        """Look at one thing after another and yield what each look found."""
        looks: tuple[tuple[str, Callable[[], str]], ...] = (
            ("Python", self._python),
            ("packages", self._packages),
            ("encoder", self._load_encoder),
            ("cross-encoder", self._load_cross_encoder),
            ("articles", self._read_articles),
            ("index", self._open_generation),
            ("vectors", self._look_at_vectors),
            ("index and encoder", self._compare_encoder),
            ("index and articles", self._compare_articles),
            ("an answer", self._ask),
        )
        for name, look in looks:
            yield _looked(name, look)

    def _python(self) -> str:
        if sys.version_info < _LEAST_PYTHON:
            raise _FailedCheckError(
                f"this is Python {platform.python_version()}; expected 3.11 or later",
                "install Footnote with a later Python",
            )
        return platform.python_version()

    def _packages(self) -> str:
        for name in _MODULES:
            try:
                importlib.import_module(f"index.{name}")
            except (ImportError, OSError) as error:
                raise _FailedCheckError(
                    f"index.{name} cannot be imported ({error})", "install Footnote anew with pip"
                ) from error
        return "all can be imported"

    def _load_encoder(self) -> str:
        self._encoder = load_encoder(self._place.settings)
        # Read or exported already or not: what a build would need must be there.
        identity = self._encoder.load().identity
        return f"{identity.name}, {identity.dimensions} dimensions, weights {identity.weights_sha256[:12]}"

    def _load_cross_encoder(self) -> str:
        self._cross_encoder = load_cross_encoder(self._place.settings, as_published=True)
        return "none, as set" if self._cross_encoder is None else "loaded"

    def _read_articles(self) -> str:
        from index.articles import read_collection

        self._collection = read_collection(self._place.articles)
        articles, skipped = len(self._collection.articles), self._collection.skipped
        if skipped:
            named = "; ".join(f"{file.path} {file.reason}" for file in skipped[:_FILES_NAMED])
            raise _FailedCheckError(
                f"{len(skipped)} of {articles + len(skipped)} files in {self._place.articles} are skipped",
                f"{named}{'; and others' if len(skipped) > _FILES_NAMED else ''}",
            )
        return f"{articles} in {self._place.articles}"

    def _open_generation(self) -> str:
        self._generation = self._place.index_folder.current(Verification.EVERY_BYTE)
        manifest = self._generation.manifest
        return (
            f"generation {self._generation.name} is whole, {manifest.passages:,} passages, in "
            f"{self._place.index}"
        )

    def _look_at_vectors(self) -> str:
        store = self._place.index_folder.store
        kept = store.check()
        generation = _needed(self._generation)
        if not store.holds(generation):
            raise _FailedCheckError(
                f"generation {generation.name} is not, or not wholly, kept in {kept}", "run `footnote build`"
            )
        if not store.is_served(generation.path):
            raise _FailedCheckError(
                f"the aliases in {kept} do not stand for generation {generation.name}",
                "ask anything with `footnote ask`, which puts them right",
            )
        return f"in {kept}"

    def _compare_encoder(self) -> str:
        encoder, generation = _needed(self._encoder), _needed(self._generation)
        made_by = generation.manifest.encoder
        if made_by != encoder.identity:
            raise _FailedCheckError(
                f"generation {generation.name} was made by {made_by.name} with other weights or prompts "
                f"than those of {encoder.identity.name}, which is set",
                "run `footnote build`, or set the encoder of before",
            )
        return "the same encoder made it"

    def _compare_articles(self) -> str:
        from index.builder import fingerprint_of

        collection, generation = _needed(self._collection), _needed(self._generation)
        if fingerprint_of(collection) != generation.manifest.corpus_fingerprint:
            raise _FailedCheckError("the articles changed since the last build", "run `footnote build`")
        return "up to date"

    def _ask(self) -> str:
        from index.retriever import Retriever

        encoder, generation = _needed(self._encoder), _needed(self._generation)
        settings = self._place.settings
        with Retriever.open(
            self._place.index_folder,
            encoder,
            self._cross_encoder,
            answering_threshold=settings.answering_threshold,
            second_look_ms=settings.second_look_ms,
            verification=Verification.SIZES,
        ) as retriever:
            source = next(retriever.texts.articles(), None)
            golden = self._golden_question(retriever)
            if golden is None and source is None:
                raise _FailedCheckError(
                    f"generation {generation.name} has no article", "run `footnote build`"
                )
            text = golden.text if golden is not None else source.title if source is not None else ""
            answer = retriever.ask(text)
            _expect_verbatim(answer, retriever)
        if not answer.passages or (golden is not None and not _answers(answer, golden)):
            raise _FailedCheckError(
                f"{text!r} did not get its answer",
                "run `footnote build`; where that does not help, compare the settings with the defaults",
            )
        return f"{text!r} found its passage in {answer.elapsed_ms:,.0f} ms"

    def _golden_question(self, retriever: Retriever) -> Question | None:
        """Return the first question of `questions.jsonl` beside the articles that they answer."""
        from index.questions import read_questions

        path = self._place.articles / "questions.jsonl"
        if not path.is_file():
            return None
        for question in read_questions(path):
            if question.spans and retriever.texts.article(question.spans[0].article_id) is not None:
                return question
        return None


def run_doctor(place: Place, *, as_json: bool) -> bool:
    """Write every check as soon as it is done and return whether none failed."""
    checks = []
    for check in Examination(place).checks():
        checks.append(check)
        if not as_json:
            click.echo(check.line())
    healthy = all(check.ok is not False for check in checks)
    if as_json:
        report = {"ok": healthy, "checks": [check.as_dict() for check in checks]}
        click.echo(json_text(report, for_reading=is_terminal(sys.stdout)))
    return healthy


def _looked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, one_line(look()))
    except _NotCheckedError:
        return Check(name, None, "an earlier check failed")
    except _FailedCheckError as failed:
        return Check(name, False, one_line(str(failed)), failed.fix and one_line(failed.fix))
    except FootnoteError as error:
        return Check(name, False, one_line(str(error)))


def _needed(value: _Found | None) -> _Found:
    """Return what an earlier check found."""
    if value is None:
        raise _NotCheckedError
    return value


def _answers(answer: Answer, golden: Question) -> bool:
    from index.metrics import success_at

    return answer.answered and success_at([ranked.passage for ranked in answer.passages], golden.spans, 3)


def _expect_verbatim(answer: Answer, retriever: Retriever) -> None:
    for ranked in answer.passages:
        article = retriever.texts.article(ranked.source.article_id)
        if article is None or ranked.passage.span.of(article.text) != ranked.text:
            raise _FailedCheckError(
                f"a passage of {ranked.source.article_id} is not what its article says",
                "run `footnote build`",
            )
