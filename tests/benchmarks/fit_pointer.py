"""Fits the part `sentences` of `index/answer_pointer.json`: which sentence of a passage answers.

    python -m tests.benchmarks.fit_pointer --data DIR [--write]

DIR holds a dataset: `articles/` and `questions.jsonl`, in the form that `index.questions` reads. The
pointer that Footnote ships with was fitted on half of English XQuAD (github.com/google-deepmind/xquad,
CC BY-SA 4.0).

The cross-encoder reads each question with the passage that answers it. The pointer is a softmax over
the tokens, fitted to lie on those of the answer. The figures are of pointers that never saw the article.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from index.answer_pointer import POINTER_NAME, Reading, default_pointer
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import OnnxCrossEncoder, load_cross_encoder_by_setting
from index.generation import IndexFolder
from index.questions import read_questions
from index.ranking import default_weights, first_look, sentence_scores
from index.retriever import Retriever
from index.second_look import Candidate, sentences_in_text
from index.types import AnswerSpan, Question, Span

FOLDS: Final = 10
PENALTY: Final = 0.003
"""Of the squared weights of states at unit variance; .001 and .01 were within .006."""
SCALE: Final = 0.2
"""Of those states, so that a step of the optimiser is of a like size in each of some hundred."""
EVIDENCE: Final = 0.25
"""The first look's opinion beside the pointer's: of 0, .25, .5 and 1 the best."""

PATH: Final = Path(__file__).parents[2] / "index" / POINTER_NAME


@dataclass(frozen=True, slots=True)
class Example:
    """One question, read with a part of the passage that answers it."""

    fold: int
    sentences: tuple[Span, ...]
    """(m): where the sentences lie in the passage's text."""
    reading: Reading
    evidence: NDArray[np.float64]
    """(m,): the first look's opinion of them."""
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
    if given.write:
        fields = json.loads(PATH.read_text(encoding="utf-8"))
        fields["sentences"] = {
            "evidence": EVIDENCE,
            "weights": [float(f"{weight:.4g}") for weight in fit(examples)],
        }
        PATH.write_text(json.dumps(fields) + "\n", encoding="utf-8")


def read_all(data: Path, index_path: Path, cross_encoder: OnnxCrossEncoder) -> list[Example]:
    """Return every question with the likeliest passage that answers it."""
    index_folder, encoder = IndexFolder(index_path), ChosenEncoder()
    build_index(data / "articles", index_folder, encoder)
    examples = []
    with Retriever.open(index_folder, encoder, None) as retriever:
        for question in read_questions(data / "questions.jsonl"):
            candidate = answering(retriever, question)
            if candidate is None:
                continue
            reading = cross_encoder.read(question.text, candidate.stored.text)
            examples.append(example(question, candidate, reading))
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


def example(question: Question, candidate: Candidate, reading: Reading) -> Example:
    """Return what the pointer is fitted to."""
    passage = candidate.stored.passage
    here = [each for each in question.spans if each.article_id == passage.article_id]
    begins, ends = reading.tokens.T + passage.span.start
    return Example(
        fold=zlib.crc32(passage.article_id.encode()) % FOLDS,
        sentences=tuple(sentences_in_text(candidate)),
        reading=reading,
        evidence=candidate.sentence_scores,
        holds=np.array([holds(each.start, each.end, here) for each in passage.sentences]),
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
    """Print how often the likeliest sentence of the passage holds the answer."""
    hits: dict[str, list[bool]] = {}
    for fold in range(FOLDS):
        others = [each for each in examples if each.fold != fold]
        mine = [each for each in examples if each.fold == fold]
        if not mine:
            continue
        weights = fit(others).astype(np.float32)
        for evidence in (0.0, 0.25, 0.5, 1.0):
            pointer = replace(default_pointer(), weights=weights, evidence=evidence)
            for each in mine:
                scores = pointer.sentences(each.reading, each.sentences, each.evidence)
                assert scores is not None
                found = bool(each.holds[np.argmax(scores)])
                hits.setdefault(f"pointer and {evidence} of the first look", []).append(found)
        for each in mine:
            hits.setdefault("first look alone", []).append(bool(each.holds[np.argmax(each.evidence)]))
    for name, found_in in sorted(hits.items()):
        print(f"{name:<36} {np.mean(found_in):.3f} of {len(found_in)}")


if __name__ == "__main__":
    main()
