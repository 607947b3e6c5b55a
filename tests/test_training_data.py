"""What the cross-encoder is tuned on says where the answer of each question stands, or that there is none."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path

import pytest

from index.questions import read_questions

FOLDER = Path(__file__).parent / "benchmarks" / "training"
CORPUS = Path(__file__).parents[1] / "corpus"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in (FOLDER / "articles").iterdir()}


@pytest.fixture(scope="module")
def lines() -> list[dict]:
    return [
        json.loads(line) for line in (FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_every_span_is_what_stands_there_and_nowhere_else(texts: dict[str, str], lines: list[dict]) -> None:
    for line in lines:
        for span in (*line["spans"], *filter(None, [line.get("closest")])):
            text = texts[span["article"]]
            assert text[span["start"] : span["end"]] == span["text"], line["id"]
            assert text.count(span["text"]) == 1, line["id"]


def test_a_question_has_an_answer_or_what_comes_closest(lines: list[dict]) -> None:
    for line in lines:
        assert bool(line["spans"]) != bool(line.get("closest")), line["id"]
        assert bool(line["spans"]) != (line["kind"] == "near"), line["id"]


def test_no_question_is_asked_twice_of_one_article(lines: list[dict]) -> None:
    asked = Counter((line["question"], (line["spans"] or [line["closest"]])[0]["article"]) for line in lines)
    assert asked.most_common(1)[0][1] == 1
    assert len(read_questions(FOLDER / "questions.jsonl")) == len(lines)


def test_of_every_article_is_asked_what_it_says_and_what_it_does_not(
    texts: dict[str, str], lines: list[dict]
) -> None:
    asked: dict[str, Counter[bool]] = defaultdict(Counter)
    for line in lines:
        for span in chain(line["spans"], filter(None, [line.get("closest")])):
            asked[span["article"]][bool(line["spans"])] += 1
    assert asked.keys() == texts.keys()
    assert all(counts[True] >= 14 and counts[False] >= 9 for counts in asked.values())


def test_nothing_of_it_is_in_the_corpus_that_it_is_judged_on(lines: list[dict]) -> None:
    golden = {question.text for question in read_questions(CORPUS / "questions.jsonl")}
    assert golden.isdisjoint(line["question"] for line in lines)
