"""The files of one generation, and whether they are what its manifest says."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from index.disk import explaining
from index.errors import DamagedGenerationError, GenerationError
from index.manifest import MANIFEST_NAME, FileRecord, Manifest

_NOT_THERE: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """A generation that was checked and can be read."""

    name: str
    path: Path
    manifest: Manifest


def open_generation(generations: Path, name: str, *, verify: bool) -> OpenGeneration:
    """Check the generation of this name in the folder of them and return it.

    Args:
        generations: The folder that holds it.
        name: Its name, which has the hash of its manifest.
        verify: As `check_files` says.

    Raises:
        DamagedGenerationError: A file is missing or is not what the manifest says.
        OtherFormatError: Another version of the program wrote it.
        GenerationError: The folder cannot be read.
    """
    folder = generations / name
    with explaining(generations.parent):
        data = manifest_bytes(folder)
        manifest = Manifest.from_json(data.decode(errors="replace"), origin=str(folder / MANIFEST_NAME))
        if short_hash(data) != name.split("-")[1]:
            raise damaged(f"{folder / MANIFEST_NAME} differs from what was written under this name")
        check_files(folder, manifest, verify=verify)
    return OpenGeneration(name, folder, manifest)


def file_records(folder: Path) -> Iterator[FileRecord]:
    """Yield what a manifest is to say of each file in the folder, in the order of their paths.

    Raises:
        GenerationError: There is a link, whose file is not the generation's own.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise GenerationError(
                f"{path} is a link; expected a file, which a generation can hold by itself."
            )
        if path.is_file() and name != MANIFEST_NAME:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield FileRecord(name, path.stat().st_size, digest)


def manifest_bytes(folder: Path) -> bytes:
    """Return the manifest of a generation as it lies on the disk.

    Raises:
        DamagedGenerationError: There is none.
    """
    path = folder / MANIFEST_NAME
    try:
        return path.read_bytes()
    except _NOT_THERE as error:
        raise damaged(f"{path} is missing") from error


def short_hash(manifest: bytes) -> str:
    """Return the hash of a manifest that is part of its generation's name."""
    return hashlib.sha256(manifest).hexdigest()[:6]


def free_name(generations: Path, manifest: Manifest, data: bytes) -> str:
    """Return a name that no generation has yet: its time in UTC and the hash of its manifest, `data`."""
    made = datetime.fromisoformat(manifest.created_at).astimezone(UTC)
    name = f"{made:%Y%m%dT%H%M%SZ}-{short_hash(data)}"
    names = itertools.chain([name], (f"{name}-{count}" for count in itertools.count(2)))
    return next(free for free in names if not (generations / free).exists())


def check_files(folder: Path, manifest: Manifest, *, verify: bool) -> None:
    """Return if every file that the manifest lists is there; others are ignored.

    Args:
        folder: The generation's.
        manifest: Its manifest.
        verify: Whether every file is read and its hash compared, or its size alone.

    Raises:
        DamagedGenerationError: One is missing or is not what the manifest says.
    """
    for record in manifest.files:
        path = folder / record.path
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != record.size:
                    raise damaged(f"{path} has {size} bytes; expected {record.size}")
                if verify and hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                    raise damaged(f"{path} differs from what was written; its SHA-256 is another")
        except _NOT_THERE as error:
            raise damaged(f"{path} is missing") from error


def damaged(what: str) -> DamagedGenerationError:
    """Return the error that says what is wrong with a generation, and the remedy."""
    return DamagedGenerationError(f"{what}; run `footnote rollback` or `footnote build`.")
