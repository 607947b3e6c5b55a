"""Vectors on disk by the keys of their texts, safe against an end at any byte: a file that only grows.

    header   8 bytes that name the format, 4 of length, JSON about the encoder, 16 of its hash
    block    1 byte of kind, 4 of length, content, 16 of the hash of all of these
             "V": any number of a key of 16 bytes and a vector of float32, lowest byte first
             "D": JSON about what is complete with everything before it

What follows the last block whose hash is right was being written when its process ended, and is dropped.
Hashes are BLAKE2b.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedGenerationError
from index.manifest import ModelIdentity
from index.texts import KEY_BYTES

_MAGIC: Final = b"fnvecs1\n"
_HASH_BYTES: Final = 16
_LONGEST_BLOCK: Final = 1 << 30
"""No block is longer in bytes; a length above it is damage."""
_VECTORS: Final = b"V"
_DONE: Final = b"D"


@dataclass(frozen=True, slots=True)
class Completion:
    """That everything asked for is in the file, and what that was."""

    articles: int
    fingerprint: str
    """Of these articles, by `index.shares`; differs whenever any of them does."""


class VectorJournal:
    """Vectors of one encoder: those that were in the file when it was opened can be found."""

    def __init__(self, file: IO[bytes], path: Path, identity: ModelIdentity, contents: _Contents) -> None:
        """Take over an open file; `open` and `read` are the ways in."""
        self._file = file
        self.path = path
        """Where it lies."""
        self.identity = identity
        """The encoder whose vectors these are."""
        self.completion = contents.completion
        """What it said at its end when it was opened, None where it was not complete."""
        order = np.argsort(contents.heads, kind="stable")
        self._heads = contents.heads[order]
        self._places = contents.places[order]

    @classmethod
    def open(cls, path: Path, identity: ModelIdentity) -> Self:
        """Open a file to go on with it; one of another encoder, or that is none, begins anew.

        Raises:
            OSError: It cannot be read or written.
        """
        path.touch()
        file = path.open("r+b")
        try:
            found = _read(file)
            if found is None or found.identity != identity:
                file.seek(0)
                file.truncate()
                file.write(_header(identity))
                found = _Contents(identity, file.tell(), None, *_nothing())
            file.seek(found.end)
            file.truncate()
            return cls(file, path, identity, found)
        except BaseException:
            file.close()
            raise

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open a file to find vectors in it.

        Raises:
            DamagedGenerationError: It is no such file.
            OSError: It cannot be read.
        """
        file = path.open("rb")
        found = _read(file)
        if found is None:
            file.close()
            raise DamagedGenerationError(
                f"{path} is not a file of vectors; delete it, then run its part of the build again."
            )
        return cls(file, path, found.identity, found)

    def __len__(self) -> int:
        """Return how many vectors were in the file when it was opened."""
        return len(self._heads)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of those keys that were in the file when it was opened, (d,) float32 each."""
        found: dict[bytes, NDArray[np.float32]] = {}
        if not len(self._heads):
            return found
        heads = _heads_of(keys)
        firsts = np.searchsorted(self._heads, heads, side="left")
        lasts = np.searchsorted(self._heads, heads, side="right")
        for key, first, last in zip(keys, firsts.tolist(), lasts.tolist(), strict=True):
            # Of keys that begin alike there is hardly ever more than one.
            for place in self._places[first:last].tolist():
                self._file.seek(place)
                record = self._file.read(KEY_BYTES + 4 * self.identity.dimensions)
                if record[:KEY_BYTES] == key:
                    found[key] = np.frombuffer(record, "<f4", offset=KEY_BYTES).astype(np.float32)
                    break
        return found

    def append(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Add vectors, (n, d) float32, under their keys; from now on no end of this process loses them.

        Raises:
            OSError: The disk is full or fails.
        """
        if not len(keys):
            return
        records = np.empty(len(keys), _record_type(self.identity.dimensions))
        records["key"] = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES)
        records["vector"] = vectors
        self._write(_VECTORS, records.tobytes())

    def complete(self, completion: Completion) -> None:
        """Say that everything is in the file, and have the disk keep it.

        Raises:
            OSError: The disk is full or fails.
        """
        self._write(_DONE, json.dumps(asdict(completion)).encode())
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; closing again does nothing."""
        self._file.close()

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return this journal, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def _write(self, kind: bytes, content: bytes) -> None:
        begun = kind + struct.pack("<I", len(content)) + content
        self._file.seek(0, os.SEEK_END)
        self._file.write(begun + _hash(begun))
        self._file.flush()


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a file holds up to the last byte that is right."""

    identity: ModelIdentity
    end: int
    """Where the next block of vectors belongs."""
    completion: Completion | None
    heads: NDArray[np.uint64]
    """The first half of each key."""
    places: NDArray[np.int64]
    """Where each record begins."""


def _read(file: IO[bytes]) -> _Contents | None:
    identity = _read_header(file)
    if identity is None:
        return None
    record = _record_type(identity.dimensions)
    completion: Completion | None = None
    heads, places = ([empty] for empty in _nothing())
    end = file.tell()
    for start, kind, content in _blocks(file):
        if kind == _DONE:
            completion = _completion(content)
            continue
        if completion is not None or kind != _VECTORS or len(content) % record.itemsize:
            break
        keys = np.frombuffer(content, record)["key"]
        heads.append(np.ascontiguousarray(keys[:, : KEY_BYTES // 2]).view("<u8").ravel().astype(np.uint64))
        places.append(start + record.itemsize * np.arange(len(keys), dtype=np.int64))
        end = file.tell()
    return _Contents(identity, end, completion, np.concatenate(heads), np.concatenate(places))


def _blocks(file: IO[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each whole block: where its content begins, its kind, and its content."""
    while True:
        begun = file.read(5)
        if len(begun) < 5:
            return
        (length,) = struct.unpack("<I", begun[1:])
        if length > _LONGEST_BLOCK:
            return
        start = file.tell()
        content, digest = file.read(length), file.read(_HASH_BYTES)
        if len(content) < length or digest != _hash(begun + content):
            return
        yield start, begun[:1], content


def _header(identity: ModelIdentity) -> bytes:
    described = json.dumps(asdict(identity)).encode()
    header = _MAGIC + struct.pack("<I", len(described)) + described
    return header + _hash(header)


def _read_header(file: IO[bytes]) -> ModelIdentity | None:
    begun = file.read(len(_MAGIC) + 4)
    if len(begun) < len(_MAGIC) + 4 or not begun.startswith(_MAGIC):
        return None
    (length,) = struct.unpack("<I", begun[len(_MAGIC) :])
    if length > _LONGEST_BLOCK:
        return None
    described = file.read(length)
    if file.read(_HASH_BYTES) != _hash(begun + described):
        return None
    fields: dict[str, Any] = json.loads(described)
    try:
        return ModelIdentity(**fields)
    except TypeError:
        # Another version says something else of an encoder.
        return None


def _completion(content: bytes) -> Completion:
    fields: dict[str, Any] = json.loads(content)
    return Completion(**fields)


def _nothing() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    return np.zeros(0, np.uint64), np.zeros(0, np.int64)


def _heads_of(keys: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(key[: KEY_BYTES // 2] for key in keys), "<u8").astype(np.uint64)


def _record_type(dimensions: int) -> np.dtype[np.void]:
    return np.dtype([("key", np.uint8, (KEY_BYTES,)), ("vector", "<f4", (dimensions,))])


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_HASH_BYTES).digest()
