"""The benchmark of the exhaustive search compares searches that find the same."""

from __future__ import annotations

from tests.benchmarks.exact_search import measure, processor_time


def test_both_ways_find_the_same_but_for_rounding() -> None:
    figures = measure(500, questions=20)
    assert figures["shared"] >= 0.99
    assert figures["times_as_fast"] == figures["float32_ms"] / figures["float16_ms"] > 0


def test_fewer_vectors_than_are_asked_for_are_all_found() -> None:
    assert measure(30, questions=2)["shared"] == 1


def test_processor_time_is_taken_of_both_ways() -> None:
    figures = processor_time(30, questions=2)
    assert set(figures) == {"one_thread_processor_ms", "all_threads_processor_ms"}
    assert all(0 < each < 60_000 for each in figures.values())
