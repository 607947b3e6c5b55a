"""`footnote build`, in parts too, `footnote merge` and `footnote rollback`: which generation serves."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from bot.composition import Place, build, load_encoder, tell_files, tell_store
from bot.progress import telling_build
from bot.rendering import json_text
from bot.terminal import is_terminal
from index.types import BuildReport


def run_build(place: Place, *, as_json: bool) -> BuildReport:
    """Build, write what that came to, and tell of every file that was skipped or assumed about.

    Raises:
        FootnoteError: The articles, the index or the encoder cannot be read.
    """
    tell_store(place)
    return _told(build(place, load_encoder(place.settings)), as_json=as_json)


def run_share(place: Place, text: str, *, as_json: bool) -> None:
    """Encode one part of a build, such as "2/4", and write what that came to.

    Raises:
        FootnoteError: As `build_share` says.
    """
    from index.shares import Share, build_share

    share = Share.parse(text)
    with telling_build(sys.stderr) as on_progress:
        report = build_share(
            place.articles, place.index_folder, load_encoder(place.settings), share, on_progress=on_progress
        )
    if as_json:
        click.echo(json_text(asdict(report), for_reading=is_terminal(sys.stdout)))
        return
    resumed = f" {resumed_text(report.vectors_resumed)}" if report.vectors_resumed else ""
    click.echo(
        f"Share {report.share} with {_count(report.articles, 'article')} and {_count(report.texts, 'text')} "
        f"is in {report.file}.{resumed}\nWhen every share is there, run `footnote merge`."
    )


def run_merge(place: Place, *, as_json: bool) -> BuildReport:
    """Make an index of the shares, and write what that came to, as `run_build` does.

    Raises:
        FootnoteError: As `merge_shares` says.
    """
    from index.shares import merge_shares

    tell_store(place)
    with telling_build(sys.stderr) as on_progress:
        report = merge_shares(
            place.articles, place.index_folder, load_encoder(place.settings), on_progress=on_progress
        )
    return _told(report, as_json=as_json)


def resumed_text(count: int) -> str:
    """Return in a sentence how many vectors did not have to be made again."""
    return f"{_count(count, 'vector')} made before {'was' if count == 1 else 'were'} taken over."


def _told(report: BuildReport, *, as_json: bool) -> BuildReport:
    if as_json:
        click.echo(json_text(asdict(report), for_reading=is_terminal(sys.stdout)))
    else:
        click.echo(report_text(report))
    tell_files("Note", report.notices)
    tell_files("Skipped", report.skipped)
    return report


def report_text(report: BuildReport) -> str:
    """Return what a build came to, in up to three lines."""
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
    text = f"Built generation {report.generation} with {holds}.\n{'; '.join(details).capitalize()}."
    return f"{text}\n{resumed_text(report.vectors_resumed)}" if report.vectors_resumed else text


def run_rollback(place: Place, *, as_json: bool) -> None:
    """Put the previous generation back and say which.

    Raises:
        GenerationError: There is none, or it is damaged; the one in use stays.
    """
    before = place.index_folder.current_name()
    now = place.index_folder.rollback()
    if as_json:
        result = {"generation": now, "previous": before}
        click.echo(json_text(result, for_reading=is_terminal(sys.stdout)))
        return
    click.echo(
        f"Generation {now} serves again instead of {before}.\n"
        "It goes on serving until `footnote build`, or another roll back, whatever the articles say."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
