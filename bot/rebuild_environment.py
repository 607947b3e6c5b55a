"""How the process of a rebuild is started: its command, and the environment that it gets."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from bot.composition import Place
from bot.settings import PREFIX, Settings

_ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""What the libraries look at that would otherwise take every core."""

_PASSED_ON: Final = (
    "encoder",
    "query_prompt",
    "passage_prompt",
    "cross_encoder",
    "answering_threshold",
    "questions",
    "worse_margin",
    "milvus_uri",
    "milvus_replicas",
    "milvus_alias",
    "milvus_leave",
    "question_seconds",
)
_WITHHELD: Final = ("token", "database_url")
"""A build needs neither, and so cannot tell them; a Milvus's token it needs, and has it from here."""


def rebuild_command(place: Place) -> list[str]:
    """Return the command, with this very Python; `-P` keeps it from importing from the current folder."""
    return [
        *(sys.executable, "-P", "-m", "bot", "build", "--events"),
        *("--articles", str(place.articles), "--index", str(place.index)),
    ]


def rebuild_environment(settings: Settings) -> dict[str, str]:
    """Return the environment: this one's without secrets, with the settings and one thread a library."""
    given = {f"{PREFIX}{name}".upper(): getattr(settings, name) for name in _PASSED_ON}
    passed = {name: str(value) for name, value in given.items() if value is not None}
    withheld = {f"{PREFIX}{name}".upper() for name in _WITHHELD} | passed.keys()
    environment = {name: value for name, value in os.environ.items() if name.upper() not in withheld}
    environment |= passed | _ONE_THREAD
    package_folder = Path(__file__).parents[1]
    if package_folder.name not in ("site-packages", "dist-packages"):
        paths = (str(package_folder), environment.get("PYTHONPATH"))
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment
