"""Fits `index/answer_pointer.json` and says, cross-validated, how often the marked sentence answers.

    python -m tests.benchmarks.fit_pointer --data DIR [--write]

DIR holds a dataset: `articles/` and `questions.jsonl`, in the form that `index.questions` reads. The
pointer that Footnote ships with was fitted on half of English XQuAD (github.com/google-deepmind/xquad,
CC BY-SA 4.0).

The cross-encoder reads each question with the passage that answers it, once whole and once the window
that `index.second_look` takes. The pointer is a softmax over the tokens, fitted to lie on those of the
answer. The figures are of pointers that never saw the article.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from index.answer_pointer import POINTER_NAME, AnswerPointer, Reading, default_pointer
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import OnnxCrossEncoder, load_cross_encoder_by_setting
from index.generation import IndexFolder
from index.questions import read_questions
from index.ranking import default_weights, first_look, sentence_scores
from index.retriever import Retriever
from index.second_look import Candidate, Excerpt, whole, window
from index.types import AnswerSpan, Question

FOLDS: Final = 10
PENALTY: Final = 0.003
"""Of the squared weights of states at unit variance; .001 and .01 were within .006."""
SCALE: Final = 0.2
"""Of those states, so that a step of the optimiser is of a like size in each of some hundred."""
EVIDENCE: Final = 0.25
"""The first look's opinion beside the pointer's: of 0, .25, .5, 1, 2 and 4 the best for whole passages
and for windows."""

PATH: Final = Path(__file__).parents[2] / "index" / POINTER_NAME


@dataclass(frozen=True, slots=True)
class Example:
    """One question, read with a part of the passage that answers it."""

    fold: int
    is_whole: bool
    excerpt: Excerpt
    reading: Reading
    evidence: NDArray[np.float64]
    """(m,): the first look's opinion of the excerpt's sentences."""
    holds: NDArray[np.bool_]
    """(m,): whether the sentence holds an answer whole."""
    answer: NDArray[np.bool_]
    """(n,): whether the token belongs to an answer."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, report, and with `--write` replace the pointer that Footnote ships with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of one dataset")
    parser.add_argument("--write", action="store_true", help=f"replace index/{POINTER_NAME}")
    given = parser.parse_args(arguments)
    cross_encoder = load_cross_encoder_by_setting()
    assert isinstance(cross_encoder, OnnxCrossEncoder)
    with tempfile.TemporaryDirectory() as folder:
        examples = read_all(given.data, Path(folder), cross_encoder)
    report(examples)
    fields = {
        "layer": default_pointer().layer,
        "evidence": EVIDENCE,
        "weights": [float(f"{weight:.4g}") for weight in fit(examples)],
    }
    if given.write:
        PATH.write_text(json.dumps(fields) + "\n", encoding="utf-8")


def read_all(data: Path, index_path: Path, cross_encoder: OnnxCrossEncoder) -> list[Example]:
    """Return every question with the likeliest passage that answers it, as whole and as window."""
    index_folder, encoder = IndexFolder(index_path), ChosenEncoder()
    build_index(data / "articles", index_folder, encoder)
    examples = []
    with Retriever.open(index_folder, encoder, None) as retriever:
        for question in read_questions(data / "questions.jsonl"):
            candidate = answering(retriever, question)
            if candidate is None:
                continue
            for excerpt in (whole(candidate), window(candidate)):
                reading = cross_encoder.read(question.text, excerpt.text)
                examples.append(example(question, candidate, excerpt, reading))
    return examples


def answering(retriever: Retriever, question: Question) -> Candidate | None:
    """Return the likeliest candidate that holds an answer of the question whole, None without one."""
    evidence = retriever.evidence(question.text)
    weights = default_weights()
    log_odds = first_look(evidence, weights)
    scores = sentence_scores(evidence, weights)
    order = np.argsort(-log_odds)
    for place, stored in zip(order, retriever.texts.passages(evidence.rows[order].tolist()), strict=True):
        span = stored.passage.span
        if any(
            answer.article_id == stored.source.article_id
            and span.start <= answer.span.start
            and answer.span.end <= span.end
            for answer in question.spans
        ):
            own = scores[evidence.sentences_of(int(place))]
            return Candidate(stored, own, float(log_odds[place]))
    return None


