"""`footnote build` and `footnote rollback`: which generation serves."""

from __future__ import annotations

import sys
from dataclasses import asdict

import typer

from bot.composition import Place, build, load_encoder, tell_files, tell_store
from bot.rendering import json_text
from bot.terminal import is_terminal
from index.types import BuildReport


def run_build(place: Place, *, as_json: bool) -> BuildReport:
    """Build, write what that came to, and tell of every file that was skipped or assumed about.

    Raises:
        FootnoteError: The articles, the index or the encoder cannot be read.
    """
    tell_store(place)
    report = build(place, load_encoder(place.settings))
    if as_json:
        typer.echo(json_text(asdict(report), for_reading=is_terminal(sys.stdout)))
    else:
        typer.echo(report_text(report))
    tell_files("Note", report.notices)
    tell_files("Skipped", report.skipped)
    return report


def report_text(report: BuildReport) -> str:
    """Return what a build came to, in a line or two."""
    holds = f"{_count(report.articles, 'article')}, {_count(report.passages, 'passage')}, " + _count(
        report.sentences, "sentence"
    )
    if not report.switched:
        return f"Up to date: generation {report.generation} with {holds}."
    changes = [
        f"{count:,} {what}"
        for count, what in (
            (report.articles_added, "added"),
            (report.articles_changed, "changed"),
            (report.articles_removed, "removed"),
        )
        if count
    ]
    details = [f"articles: {', '.join(changes)}"] if changes else []
    details.append(f"{_count(report.passages_reused, 'passage')} taken over")
    details.append(f"{report.elapsed_seconds:,.1f} s")
    return f"Built generation {report.generation} with {holds}.\n{'; '.join(details).capitalize()}."


def run_rollback(place: Place, *, as_json: bool) -> None:
    """Put the previous generation back and say which.

    Raises:
        GenerationError: There is none, or it is damaged; the one in use stays.
    """
    before = place.index_folder.current_name()
    now = place.index_folder.rollback()
    if as_json:
        result = {"generation": now, "previous": before}
        typer.echo(json_text(result, for_reading=is_terminal(sys.stdout)))
        return
    typer.echo(
        f"Generation {now} serves again instead of {before}.\n"
        "Ask with --no-build to keep it: a build makes a new one wherever it differs from the articles."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
