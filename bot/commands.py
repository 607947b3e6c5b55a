"""The commands of `footnote`: their options, and the exit status of what they come to.

What a command does is imported inside it, because `footnote --help` must not wait for models.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

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


class Baseline(StrEnum):
    """What evaluate can run beside Footnote."""

    NAIVE = "naive"


class _Commands(TyperGroup):
    """The group of the commands, which tells errors of ours in a sentence instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        with _failures_told():
            return super().invoke(ctx)


app = typer.Typer(
    name="footnote",
    cls=_Commands,
    help="Ask your articles: the exact passage, the answering sentence marked, and its source.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    # In Rich's boxes, help would take half as long again, most of it spent on importing Markdown.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        typer.echo(f"footnote {version('footnote-bot')}")
    except PackageNotFoundError:
        typer.echo("footnote, run from its source without being installed")
    raise typer.Exit(DONE)


Articles = Annotated[
    Path | None,
    typer.Option(
        "--articles",
        metavar="DIR",
        help="The articles folder.  [default: FOOTNOTE_ARTICLES, else corpus]",
        show_default=False,
    ),
]
Index = Annotated[
    Path | None,
    typer.Option(
        "--index",
        metavar="DIR",
        help="The index folder.  [default: FOOTNOTE_INDEX, else one for these articles in your data folder]",
        show_default=False,
    ),
]
TopK = Annotated[
    int | None,
    typer.Option("--top-k", metavar="N", min=1, max=_MOST_PASSAGES, help="How many passages at most."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]
FirstLook = Annotated[bool, typer.Option("--first-look", help="Do without the cross-encoder: faster.")]
NoBuild = Annotated[
    bool, typer.Option("--no-build", help="Answer from the index as it is, whatever changed since.")
]


@app.callback()
def footnote(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that stand before the command."""


@app.command(epilog=_EPILOG)
def build(
    articles: Articles = None,
    index: Index = None,
    as_json: AsJson = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Encode part I of N only, for `footnote merge`; the parts can be made on several machines "
            "that share the index folder.",
        ),
    ] = None,
    events: Annotated[bool, typer.Option("--events", hidden=True)] = False,
) -> None:
    """Bring the index up to date with the articles."""
    from bot.building import run_build, run_share
    from bot.composition import find_place

    if shard is not None:
        run_share(find_place(articles, index), shard, as_json=as_json)
        return
    if events:
        from bot.rebuild_process import run_rebuild

        if not run_rebuild(find_place(articles, index)):
            raise typer.Exit(FAILED)
        return
    report = run_build(find_place(articles, index), as_json=as_json)
    if report.skipped:
        raise typer.Exit(FILES_SKIPPED)


@app.command(epilog=_EPILOG)
def merge(articles: Articles = None, index: Index = None, as_json: AsJson = False) -> None:
    """Make an index of what `build --shard` encoded."""
    from bot.building import run_merge
    from bot.composition import find_place

    report = run_merge(find_place(articles, index), as_json=as_json)
    if report.skipped:
        raise typer.Exit(FILES_SKIPPED)


@app.command(epilog=_EPILOG)
def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUESTION", help="What you want to know; - or nothing reads it from a pipe."),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", metavar="FILE", help="Answer a file of questions instead: JSON Lines in and out."
        ),
    ] = None,
    articles: Articles = None,
    index: Index = None,
    top_k: TopK = None,
    as_json: AsJson = False,
    first_look: FirstLook = False,
    no_build: NoBuild = False,
) -> None:
    """Answer a question, after bringing the index up to date."""
    if questions is not None and question:
        raise typer.BadParameter("give a question or a file of questions, not both", param_hint="--questions")
    from bot.asking import ask_file, ask_one, question_from
    from bot.composition import find_place

    if questions is not None:
        place = find_place(articles, index)
        ask_file(place, questions, top_k=top_k, up_to_date=not no_build, second_look=not first_look)
        return
    text = question_from(question)
    if text is None:
        raise typer.BadParameter(
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
        raise typer.Exit(NO_ANSWER)


@app.command(epilog=_EPILOG)
def chat(
    articles: Articles = None,
    index: Index = None,
    top_k: TopK = None,
    first_look: FirstLook = False,
    no_build: NoBuild = False,
) -> None:
    """Ask one question after another; open passages by number."""
    from bot.chat import run_chat
    from bot.composition import find_place

    place = find_place(articles, index)
    run_chat(place, top_k=top_k, up_to_date=not no_build, second_look=not first_look)


@app.command(epilog=_EPILOG)
def run(
    articles: Articles = None,
    index: Index = None,
    no_build: NoBuild = False,
    webhook: Annotated[
        str | None,
        typer.Option(
            "--webhook",
            metavar="URL",
            help="Have Telegram send updates to this address, instead of polling for them.  "
            "[default: FOOTNOTE_WEBHOOK, else polling]",
            show_default=False,
        ),
    ] = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Take away a webhook that is set for the bot, and answer instead of it."
        ),
    ] = False,
) -> None:
    """Answer in Telegram, as the bot of FOOTNOTE_TOKEN."""
    from bot.composition import find_place
    from bot.running import run_bot

    run_bot(find_place(articles, index), up_to_date=not no_build, webhook=webhook, take_over=take_over)


@app.command(epilog=_EPILOG)
def evaluate(
    questions: Annotated[
        Path, typer.Option("--questions", metavar="FILE", help="The questions, with where the answers stand.")
    ],
    against: Annotated[
        Baseline | None,
        typer.Option("--against", help="Run a baseline beside it: what most document bots do."),
    ] = None,
    articles: Articles = None,
    index: Index = None,
    top_k: TopK = None,
    as_json: AsJson = False,
    first_look: FirstLook = False,
    no_build: NoBuild = False,
) -> None:
    """Measure the answers to a file of questions."""
    from bot.composition import find_place
    from bot.evaluating import run_evaluation

    run_evaluation(
        find_place(articles, index),
        questions,
        against_naive=against is Baseline.NAIVE,
        top_k=top_k,
        as_json=as_json,
        up_to_date=not no_build,
        second_look=not first_look,
    )


@app.command(epilog=_EPILOG)
def doctor(articles: Articles = None, index: Index = None, as_json: AsJson = False) -> None:
    """Check all that an answer needs; say how to mend it."""
    from bot.composition import find_place
    from bot.doctor import run_doctor

    if not run_doctor(find_place(articles, index), as_json=as_json):
        raise typer.Exit(FAILED)


@app.command(epilog=_EPILOG)
def rollback(articles: Articles = None, index: Index = None, as_json: AsJson = False) -> None:
    """Go back to the generation before; again undoes it."""
    from bot.building import run_rollback
    from bot.composition import find_place

    run_rollback(find_place(articles, index), as_json=as_json)


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn what can go wrong into a sentence on standard error and an exit status."""
    try:
        yield
        sys.stdout.flush()
    except FootnoteError as error:
        from bot.wrapping import one_line

        typer.echo(one_line(str(error)), err=True)
        raise typer.Exit(FAILED) from error
    except KeyboardInterrupt:
        typer.echo("Interrupted; the index is as it was.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read has enough. What Python would still flush at its end has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
