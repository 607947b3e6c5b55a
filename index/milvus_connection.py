"""The way to Milvus, and what its refusals mean. The only importer of pymilvus and grpc.

What these raise comes out as VectorStoreError, whose message names the address and never the token,
and says what to do.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

from index.errors import VectorStoreError

LEAST_VERSION: Final = (2, 3)
"""From which on Milvus has what is used of it."""

_CONNECT_SECONDS: Final = 5.0
_NOT_THERE: Final = frozenset({100, 1600})
"""Milvus's codes for a collection, and for an alias, that does not exist."""

_REFUSED: Final = frozenset({1100, 1101})
"""Its codes for parameters that it does not take."""

_TOKEN_REFUSED: Final = re.compile(
    r"auth\w* (?:check )?fail|unauthenticated|permission.?den|invalid token|missing authorization",
    re.IGNORECASE,
)
_NO_ANSWER: Final = re.compile(r"fail connecting|unavailable|deadline.?exceeded|retry timeout", re.IGNORECASE)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")
_LONGEST_REASON: Final = 200
_DOTENV_SWITCH: Final = "PYTHON_DOTENV_DISABLED"


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """Where Milvus is, and how it is used."""

    uri: str
    """`http://host:19530`, or a file of Milvus Lite, whose name ends in `.db`; told in messages."""
    token: str = field(default="", repr=False)
    """`user:password` or an API key; empty for none."""
    replicas: int = 1
    """On how many query nodes each collection lies, so that one may be lost."""
    alias: str = "footnote"
    """What the names of collections and of their aliases begin with."""
    deadline_seconds: float = 10.0
    """How long one question to it may take, all attempts together."""


class NotThereError(VectorStoreError):
    """There is no such collection or alias."""


class _TokenRefusedError(VectorStoreError):
    """Milvus does not let this token in."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of a Milvus that answered."""

    address: MilvusAddress
    client: Any
    """A pymilvus.MilvusClient; its methods raise `errors`."""
    data_types: Any
    """pymilvus.DataType."""
    version: str
    errors: tuple[type[Exception], ...]

    @classmethod
    def open(cls, address: MilvusAddress) -> Self:
        """Connect, and see that the Milvus there can be used.

        Raises:
            VectorStoreError: pymilvus is not installed, nothing answers there, the token is refused, or
                Milvus is too old.
        """
        pymilvus, grpc = _libraries()
        errors = (pymilvus.MilvusException, grpc.RpcError, grpc.FutureTimeoutError)
        try:
            client = pymilvus.MilvusClient(address.uri, token=address.token, timeout=_CONNECT_SECONDS)
            said = str(client.get_server_version(timeout=_CONNECT_SECONDS))
        except errors as error:
            failure = explained(error, address)
            if isinstance(failure, _TokenRefusedError):
                raise failure from None
            raise failure from error
        found = _VERSION.search(said)
        version = found.group() if found else said
        if found and (int(found[1]), int(found[2])) < LEAST_VERSION:
            raise VectorStoreError(
                f"Milvus at {address.uri} is of version {version}; expected {_dotted(LEAST_VERSION)} or "
                "later; upgrade it, or leave FOOTNOTE_MILVUS_URI out."
            )
        return cls(address, client, pymilvus.DataType, version, errors)

    def is_at_least(self, version: tuple[int, int]) -> bool:
        """Return whether Milvus is of this version or later; one that does not tell counts as new."""
        found = _VERSION.match(self.version)
        return found is None or (int(found[1]), int(found[2])) >= version


def is_hopeless(error: Exception) -> bool:
    """Return whether asking again would not help."""
    code = getattr(error, "code", None)
    return (not callable(code) and code in _NOT_THERE | _REFUSED) or _is_about_token(error)


def explained(error: Exception, address: MilvusAddress) -> VectorStoreError:
    """Return what pymilvus or grpc raised as one sentence with the remedy."""
    said, shown = _said(error), address.uri
    if address.token:
        said = said.replace(address.token, "[token]")
    if _is_about_token(error):
        return _TokenRefusedError(
            f"Milvus at {shown} does not accept the token; set FOOTNOTE_MILVUS_TOKEN to user:password or an "
            "API key that may read and write there."
        )
    reason = said[:_LONGEST_REASON]
    if not callable(getattr(error, "code", None)) and getattr(error, "code", None) in _NOT_THERE:
        return NotThereError(
            f"Milvus at {shown} does not have what was asked for ({reason}); run `footnote build`."
        )
    if _NO_ANSWER.search(said):
        return VectorStoreError(
            f"Milvus at {shown} does not answer ({reason}); start it, or set FOOTNOTE_MILVUS_URI right."
        )
    return VectorStoreError(f"Milvus at {shown} failed ({reason}); see its own log, then try again.")


def _is_about_token(error: Exception) -> bool:
    # pymilvus says of a refusal while it connects that nothing answers, and keeps the reason as the cause.
    # What it raises is often its own cause.
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        if _TOKEN_REFUSED.search(_said(link)):
            return True
        seen.add(id(link))
        link = link.__cause__
    return False


def _said(error: BaseException) -> str:
    """Return what the error says, on one line; grpc keeps it apart from the exception's text."""
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    if callable(code) and callable(details):
        said = f"{getattr(code(), 'name', code())}: {details()}"
    else:
        said = str(getattr(error, "message", "") or error or type(error).__name__)
    return " ".join(said.split())


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _libraries() -> tuple[Any, Any]:
    with _without_env_file():
        try:
            pymilvus, grpc = importlib.import_module("pymilvus"), importlib.import_module("grpc")
        except ImportError as error:
            raise VectorStoreError(
                f"FOOTNOTE_MILVUS_URI is set, and the package {error.name} is not installed; run "
                "`pip install 'footnote-bot[milvus]'`, or leave the setting out."
            ) from error
    # It logs every refusal with its whole traceback; what is raised says it once.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    return pymilvus, grpc


@contextmanager
def _without_env_file() -> Iterator[None]:
    """Keep pymilvus, as it is imported, from putting a file `.env`, secrets and all, into the environment."""
    before = os.environ.get(_DOTENV_SWITCH)
    os.environ[_DOTENV_SWITCH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_DOTENV_SWITCH]
        else:
            os.environ[_DOTENV_SWITCH] = before
