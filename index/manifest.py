"""What a generation says of itself; `index.generation` is the door to it.

The manifest is written last and lists every other file with its hash, so a folder that holds a
manifest which agrees with the files is whole.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final, Literal, Self

from index.errors import DamagedGenerationError, OtherFormatError

FORMAT_VERSION: Final = 3
"""Raised by every change after which an older program could not serve what a newer one wrote."""

MANIFEST_NAME: Final = "manifest.json"

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The encoder that made the vectors: another one cannot search them."""

    name: str
    weights_sha256: str
    dimensions: int
    query_prompt: str
    passage_prompt: str


@dataclass(frozen=True, slots=True)
class VectorLayout:
    """How vectors lie on the disk, and what that costs; see `index.vectors`."""

    name: Literal["exact", "compressed"]
    recall_at_10: float | None
    """What searching compressed vectors found of the exact ten nearest, over a sample; where the layout
    is "exact", what was too little. None where there were too few vectors to compress."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a generation, as it was when the generation was published."""

    path: str
    """Inside the generation's folder, `/` between folders."""
    size: int
    """In bytes."""
    sha256: str
    spots_sha256: str
    """Of some blocks of a large file, for whoever cannot wait; see `index.generation_files`."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds, what it was made of and how."""

    created_at: str
    """ISO 8601, in UTC."""
    encoder: ModelIdentity
    articles: int
    passages: int
    sentences: int
    languages: tuple[str, ...]
    corpus_fingerprint: str
    """Differs whenever any article does."""
    segmentation: tuple[tuple[str, int], ...]
    """The limits that passages were cut by: name and value."""
    build_seconds: float
    passage_vectors: VectorLayout | None = VectorLayout("exact", None)
    """None where an engine keeps them."""
    sentence_vectors: VectorLayout | None = VectorLayout("exact", None)
    """The same."""
    store: str | None = None
    """The engine that keeps the vectors, such as "milvus"; None for files in the generation's folder."""
    files: tuple[FileRecord, ...] = ()
    """All but the manifest, in the order of their paths; filled in by publishing."""
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """Return the manifest as indented JSON, in ASCII."""
        # Without an engine the manifest is what it was before there were any.
        fields = {name: value for name, value in asdict(self).items() if name != "store" or value is not None}
        return json.dumps(fields, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, origin: str = MANIFEST_NAME) -> Self:
        """Read what `to_json` wrote, and nothing else.

        Args:
            text: The JSON.
            origin: What to call it in a message.

        Raises:
            OtherFormatError: Another version of the program wrote it.
            DamagedGenerationError: It is not a manifest.
        """
        try:
            fields = _Fields(json.loads(text), "the manifest")
            version = fields.integer("format_version")
            if version != FORMAT_VERSION:
                raise OtherFormatError(
                    f"{origin} is of format {version} and this version of Footnote reads format "
                    f"{FORMAT_VERSION}; run `footnote build`."
                )
            manifest = cls(
                created_at=fields.string("created_at"),
                encoder=_encoder(fields.fields("encoder")),
                articles=fields.integer("articles"),
                passages=fields.integer("passages"),
                sentences=fields.integer("sentences"),
                languages=tuple(_string(item, "a language") for item in fields.items("languages")),
                corpus_fingerprint=fields.string("corpus_fingerprint"),
                segmentation=tuple(_limit(item) for item in fields.items("segmentation")),
                build_seconds=fields.number("build_seconds"),
                passage_vectors=_layout(fields.fields_or_none("passage_vectors")),
                sentence_vectors=_layout(fields.fields_or_none("sentence_vectors")),
                store=fields.string("store") if fields.has("store") else None,
                files=tuple(_file(_Fields(item, "a file")) for item in fields.items("files")),
                format_version=version,
            )
            if datetime.fromisoformat(manifest.created_at).tzinfo is None:
                raise ValueError(f"created_at is {manifest.created_at!r}; expected a time with its zone")
            fields.expect_no_more()
        except (ValueError, OverflowError, RecursionError) as error:
            raise DamagedGenerationError(
                f"{origin} is not a manifest ({error}); run `footnote rollback` or `footnote build`."
            ) from error
        return manifest


class _Fields:
    """A JSON object whose members are taken out by name and type; raises ValueError on any other."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {_shown(value)}; expected an object")
        self._left: dict[str, Any] = dict(value)
        self._name = name

    def string(self, name: str) -> str:
        return _string(self._take(name), name)

    def integer(self, name: str) -> int:
        return _integer(self._take(name), name)

    def number(self, name: str) -> float:
        return _number(self._take(name), name)

    def number_or_none(self, name: str) -> float | None:
        value = self._take(name)
        return None if value is None else _number(value, name)

    def has(self, name: str) -> bool:
        return name in self._left

    def items(self, name: str) -> list[object]:
        value = self._take(name)
        if not isinstance(value, list):
            raise ValueError(f"{name} is {_shown(value)}; expected a list")
        return value

    def fields(self, name: str) -> _Fields:
        return _Fields(self._take(name), name)

    def fields_or_none(self, name: str) -> _Fields | None:
        value = self._take(name)
        return None if value is None else _Fields(value, name)

    def expect_no_more(self) -> None:
        if self._left:
            raise ValueError(f"{self._name} has the unknown fields {sorted(self._left)}")

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise ValueError(f"{self._name} has no field {name!r}")
        return self._left.pop(name)


def _string(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_shown(value)}; expected a string")
    return value


def _integer(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is {_shown(value)}; expected a whole number from 0")
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {_shown(value)}; expected a finite number")
    return float(value)


def _limit(value: object) -> tuple[str, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"a limit is {_shown(value)}; expected a name and a value")
    return _string(value[0], "a limit's name"), _integer(value[1], "a limit")


def _encoder(fields: _Fields) -> ModelIdentity:
    encoder = ModelIdentity(
        name=fields.string("name"),
        weights_sha256=fields.string("weights_sha256"),
        dimensions=fields.integer("dimensions"),
        query_prompt=fields.string("query_prompt"),
        passage_prompt=fields.string("passage_prompt"),
    )
    fields.expect_no_more()
    return encoder


def _layout(fields: _Fields | None) -> VectorLayout | None:
    if fields is None:
        return None
    name = fields.string("name")
    if name not in ("exact", "compressed"):
        raise ValueError(f"a layout is {_shown(name)}; expected 'exact' or 'compressed'")
    layout = VectorLayout("exact" if name == "exact" else "compressed", fields.number_or_none("recall_at_10"))
    fields.expect_no_more()
    return layout


def _file(fields: _Fields) -> FileRecord:
    record = FileRecord(
        path=fields.string("path"),
        size=fields.integer("size"),
        sha256=fields.string("sha256"),
        spots_sha256=fields.string("spots_sha256"),
    )
    path = PurePosixPath(record.path)
    stays_inside = path.name and not path.is_absolute() and ".." not in path.parts
    if not stays_inside or str(path) != record.path or record.path == MANIFEST_NAME:
        raise ValueError(f"a file has the path {record.path!r}; expected one inside the folder")
    for digest in (record.sha256, record.spots_sha256):
        if not _SHA256.fullmatch(digest):
            raise ValueError(f"a file has the hash {digest!r}; expected 64 hexadecimal digits")
    fields.expect_no_more()
    return record


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
