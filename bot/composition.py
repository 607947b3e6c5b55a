"""Where the parts are put together: from options and settings to an index that answers."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import platformdirs

from bot.progress import telling_build, waiting
from bot.settings import Settings, read_settings
from bot.wrapping import visible
from index.errors import BuildRunningError, GenerationError, NoGenerationError
from index.generation import IndexFolder, Verification
from index.stores import VectorStore
from index.types import BuildReport, SkippedFile

if TYPE_CHECKING:
    from index.chosen_encoder import ChosenEncoder
    from index.cross_encoder import CrossEncoder
    from index.optimised_models import OptimisedModels
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
    store: VectorStore | None = None
    """Where vectors are kept, shared by all who look here; None for files in the index folder."""

    @property
    def index_folder(self) -> IndexFolder:
        """The index folder as what it holds."""
        return IndexFolder(self.index, self.store)


def find_place(articles: Path | None, index: Path | None) -> Place:
    """Return where to look: what the options say, else the settings, else the defaults.

    Raises:
        SettingError: A setting is not what it can be.
    """
    settings = read_settings()
    articles = articles or settings.articles or _ARTICLES
    index = index or settings.index or default_index(articles)
    return Place(articles, index, settings, vector_store(settings))


def default_index(articles: Path) -> Path:
    """Return the index folder of an articles folder: no other folder has the same, whatever its name."""
    whole = articles.resolve()
    digest = hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]
    data = platformdirs.user_data_path("footnote", appauthor=False)
    return data / "indexes" / f"{whole.name or 'root'}-{digest}"


def vector_store(settings: Settings) -> VectorStore | None:
    """Return where the settings say that vectors are kept, unasked yet; None for files."""
    if settings.milvus_uri is None:
        return None
    from index.milvus_connection import MilvusAddress
    from index.milvus_store import MilvusStore

    token = settings.milvus_token
    address = MilvusAddress(
        settings.milvus_uri,
        token="" if token is None else token.reveal(),
        replicas=settings.milvus_replicas,
        alias=settings.milvus_alias,
        deadline_seconds=settings.question_seconds,
    )
    return MilvusStore(address, keeps_new=not settings.milvus_leave)


def tell_store(place: Place) -> None:
    """Tell on standard error, in one line, what the engine that is set cannot do; nothing where it can all.

    Raises:
        VectorStoreError: It cannot be used.
    """
    notice = place.index_folder.store.notice()
    if notice is not None:
        click.echo(f"Note: {notice}", err=True)


def load_encoder(settings: Settings) -> ChosenEncoder:
    """Return the encoder that is set, loaded as far as it is needed and when it is.

    Raises:
        ModelError: It is missing.
    """
    from index.chosen_encoder import ChosenEncoder
    from index.encoder_identity import DEFAULT_ENCODER

    return ChosenEncoder(
        settings.encoder or DEFAULT_ENCODER,
        query_prompt=settings.query_prompt,
        passage_prompt=settings.passage_prompt,
    )


def load_cross_encoder(settings: Settings, *, as_published: bool = False) -> CrossEncoder | None:
    """Return the cross-encoder that is set, None where that is "none".

    Args:
        settings: Which one is set.
        as_published: Whether the default's own file is read and compared with its hash, and not what was
            kept of it in the platform's folder for caches, as it opens fastest.

    Raises:
        ModelError: It is missing or does not load.
    """
    from index.cross_encoder import DEFAULT_CROSS_ENCODER, load_cross_encoder_by_setting

    return load_cross_encoder_by_setting(
        settings.cross_encoder or DEFAULT_CROSS_ENCODER, None if as_published else _optimised_models()
    )


def _load_default_cross_encoder() -> CrossEncoder:
    from index.cross_encoder import load_default_cross_encoder

    return load_default_cross_encoder(_optimised_models())


def _optimised_models() -> OptimisedModels:
    from index.optimised_models import OptimisedModels

    return OptimisedModels(platformdirs.user_cache_path("footnote", appauthor=False) / "models")


def build(place: Place, encoder: ChosenEncoder, *, must_open: bool = True) -> BuildReport:
    """Bring the index up to date, showing on standard error how far that is.

    Args:
        place: Where to look.
        encoder: What `load_encoder` gave.
        must_open: As in `build_index`.

    Raises:
        FootnoteError: As `build_index` says.
    """
    from index.builder import build_index

    with telling_build(sys.stderr) as on_progress:
        return build_index(
            place.articles, place.index_folder, encoder, must_open=must_open, on_progress=on_progress
        )


@contextmanager
def opened_retriever(
    place: Place, encoder: ChosenEncoder, *, up_to_date: bool = True, second_look: bool = True
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
    settings = place.settings
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The default takes a third of the start, and onnxruntime leaves the interpreter to others. Two
        # threads that import PyTorch at once would get in each other's way, so another one waits.
        is_early = second_look and settings.cross_encoder is None
        loading = beside.submit(_load_default_cross_encoder) if is_early else None
        checked = bring_up_to_date(place, encoder) if up_to_date else None
        with waiting(sys.stderr, "Opening the index"):
            cross_encoder: CrossEncoder | None = None
            if loading is not None:
                from index.cross_encoder import LoadingCrossEncoder

                cross_encoder = LoadingCrossEncoder(loading)
            elif second_look:
                cross_encoder = load_cross_encoder(settings)
            retriever = open_retriever(place, encoder, cross_encoder, checked=checked)
    with retriever:
        yield retriever


def open_retriever(
    place: Place, encoder: ChosenEncoder, cross_encoder: CrossEncoder | None, *, checked: str | None = None
) -> Retriever:
    """Return a retriever over the generation that is in use now, to be closed by the caller.

    Args:
        place: Where it lies.
        encoder: What `load_encoder` gave.
        cross_encoder: What `load_cross_encoder` gave, or what is still being loaded; None for the first
            look alone.
        checked: The generation whose files `bring_up_to_date` compared just now, so that they need not
            be read once more.

    Raises:
        GenerationError: There is none, or it cannot be read.
        ModelError: It has no encoder of its own, and the one that is set does not load; or the cross-encoder
            that is being loaded does not.
    """
    from index.retriever import Retriever

    place.index_folder.heal()
    is_checked = place.index_folder.current_name() == checked
    return Retriever.open(
        place.index_folder,
        encoder,
        cross_encoder,
        answering_threshold=place.settings.answering_threshold,
        second_look_ms=place.settings.second_look_ms,
        verification=Verification.SIZES if is_checked else Verification.SPOTS,
    )


def bring_up_to_date(place: Place, encoder: ChosenEncoder) -> str | None:
    """Build what is not up to date; where another process is building, leave that to it.

    Where a new generation waits to be approved, because the golden questions get worse by it, nothing is
    built: a build would put it into service, or a newer one like it, without anybody having been asked. Nor
    is it where somebody rolled back, or kept the one in use when asked.

    Returns:
        The generation in use, whose every file was read and compared; None where nothing was built.

    Raises:
        FootnoteError: As `build_index` says.
    """
    if (waiting_name := _waiting_for_approval(place.index_folder)) is not None:
        click.echo(
            f"Generation {waiting_name} waits to be approved, so that {place.index_folder.current_name()} "
            "answers; decide in Telegram, where /rebuild measures anew, or switch with `footnote build`.",
            err=True,
        )
        return None
    if (chosen_name := _chosen(place.index_folder, encoder)) is not None:
        click.echo(
            f"Generation {chosen_name} was chosen over a newer one and answers; to read the articles again, "
            "run `footnote build`, or /rebuild in Telegram.",
            err=True,
        )
        return None
    try:
        report = build(place, encoder, must_open=False)
    except BuildRunningError as error:
        try:
            name = place.index_folder.current_name()
        except NoGenerationError:
            raise error from None
        click.echo(f"Another process is building; generation {name} answers meanwhile.", err=True)
        return None
    if report.switched:
        tell_files("Skipped", report.skipped, _FILES_TOLD)
        tell_files("Note", report.notices, _FILES_TOLD)
    return report.generation


def _chosen(folder: IndexFolder, encoder: ChosenEncoder) -> str | None:
    """Return the name of the generation in use where it was chosen over a newer one and is of use."""
    try:
        name = folder.chosen_name()
        return name if name is not None and encoder.matches(folder.current().manifest.encoder) else None
    except GenerationError:
        return None  # The build will tell what is wrong, or mend it.


def _waiting_for_approval(folder: IndexFolder) -> str | None:
    """Return the name of the generation that a rebuild made and did not switch to; None without one."""
    try:
        return folder.candidate_name()
    except GenerationError:
        return None  # There is none in use either, or the build will tell what is wrong.


def tell_files(kind: str, files: Sequence[SkippedFile], most: int | None = None) -> None:
    """Tell on standard error of files of which something is to be said, a line each, at most `most`."""
    shown = files if most is None else files[:most]
    for file in shown:
        click.echo(visible(f"{kind}: {file.path} {file.reason}.").replace("\n", " "), err=True)
    if len(shown) < len(files):
        left = len(files) - len(shown)
        click.echo(f"{kind}: {left} more; `footnote doctor` names every file that is skipped.", err=True)
