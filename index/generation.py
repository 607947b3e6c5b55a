"""What lies on disk: whole generations side by side, and one small file that says which one serves.

    index folder/
      current.json           names the one in use, the one before it and a candidate, if there is one
      build.lock             held by whoever builds, switches or rolls back
      generations/<name>/    whole and never changed; named by its time in UTC and a hash of its manifest
        manifest.json        written last, with the size and hash of every other file
        read-alike           what another program notes beside it later; see `index.earlier`
      building-<random>/     a build in progress, or what a crashed one left
      journal.vectors        what an interrupted build had encoded; see `index.vector_journal`
      shares/                what the parts of a divided build encoded; see `index.shares`

Nothing that serves is written to. A generation is made in its own folder, forced to the disk and
read back, renamed into its place, and only then named in `current.json`; at whatever byte a build
dies, `current.json` names a whole generation. A candidate is such a generation, named there but not
yet in use: it is tried first, then switched to or discarded.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from index.build_lock import build_lock
from index.disk import WITHOUT_ROOM, explained, explaining, flush, flush_tree
from index.errors import (
    BuildRunningError,
    DamagedGenerationError,
    GenerationError,
    NoGenerationError,
    OtherFormatError,
    VectorStoreError,
)
from index.generation_files import (
    OpenGeneration,
    Verification,
    check_files,
    damaged,
    file_records,
    free_name,
    manifest_bytes,
    open_generation,
)
from index.manifest import FORMAT_VERSION, MANIFEST_NAME, Manifest, ModelIdentity
from index.pointer import Pointer, prepare_pointer, put_pointer, read_pointer
from index.stores import FileStore, VectorStore

__all__ = ["FORMAT_VERSION", "IndexFolder", "Manifest", "ModelIdentity", "OpenGeneration", "Verification"]

_PRIVATE_PREFIX: Final = "building-"


class IndexFolder:
    """The folder that holds the generations; it need not exist before the first build.

    Any number of processes may read while one builds. Older generations than the previous one are
    removed by a build even while a process still reads one: on POSIX systems what it has open or
    mapped stays readable until it lets go, and on others the removal waits for a later build.
    """

    def __init__(self, path: Path, store: VectorStore | None = None) -> None:
        """Name the folder, and where its generations keep their vectors; nothing is read or made yet.

        Args:
            path: The folder.
            store: Files where None.
        """
        self._path = path
        self.store = FileStore() if store is None else store
        """Where the generations keep their vectors."""
        self._generations = path / "generations"
        self._private: Path | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    @property
    def journal(self) -> Path:
        """Where a build keeps its vectors until it is done."""
        return self._path / "journal.vectors"

    @property
    def shares(self) -> Path:
        """Where the parts of a divided build are."""
        return self._path / "shares"

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Give an empty folder to build in, which is gone after the block unless it was published.

        The lock on the index folder is held throughout. What crashed builds left is removed first.

        Raises:
            BuildRunningError: Another process is building or rolling back.
            GenerationError: The folder cannot be made or written to, or the disk filled up.
        """
        with build_lock(self._path):
            private = self._path / f"{_PRIVATE_PREFIX}{secrets.token_hex(4)}"
            with explaining(self._path):
                self._remove_leftovers()
                private.mkdir()
            self._private = private
            try:
                yield private
            except OSError as error:
                # Others may be about something else that the block reads; want of room is about this.
                if error.errno not in WITHOUT_ROOM:
                    raise
                raise explained(error, self._path) from error
            finally:
                self._private = None
                self._remove(private)

    def publish(self, private_folder: Path, manifest: Manifest, *, switch: bool = True) -> str:
        """Put the generation built in `private_folder` into service and return its name.

        Everything is on the disk and was read back before the switch. The generation that served
        until now becomes the previous one; where it is damaged, the one before it stays instead.
        A candidate of before is gone afterwards.

        Args:
            private_folder: What `building` gave, in the same block.
            manifest: All but `files`, which is filled in here.
            switch: False to keep it as the candidate, while what serves goes on serving; where
                nothing is in use yet, it is put into service all the same.

        Raises:
            GenerationError: The files cannot be written or read back; what serves is whole.
            ValueError: `private_folder` is not being built in.
        """
        if self._private is None or private_folder != self._private:
            raise ValueError(
                f"{private_folder} is not being built in; expected the folder that building() gave."
            )
        with explaining(self._path):
            manifest = replace(manifest, files=tuple(file_records(private_folder)))
            data = manifest.to_json().encode()
            (private_folder / MANIFEST_NAME).write_bytes(data)
            flush_tree(private_folder)
            if manifest_bytes(private_folder) != data:
                raise damaged(f"{private_folder / MANIFEST_NAME} reads otherwise than it was written")
            check_files(private_folder, manifest, Verification.EVERY_BYTE)
            self._generations.mkdir(exist_ok=True)
            name = free_name(self._generations, manifest, data)
            serving = None if switch else self._serving_pointer()
            if serving is None:
                pointer = Pointer(current=name, previous=self._worth_keeping())
            else:
                pointer = replace(serving, candidate=name)
            # Written before the rename, after which nothing that is left to do needs space.
            prepared = prepare_pointer(self._path, pointer)
            private_folder.rename(self._generations / name)
            flush(self._generations)
            put_pointer(prepared)
            self._settle(pointer)
        return name

    def switch_to(self, name: str) -> None:
        """Put the candidate of this name into service; what served becomes the previous generation.

        Raises:
            BuildRunningError: Another process is building or rolling back.
            DamagedGenerationError: The candidate is damaged; the generation in use stays.
            GenerationError: It is not the candidate, or the folder cannot be written to.
        """
        self._pointer()  # Where nothing was built, not even the lock's file is made.
        with build_lock(self._path), explaining(self._path):
            pointer = self._pointer()
            if pointer.candidate != name:
                raise GenerationError(
                    f"Generation {name} is not the candidate in {self._path}, so {pointer.current} stays; "
                    "run `footnote build`."
                )
            self._open(name)
            after = Pointer(current=name, previous=self._worth_keeping())
            put_pointer(prepare_pointer(self._path, after))
            self._settle(after)

    def discard_candidate(self, *, chosen: bool = False) -> None:
        """Remove the candidate; without one, nothing is done.

        Args:
            chosen: Whether somebody chose the generation in use over it.

        Raises:
            BuildRunningError: Another process is building or rolling back.
            GenerationError: The folder cannot be read or written to.
        """
        if self._pointer().candidate is None:
            return
        with build_lock(self._path), explaining(self._path):
            put_pointer(prepare_pointer(self._path, self._pointer().without_candidate(chosen=chosen)))
            self._remove_leftovers()

    def current(self, verification: Verification = Verification.EVERY_BYTE) -> OpenGeneration:
        """Check the generation in use and return it.

        Files that its manifest does not list are ignored.

        Args:
            verification: How closely its files are compared.

        Raises:
            NoGenerationError: Nothing was built here yet.
            DamagedGenerationError: A file is missing or is not what the manifest says.
            OtherFormatError: Another version of the program wrote the generation.
            GenerationError: The folder cannot be read.
        """
        name = self.current_name()
        while True:
            try:
                return self._open(name, verification)
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

    def candidate_name(self) -> str | None:
        """Return the name of the generation that waits to be switched to, None without one.

        Raises:
            GenerationError: As in `current_name`.
        """
        return self._pointer().candidate

    def chosen_name(self) -> str | None:
        """Return the name of the generation in use where it was chosen over a newer one, None otherwise."""
        return self._pointer().chosen_name

    def end_choice(self) -> None:
        """Let the next start build again where somebody chose the generation in use."""
        if self.chosen_name() is not None:
            with build_lock(self._path), explaining(self._path):
                put_pointer(prepare_pointer(self._path, self._pointer().unchosen()))

    def rollback(self, *, chosen: bool = True) -> str:
        """Put the previous generation back into service and return its name; again undoes it.

        A candidate stays one. `chosen` says whether somebody wants it; otherwise the other does not open.

        Raises:
            BuildRunningError: Another process is building or rolling back.
            DamagedGenerationError: The previous generation is damaged; the one in use stays.
            GenerationError: There is no previous generation, or the folder cannot be written to.
        """
        self._pointer()  # Where nothing was built, not even the lock's file is made.
        with build_lock(self._path), explaining(self._path):
            pointer = self._pointer()
            if pointer.previous is None:
                raise GenerationError(
                    f"There is no generation before {pointer.current} in {self._path}; run `footnote build`."
                )
            try:
                self._open(pointer.previous)
            except DamagedGenerationError as error:
                raise DamagedGenerationError(
                    f"Generation {pointer.previous} in {self._path} is damaged, so {pointer.current} stays; "
                    "run `footnote build`."
                ) from error
            back = pointer.rolled_back_to(pointer.previous, chosen=chosen)
            put_pointer(prepare_pointer(self._path, back))
            self._settle(back)
        return pointer.previous

    def heal(self) -> None:
        """Have the store's standing names follow the pointer where a crash came between the two.

        Where another process builds or switches, that is left to it.

        Raises:
            GenerationError: The folder or the store cannot be read.
        """
        if not self.store.is_served(self._generations / self._pointer().current):
            with suppress(BuildRunningError), build_lock(self._path):
                self.store.serve(self._generations / self._pointer().current)

    def _pointer(self) -> Pointer:
        return read_pointer(self._path)

    def _open(self, name: str, verification: Verification = Verification.EVERY_BYTE) -> OpenGeneration:
        return open_generation(self._generations, name, verification)

    def _serving_pointer(self) -> Pointer | None:
        try:
            return self._pointer()
        except (NoGenerationError, DamagedGenerationError):
            return None

    def _worth_keeping(self) -> str | None:
        """Return the newest generation to which a roll back could return, None without one."""
        pointer = self._serving_pointer()
        if pointer is None:
            return None
        for name in (pointer.current, pointer.previous):
            try:
                if name is not None:
                    return self._open(name).name
            except OtherFormatError:
                # The version that wrote it can still return to it.
                return name
            except GenerationError:
                continue
        return None

    def _settle(self, pointer: Pointer) -> None:
        """Have everything else follow the pointer, which alone decides and is on the disk already."""
        with suppress(VectorStoreError):  # `heal` does it at the next start.
            self.store.serve(self._generations / pointer.current)
        self._remove_leftovers()

    def _remove(self, folder: Path) -> None:
        if self.store.forget(folder):
            shutil.rmtree(folder, ignore_errors=True)

    def _remove_leftovers(self) -> None:
        for folder in self._path.glob(f"{_PRIVATE_PREFIX}*"):
            self._remove(folder)
        try:
            pointer = self._pointer()
        except GenerationError:
            # Which generations are worth nothing cannot be told before one is published.
            return
        for folder in self._generations.glob("*"):
            if folder.name not in pointer.names:
                self._remove(folder)