def example(question: Question, candidate: Candidate, excerpt: Excerpt, reading: Reading) -> Example:
    """Return what the pointer is fitted to."""
    passage = candidate.stored.passage
    first = passage.sentences[excerpt.first_sentence]
    begin = first.start - excerpt.sentences[0].start
    here = [each for each in question.spans if each.article_id == passage.article_id]
    read = slice(excerpt.first_sentence, excerpt.first_sentence + len(excerpt.sentences))
    begins, ends = reading.tokens.T + begin
    return Example(
        fold=zlib.crc32(passage.article_id.encode()) % FOLDS,
        is_whole=len(excerpt.sentences) == len(passage.sentences),
        excerpt=excerpt,
        reading=reading,
        evidence=candidate.sentence_scores[read],
        holds=np.array([holds(each.start + begin, each.end + begin, here) for each in excerpt.sentences]),
        answer=np.any(
            [(begins < each.span.end) & (ends > each.span.start) & (begins < ends) for each in here], axis=0
        ),
    )


def holds(start: int, end: int, answers: Sequence[AnswerSpan]) -> bool:
    """Return whether a sentence has one of the answers in it, whole."""
    return any(start <= each.span.start and each.span.end <= end for each in answers)


def fit(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return the direction, (d,), under which a softmax over the tokens is likeliest to name the answer."""
    used = [each for each in examples if each.answer.any()]
    states = np.concatenate([each.reading.states for each in used])
    counts = np.array([len(each.answer) for each in used])
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    owner = np.repeat(np.arange(len(used)), counts)
    targets = np.concatenate([each.answer / each.answer.sum() for each in used]).astype(np.float32)
    scale = SCALE / (states.std(0) + 1e-6)
    states = (states - states.mean(0)) * scale

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = states @ weights.astype(np.float32)
        highest = np.maximum.reduceat(scores, first)
        likelihoods = np.exp(scores - highest[owner])
        totals = np.add.reduceat(likelihoods, first)
        fitted = (targets @ scores - (np.log(totals) + highest).sum()) / len(used)
        gradient = states.T @ (targets - likelihoods / totals[owner]) / len(used)
        return float(PENALTY * weights @ weights - fitted), 2 * PENALTY * weights - gradient

    found = minimize(loss, np.zeros(states.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 80})
    direction: NDArray[np.float64] = found.x * scale
    return direction


def report(examples: Sequence[Example]) -> None:
    """Print how often the likeliest sentence of the passage, and of the window, holds the answer."""
    hits: dict[tuple[bool, str], list[bool]] = {}
    for fold in range(FOLDS):
        others = [each for each in examples if each.fold != fold]
        mine = [each for each in examples if each.fold == fold]
        if not mine:
            continue
        weights = fit(others).astype(np.float32)
        for evidence in (0.0, 0.25, 0.5, 1.0):
            pointer = AnswerPointer("", weights, evidence)
            for each in mine:
                scores = pointer.sentences(each.reading, each.excerpt.sentences, each.evidence)
                assert scores is not None
                key = each.is_whole, f"pointer and {evidence} of the first look"
                hits.setdefault(key, []).append(bool(each.holds[np.argmax(scores)]))
        for each in mine:
            key = each.is_whole, "first look alone"
            hits.setdefault(key, []).append(bool(each.holds[np.argmax(each.evidence)]))
    for (is_whole, name), found in sorted(hits.items()):
        kind = "whole passage" if is_whole else "window"
        print(f"{kind:<14} {name:<36} {np.mean(found):.3f} of {len(found)}")


if __name__ == "__main__":
    main()
