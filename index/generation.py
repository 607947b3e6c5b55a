"""What lies on disk: whole generations side by side, and one small file that says which one serves.

    index folder/
      current.json           {"current": name, "previous": name or null}, replaced by one rename
      build.lock             held by whoever builds or rolls back
      generations/<name>/    whole and never changed; named by its time in UTC and a hash of its manifest
        manifest.json        written last, with the size and hash of every other file
      building-<random>/     a build in progress, or what a crashed one left

Nothing that serves is written to. A generation is made in its own folder, forced to the disk and
read back, renamed into its place, and only then named in `current.json`; at whatever byte a build
dies, `current.json` names a whole generation.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from index.disk import DISK_FULL, explained, explaining, flush, flush_tree
from index.errors import (
    BuildRunningError,
    DamagedGenerationError,
    GenerationError,
    NoGenerationError,
    OtherFormatError,
)
from index.manifest import FORMAT_VERSION, MANIFEST_NAME, FileRecord, Manifest, ModelIdentity

__all__ = [
    "FORMAT_VERSION",
    "FileRecord",
    "IndexFolder",
    "Manifest",
    "ModelIdentity",
    "OpenGeneration",
]

_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}(-[0-9]+)?")
_PRIVATE_PREFIX: Final = "building-"
_NOT_THERE: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """A generation that was checked and can be read."""

    name: str
    path: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Pointer:
    current: str
    previous: str | None


class IndexFolder:
    """The folder that holds the generations; it need not exist before the first build.

    Any number of processes may read while one builds. Older generations than the previous one are
    removed by a build even while a process still reads one: on POSIX systems what it has open or
    mapped stays readable until it lets go, and on others the removal waits for a later build.
    """

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is read or made yet."""
        self._path = path
        self._pointer_path = path / "current.json"
        self._generations = path / "generations"
        self._private: Path | None = None

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Give an empty folder to build in, which is gone after the block unless it was published.

        The lock on the index folder is held throughout. What crashed builds left is removed first.

        Raises:
            BuildRunningError: Another process is building or rolling back.
            GenerationError: The folder cannot be made or written to, or the disk filled up.
        """
        with self._locked():
            private = self._path / f"{_PRIVATE_PREFIX}{secrets.token_hex(4)}"
            with explaining(self._path):
                self._remove_leftovers()
                private.mkdir()
            self._private = private
            try:
                yield private
            except OSError as error:
                # Others may be about something else that the block reads; a full disk is about this.
                if error.errno in DISK_FULL:
                    raise explained(error, self._path) from error
                raise
            finally:
                self._private = None
                shutil.rmtree(private, ignore_errors=True)

    def publish(self, private_folder: Path, manifest: Manifest) -> str:
        """Put the generation built in `private_folder` into service and return its name.

        Everything is on the disk and was read back before the switch. The generation that served
        until now becomes the previous one; where it is damaged, the one before it stays instead.

        Args:
            private_folder: What `building` gave, in the same block.
            manifest: All but `files`, which is filled in here.

        Raises:
            GenerationError: The files cannot be written or read back; what serves is whole.
            ValueError: `private_folder` is not being built in.
        """
        if self._private is None or private_folder != self._private:
            raise ValueError(
                f"{private_folder} is not being built in; expected the folder that building() gave."
            )
        with explaining(self._path):
            manifest = replace(manifest, files=tuple(_file_records(private_folder)))
            data = manifest.to_json().encode()
            (private_folder / MANIFEST_NAME).write_bytes(data)
            flush_tree(private_folder)
            if _manifest_bytes(private_folder) != data:
                raise _damaged(f"{private_folder / MANIFEST_NAME} reads otherwise than it was written")
            _check_files(private_folder, manifest, verify=True)
            self._generations.mkdir(exist_ok=True)
            name = self._free_name(manifest, data)
            # Written before the rename, after which nothing that is left to do needs space.
            prepared = self._prepare(_Pointer(current=name, previous=self._worth_keeping()))
            private_folder.rename(self._generations / name)
            flush(self._generations)
            self._switch(prepared)
            self._remove_leftovers()
        return name

    def current(self, *, verify: bool = True) -> OpenGeneration:
        """Check the generation in use and return it.

        Files that its manifest does not list are ignored.

        Args:
            verify: Read every file and compare its hash; otherwise compare the sizes alone.

        Raises:
            NoGenerationError: Nothing was built here yet.
            DamagedGenerationError: A file is missing or is not what the manifest says.
            OtherFormatError: Another version of the program wrote the generation.
            GenerationError: The folder cannot be read.
        """
        name = self.current_name()
        while True:
            try:
                return self._open(name, verify=verify)
            except GenerationError:
                # Builds may have replaced and removed it since its name was read.
                latest = self.current_name()
                if latest == name:
                    raise
                name = latest

    def current_name(self) -> str:
        """Return the name of the generation in use, unchecked: one small file is read.

        Raises:
            GenerationError: As in `current`, as far as that file goes.
        """
        return self._pointer().current

    def previous_name(self) -> str | None:
        """Return the name of the generation that `rollback` would return to, None without one.

        Raises:
            GenerationError: As in `current_name`.
        """
        return self._pointer().previous

    def rollback(self) -> str:
        """Put the previous generation back into service and return its name; again undoes it.

        Raises:
            BuildRunningError: Another process is building or rolling back.
            DamagedGenerationError: The previous generation is damaged; the one in use stays.
            GenerationError: There is no previous generation, or the folder cannot be written to.
        """
        self._pointer()  # Where nothing was built, not even the lock's file is made.
        with self._locked(), explaining(self._path):
            pointer = self._pointer()
            if pointer.previous is None:
                raise GenerationError(
                    f"There is no generation before {pointer.current} in {self._path}; run `footnote build`."
                )
            try:
                self._open(pointer.previous, verify=True)
            except DamagedGenerationError as error:
                raise DamagedGenerationError(
                    f"Generation {pointer.previous} in {self._path} is damaged, so {pointer.current} stays; "
                    "run `footnote build`."
                ) from error
            self._switch(self._prepare(_Pointer(current=pointer.previous, previous=pointer.current)))
        return pointer.previous

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._path / "build.lock")
        with explaining(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                raise BuildRunningError(
                    f"Another process is building in {self._path}; wait until it ends, then try again."
                ) from error
        try:
            yield
        finally:
            lock.release()

    def _pointer(self) -> _Pointer:
        with explaining(self._path):
            try:
                text = self._pointer_path.read_bytes()
            except FileNotFoundError as error:
                message = f"Nothing was built in {self._path} yet; run `footnote build`."
                raise NoGenerationError(message) from error
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        match fields:
            case {"current": str(current), "previous": str() | None as previous} if all(
                _NAME.fullmatch(name) for name in (current, previous) if name is not None
            ):
                return _Pointer(current, previous)
        raise DamagedGenerationError(
            f"{self._pointer_path} holds {text[:60]!r}; expected the names of two generations; "
            "run `footnote build`."
        )

    def _open(self, name: str, *, verify: bool) -> OpenGeneration:
        folder = self._generations / name
        with explaining(self._path):
            data = _manifest_bytes(folder)
            manifest = Manifest.from_json(data.decode(errors="replace"), origin=str(folder / MANIFEST_NAME))
            if _short_hash(data) != name.split("-")[1]:
                raise _damaged(f"{folder / MANIFEST_NAME} differs from what was written under this name")
            _check_files(folder, manifest, verify=verify)
        return OpenGeneration(name, folder, manifest)

    def _free_name(self, manifest: Manifest, data: bytes) -> str:
        made = datetime.fromisoformat(manifest.created_at).astimezone(UTC)
        name = f"{made:%Y%m%dT%H%M%SZ}-{_short_hash(data)}"
        names = itertools.chain([name], (f"{name}-{count}" for count in itertools.count(2)))
        return next(free for free in names if not (self._generations / free).exists())

    def _worth_keeping(self) -> str | None:
        """Return the newest generation to which a roll back could return, None without one."""
        try:
            pointer = self._pointer()
        except (NoGenerationError, DamagedGenerationError):
            return None
        for name in (pointer.current, pointer.previous):
            try:
                if name is not None:
                    return self._open(name, verify=True).name
            except OtherFormatError:
                # The version that wrote it can still return to it.
                return name
            except GenerationError:
                continue
        return None

    def _prepare(self, pointer: _Pointer) -> Path:
        prepared = self._path / "current.json.new"
        prepared.write_text(json.dumps(asdict(pointer)) + "\n", encoding="utf-8")
        flush(prepared)
        return prepared

    def _switch(self, prepared: Path) -> None:
        flush(self._path)
        prepared.replace(self._pointer_path)
        flush(self._path)

    def _remove_leftovers(self) -> None:
        for folder in self._path.glob(f"{_PRIVATE_PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            pointer = self._pointer()
        except GenerationError:
            # Which generations are worth nothing cannot be told before one is published.
            return
        for folder in self._generations.glob("*"):
            if folder.name not in (pointer.current, pointer.previous):
                shutil.rmtree(folder, ignore_errors=True)


def _file_records(folder: Path) -> Iterator[FileRecord]:
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


def _manifest_bytes(folder: Path) -> bytes:
    path = folder / MANIFEST_NAME
    try:
        return path.read_bytes()
    except _NOT_THERE as error:
        raise _damaged(f"{path} is missing") from error


def _short_hash(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:6]


def _check_files(folder: Path, manifest: Manifest, *, verify: bool) -> None:
    for record in manifest.files:
        path = folder / record.path
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != record.size:
                    raise _damaged(f"{path} has {size} bytes; expected {record.size}")
                if verify and hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                    raise _damaged(f"{path} differs from what was written; its SHA-256 is another")
        except _NOT_THERE as error:
            raise _damaged(f"{path} is missing") from error


def _damaged(what: str) -> DamagedGenerationError:
    return DamagedGenerationError(f"{what}; run `footnote rollback` or `footnote build`.")
