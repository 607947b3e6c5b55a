"""The commands of `footnote`: their options, and the exit status of what they come to.

What a command does is imported inside it, because `footnote --help` must not wait for models.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from index.errors import FootnoteError

DONE: Final = 0
FAILED: Final = 1
NO_ANSWER: Final = 3
FILES_SKIPPED: Final = 4
INTERRUPTED: Final = 130

_EPILOG: Final = (
    "Exit status: 0 done, or answered; 1 an error, or a check of doctor failed; 2 wrong usage; "
    "3 ask: the articles do not say; 4 build or merge: done, but files were skipped; 130 interrupted."
)
_MOST_PASSAGES: Final = 50
_NAIVE: Final = "naive"


class _Commands(click.Group):
    """The group of the commands, which tells errors of ours in a sentence instead of a traceback."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they stand here."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        with _failures_told():
            return super().invoke(ctx)


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"footnote {version('footnote-bot')}")
    except PackageNotFoundError:
        click.echo("footnote, run from its source without being installed")
    ctx.exit(DONE)


_PATH: Final = click.Path(path_type=Path)
_articles = click.option(
    "--articles",
    metavar="DIR",
    type=_PATH,
    help="The articles folder.  [default: FOOTNOTE_ARTICLES, else corpus]",
)
_index = click.option(
    "--index",
    metavar="DIR",
    type=_PATH,
    help="The index folder.  [default: FOOTNOTE_INDEX, else one for these articles in your data folder]",
)
_top_k = click.option(
    "--top-k", metavar="N", type=click.IntRange(1, _MOST_PASSAGES), help="How many passages at most."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
_first_look = click.option("--first-look", is_flag=True, help="Do without the cross-encoder: faster.")
_no_build = click.option(
    "--no-build", is_flag=True, help="Answer from the index as it is, whatever changed since."
)


@click.group(
    name="footnote", cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
def app() -> None:
    """Ask your articles: the exact passage, the answering sentence marked, and its source."""


@app.command(epilog=_EPILOG)
@_articles
@_index
@_as_json
@click.option(
    "--shard",
    metavar="I/N",
    help="Encode part I of N only, for `footnote merge`; the parts can be made on several machines "
    "that share the index folder.",
)
@click.option("--events", is_flag=True, hidden=True)
def build(articles: Path | None, index: Path | None, as_json: bool, shard: str | None, events: bool) -> None:
    """Bring the index up to date with the articles."""
    from bot.building import run_build, run_share
    from bot.composition import find_place

    if shard is not None:
        run_share(find_place(articles, index), shard, as_json=as_json)
        return
    if events:
        from bot.rebuild_process import run_rebuild

        if not run_rebuild(find_place(articles, index)):
            _exit(FAILED)
        return
    report = run_build(find_place(articles, index), as_json=as_json)
    if report.skipped:
        _exit(FILES_SKIPPED)


@app.command(epilog=_EPILOG)
@_articles
@_index
@_as_json
def merge(articles: Path | None, index: Path | None, as_json: bool) -> None:
    """Make an index of what `build --shard` encoded."""
    from bot.building import run_merge
    from bot.composition import find_place

    report = run_merge(find_place(articles, index), as_json=as_json)
    if report.skipped:
        _exit(FILES_SKIPPED)


@app.command(epilog=_EPILOG)
@click.argument("question", nargs=-1)
@click.option(
    "--questions",
    metavar="FILE",
    type=_PATH,
    help="Answer a file of questions instead: JSON Lines in and out.",
)
@_articles
@_index
@_top_k
@_as_json
@_first_look
@_no_build
def ask(
    question: tuple[str, ...],
    questions: Path | None,
    articles: Path | None,
    index: Path | None,
    top_k: int | None,
    as_json: bool,
    first_look: bool,
    no_build: bool,
) -> None:
    """Answer a question, after bringing the index up to date.

    QUESTION is what you want to know; - or nothing reads it from a pipe.
    """
    if questions is not None and question:
        raise click.BadParameter("give a question or a file of questions, not both", param_hint="--questions")
    from bot.asking import ask_file, ask_one, question_from
    from bot.composition import find_place

    if questions is not None:
        place = find_place(articles, index)
        ask_file(place, questions, top_k=top_k, up_to_date=not no_build, second_look=not first_look)
        return
    text = question_from(question)
    if text is None:
        raise click.BadParameter(
            'give a question, such as footnote ask "Who wrote it?"', param_hint="QUESTION"
        )
    answered = ask_one(
        find_place(articles, index),
        text,
        top_k=top_k,
        as_json=as_json,
        up_to_date=not no_build,
        second_look=not first_look,
    )
    if not answered:
        _exit(NO_ANSWER)


@app.command(epilog=_EPILOG)
@_articles
@_index
@_top_k
@_first_look
@_no_build
def chat(
    articles: Path | None, index: Path | None, top_k: int | None, first_look: bool, no_build: bool
) -> None:
    """Ask one question after another; open passages by number."""
    from bot.chat import run_chat
    from bot.composition import find_place

    place = find_place(articles, index)
    run_chat(place, top_k=top_k, up_to_date=not no_build, second_look=not first_look)


@app.command(epilog=_EPILOG)
@_articles
@_index
@_no_build
@click.option(
    "--webhook",
    metavar="URL",
    help="Have Telegram send updates to this address, instead of polling for them.  "
    "[default: FOOTNOTE_WEBHOOK, else polling]",
)
@click.option(
    "--take-over", is_flag=True, help="Take away a webhook that is set for the bot, and answer instead of it."
)
def run(
    articles: Path | None, index: Path | None, no_build: bool, webhook: str | None, take_over: bool
) -> None:
    """Answer in Telegram, as the bot of FOOTNOTE_TOKEN."""
    from bot.composition import find_place
    from bot.running import run_bot

    run_bot(find_place(articles, index), up_to_date=not no_build, webhook=webhook, take_over=take_over)


@app.command(epilog=_EPILOG)
@click.option(
    "--questions",
    metavar="FILE",
    type=_PATH,
    required=True,
    help="The questions, with where the answers stand.",
)
@click.option(
    "--against",
    type=click.Choice([_NAIVE]),
    help="Run a baseline beside it: what most document bots do.",
)
@_articles
@_index
@_top_k
@_as_json
@_first_look
@_no_build
def evaluate(
    questions: Path,
    against: str | None,
    articles: Path | None,
    index: Path | None,
    top_k: int | None,
    as_json: bool,
    first_look: bool,
    no_build: bool,
) -> None:
    """Measure the answers to a file of questions."""
    from bot.composition import find_place
    from bot.evaluating import run_evaluation

    run_evaluation(
        find_place(articles, index),
        questions,
        against_naive=against == _NAIVE,
        top_k=top_k,
        as_json=as_json,
        up_to_date=not no_build,
        second_look=not first_look,
    )


@app.command(epilog=_EPILOG)
@_articles
@_index
@_as_json
def doctor(articles: Path | None, index: Path | None, as_json: bool) -> None:
    """Check all that an answer needs; say how to mend it."""
    from bot.composition import find_place
    from bot.doctor import run_doctor

    if not run_doctor(find_place(articles, index), as_json=as_json):
        _exit(FAILED)


@app.command(epilog=_EPILOG)
@_articles
@_index
@_as_json
def rollback(articles: Path | None, index: Path | None, as_json: bool) -> None:
    """Go back to the generation before; again undoes it."""
    from bot.building import run_rollback
    from bot.composition import find_place

    run_rollback(find_place(articles, index), as_json=as_json)


def _exit(status: int) -> NoReturn:
    raise click.exceptions.Exit(status)


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn what can go wrong into a sentence on standard error and an exit status."""
    try:
        yield
        sys.stdout.flush()
    except FootnoteError as error:
        from bot.wrapping import one_line

        click.echo(one_line(str(error)), err=True)
        raise click.exceptions.Exit(FAILED) from error
    except KeyboardInterrupt:
        click.echo("Interrupted; the index is as it was.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read has enough. What Python would still flush at its end has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(DONE) from None
