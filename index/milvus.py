"""Milvus, as far as Footnote needs it, in Footnote's words.

Every call has a limit of time. A question is asked again, until its own limit, where an answer fails to
come or is not whole, as happens while a query node is lost and another takes its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorStoreError
from index.milvus_connection import Connection, MilvusAddress, NotThereError, explained, is_hopeless

_WORDS_VERSION: Final = (2, 5)
"""From which on it searches words: sparse vectors."""

_FIRST_ATTEMPT_SECONDS: Final = 1.0
"""How long the first attempt at a question may take, each further one twice as long as the one before: a
query node that died answers to nothing, and a large collection may need its time."""

_PAUSE_SECONDS: Final = 0.05
_BUILD_SECONDS: Final = 600.0
"""How long one step of a build may take; loading a large collection is one."""

_ROWS_A_CALL: Final = 500
"""Written in one call: 1.5 MB of vectors of 768 dimensions."""

_ROWS_READ_A_CALL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search of one vector found, in no certain order where equal."""

    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]
    """(n, d): those of the rows."""


class Milvus:
    """One Milvus, connected to when it is first asked. Safe to share between threads."""

    def __init__(self, address: MilvusAddress) -> None:
        """Name it; nothing is imported or asked yet."""
        self.address = address
        self._connecting = threading.Lock()
        self._connected: Connection | None = None

    @property
    def name(self) -> str:
        """What it is called in a sentence, with its version.

        Raises:
            VectorStoreError: It cannot be used.
        """
        return f"Milvus {self._connection.version} at {self.address.uri}"

    @property
    def finds_words(self) -> bool:
        """Whether it is new enough to search words.

        Raises:
            VectorStoreError: It cannot be used.
        """
        return self._connection.is_at_least(_WORDS_VERSION)

    def has(self, collection: str) -> bool:
        """Return whether there is such a collection."""
        there: bool = self._ask("has_collection", collection)
        return there

    def is_loaded(self, collection: str) -> bool:
        """Return whether the collection is in the memory of the query nodes, as questions need it."""
        state = self._ask("get_load_state", collection)["state"]
        return str(getattr(state, "name", state)) == "Loaded"

    def load(self, collection: str) -> None:
        """Bring a collection into the memory of the query nodes."""
        # One replica is the default, and Milvus Lite knows no other.
        replicas = {"replica_number": self.address.replicas} if self.address.replicas > 1 else {}
        self._do("load_collection", collection, **replicas)

    def create(self, collection: str, dimensions: int | None) -> None:
        """Make an empty collection of vectors, or of terms with weights where there are no dimensions."""
        connection = self._connection
        kinds = connection.data_types
        schema = connection.client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", kinds.INT64, is_primary=True)
        if dimensions is None:
            schema.add_field("data", kinds.SPARSE_FLOAT_VECTOR)
        else:
            schema.add_field("data", kinds.FLOAT_VECTOR, dim=dimensions)
        self._do("create_collection", collection, schema=schema)

    def insert(self, collection: str, rows: Iterable[tuple[int, Any]]) -> None:
        """Write rows: numbers with a vector, or with the weights of terms by their numbers."""
        batch: list[dict[str, Any]] = []
        for row, data in rows:
            batch.append({"id": row, "data": data})
            if len(batch) == _ROWS_A_CALL:
                self._do("insert", collection, batch)
                batch = []
        if batch:
            self._do("insert", collection, batch)

    def finish(self, collection: str, index_type: str, parameters: Mapping[str, int]) -> None:
        """Make what was written findable: on the disk, indexed by inner product, and loaded."""
        index = self._connection.client.prepare_index_params()
        index.add_index("data", index_type=index_type, metric_type="IP", params=dict(parameters))
        self._do("flush", collection)
        self._do("create_index", collection, index)
        self.load(collection)

    def count(self, collection: str, *, latest: bool = False) -> int:
        """Return how many rows a loaded collection has; `latest` waits for what was written just now."""
        level = "Strong" if latest else "Eventually"
        found = self._ask("query", collection, filter="", output_fields=["count(*)"], consistency_level=level)
        return int(found[0]["count(*)"])

    def nearest(
        self, collection: str, vectors: NDArray[np.float32], k: int, parameters: Mapping[str, int]
    ) -> list[Hits]:
        """Return the `k` rows nearest to each vector, with their own vectors; there must be as many."""
        found = self._ask(
            "search",
            collection,
            data=list(vectors),
            anns_field="data",
            limit=k,
            output_fields=["data"],
            search_params={"metric_type": "IP", "params": dict(parameters)},
            consistency_level="Eventually",
            is_whole=lambda lines: all(len(line) == k for line in lines),
        )
        return [
            Hits(
                np.array([hit["id"] for hit in line], np.int64),
                np.array([hit["entity"]["data"] for hit in line], np.float32),
            )
            for line in found
        ]

    def with_terms(self, collection: str, terms: Sequence[int], limit: int) -> NDArray[np.int64]:
        """Return the rows whose weights of these terms sum to most, best first, at most `limit`."""
        found = self._ask(
            "search",
            collection,
            data=[dict.fromkeys(terms, 1.0)],
            anns_field="data",
            limit=limit,
            output_fields=["id"],
            search_params={"metric_type": "IP", "params": {"drop_ratio_search": 0.0}},
            consistency_level="Eventually",
        )
        return np.array([hit["id"] for hit in found[0] if hit["distance"] > 0], np.int64)

    def vectors(self, collection: str, rows: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of different rows, all of which must be there."""
        read: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(rows), _ROWS_READ_A_CALL):
            some = list(rows[start : start + _ROWS_READ_A_CALL])
            wanted = len(some)
            found = self._ask(
                "query",
                collection,
                filter=f"id in {some}",
                output_fields=["id", "data"],
                consistency_level="Eventually",
                is_whole=partial(_has_length, wanted),
            )
            read.update((entity["id"], np.array(entity["data"], np.float32)) for entity in found)
        return read

    def behind(self, alias: str) -> str | None:
        """Return the collection that an alias stands for; None where there is no such alias."""
        try:
            found: str = self._ask("describe_alias", alias)["collection_name"]
        except NotThereError:
            return None
        return found

    def point(self, alias: str, collection: str | None) -> None:
        """Have an alias stand for a collection, in one step; None for no alias any more."""
        before = self.behind(alias)
        if before == collection:
            return
        if collection is None:
            self._do("drop_alias", alias)
        else:
            self._do("create_alias" if before is None else "alter_alias", collection, alias)

    def drop(self, collection: str) -> None:
        """Remove a collection; where there is none, nothing is done."""
        if self.has(collection):
            self._do("drop_collection", collection)

    def _ask(
        self, name: str, *given: Any, is_whole: Callable[[Any], bool] | None = None, **options: Any
    ) -> Any:
        """Return the answer to a question, asked again while it may yet come and be whole."""
        connection = self._connection
        call = getattr(connection.client, name)
        ends = time.monotonic() + self.address.deadline_seconds
        patience = _FIRST_ATTEMPT_SECONDS
        while True:
            left = max(ends - time.monotonic(), _PAUSE_SECONDS)
            try:
                answer = call(*given, timeout=min(patience, left), **options)
            except connection.errors as error:
                if time.monotonic() + _PAUSE_SECONDS >= ends or is_hopeless(error):
                    raise explained(error, self.address) from error
            else:
                if is_whole is None or is_whole(answer):
                    return answer
                if time.monotonic() + _PAUSE_SECONDS >= ends:
                    raise VectorStoreError(
                        f"{self.name} finds less in {given[0]} than was written there; run `footnote build`."
                    )
            time.sleep(_PAUSE_SECONDS)
            patience *= 2

    def _do(self, name: str, *given: Any, **options: Any) -> None:
        """Have something done, once: what is not known to have failed must not be done twice."""
        connection = self._connection
        try:
            getattr(connection.client, name)(*given, timeout=_BUILD_SECONDS, **options)
        except connection.errors as error:
            raise explained(error, self.address) from error

    @property
    def _connection(self) -> Connection:
        with self._connecting:
            if self._connected is None:
                self._connected = Connection.open(self.address)
            return self._connected


def _has_length(length: int, answer: Sequence[object]) -> bool:
    return len(answer) == length
