"""Where the parts are put together: from options and settings to an index that answers."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs
import typer

from bot.progress import telling_build, waiting
from bot.settings import Settings, read_settings
from bot.wrapping import visible
from index.errors import BuildRunningError, NoGenerationError
from index.generation import IndexFolder
from index.types import BuildReport, SkippedFile

if TYPE_CHECKING:
    from index.cross_encoder import CrossEncoder
    from index.encoder import Encoder
    from index.retriever import Retriever

_ARTICLES: Final = Path("corpus")
_FILES_TOLD: Final = 3
"""How many files are told of before an answer; `footnote build` tells of all."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which articles are asked, where their index lies, and how."""

    articles: Path
    index: Path
    settings: Settings

    @property
    def index_folder(self) -> IndexFolder:
        """The index folder as what it holds."""
        return IndexFolder(self.index)


def find_place(articles: Path | None, index: Path | None) -> Place:
    """Return where to look: what the options say, else the settings, else the defaults.

    Raises:
        SettingError: A setting is not what it can be.
    """
    settings = read_settings()
    articles = articles or settings.articles or _ARTICLES
    return Place(articles, index or settings.index or default_index(articles), settings)


def default_index(articles: Path) -> Path:
    """Return the index folder of an articles folder: no other folder has the same, whatever its name."""
    whole = articles.resolve()
    digest = hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]
    data = platformdirs.user_data_path("footnote", appauthor=False)
    return data / "indexes" / f"{whole.name or 'root'}-{digest}"


def load_encoder(settings: Settings) -> Encoder:
    """Return the encoder that is set.

    Raises:
        ModelError: It is missing or does not load.
    """
    with waiting(sys.stderr, "Loading the encoder"):
        from index.encoder import DEFAULT_ENCODER, Encoder

        return Encoder.load(
            settings.encoder or DEFAULT_ENCODER,
            query_prompt=settings.query_prompt,
            passage_prompt=settings.passage_prompt,
        )


def load_cross_encoder(settings: Settings) -> CrossEncoder | None:
    """Return the cross-encoder that is set, None where that is "none".

    Raises:
        ModelError: It is missing or does not load.
    """
    with waiting(sys.stderr, "Loading the cross-encoder"):
        from index.cross_encoder import DEFAULT_CROSS_ENCODER, load_cross_encoder_by_setting

        return load_cross_encoder_by_setting(settings.cross_encoder or DEFAULT_CROSS_ENCODER)


def build(place: Place, encoder: Encoder) -> BuildReport:
    """Bring the index up to date, showing on standard error how far that is.

    Raises:
        FootnoteError: As `build_index` says.
    """
    from index.builder import build_index

    with telling_build(sys.stderr) as on_progress:
        return build_index(place.articles, place.index_folder, encoder, on_progress=on_progress)


@contextmanager
def opened_retriever(
    place: Place, encoder: Encoder, *, up_to_date: bool = True, second_look: bool = True
) -> Iterator[Retriever]:
    """Give a retriever over the articles as they are now.

    Args:
        place: Where to look.
        encoder: What `load_encoder` gave.
        up_to_date: Whether to build first what is not up to date; otherwise what is there answers.
        second_look: Whether the cross-encoder is loaded.

    Raises:
        FootnoteError: The articles, the index or a model cannot be read.
    """
    from index.retriever import Retriever

    if up_to_date:
        _bring_up_to_date(place, encoder)
    settings = place.settings
    cross_encoder = load_cross_encoder(settings) if second_look else None
    with Retriever.open(
        place.index_folder,
        encoder,
        cross_encoder,
        answering_threshold=settings.answering_threshold,
        second_look_ms=settings.second_look_ms,
    ) as retriever:
        yield retriever


def tell_files(kind: str, files: Sequence[SkippedFile], most: int | None = None) -> None:
    """Tell on standard error of files of which something is to be said, a line each, at most `most`."""
    shown = files if most is None else files[:most]
    for file in shown:
        typer.echo(visible(f"{kind}: {file.path} {file.reason}.").replace("\n", " "), err=True)
    if len(shown) < len(files):
        left = len(files) - len(shown)
        typer.echo(f"{kind}: {left} more; `footnote doctor` names every file that is skipped.", err=True)


def _bring_up_to_date(place: Place, encoder: Encoder) -> None:
    try:
        report = build(place, encoder)
    except BuildRunningError as error:
        try:
            name = place.index_folder.current_name()
        except NoGenerationError:
            raise error from None
        typer.echo(f"Another process is building; generation {name} answers meanwhile.", err=True)
        return
    if report.switched:
        tell_files("Skipped", report.skipped, _FILES_TOLD)
        tell_files("Note", report.notices, _FILES_TOLD)
