"""What a database says when it cannot go on, as a sentence that names the remedy."""

from __future__ import annotations

import sqlite3
from typing import Final

from index.errors import FootnoteError

_DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
_UNWRITABLE: Final = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")
_FULL: Final = ("SQLITE_FULL",)
_DISK: Final = ("SQLITE_IOERR",)
_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
_DEADLOCK: Final = "40P01"


class StoreError(FootnoteError):
    """What must survive a restart cannot be read or written; no message has a text of a person's."""


class CollisionError(StoreError):
    """Two processes waited for one another, so that the server undid one's transaction: to be begun anew."""


def damaged(where: str, found: str) -> StoreError:
    """Return the error of a state that is not whole."""
    return StoreError(
        f"The state in {where} is damaged ({found}); expected a database of Footnote's; put a copy of it "
        "back, or move it away and start again: votes, gaps, languages and who claimed the bot are then lost."
    )


def unwritable(where: str, reason: str) -> StoreError:
    """Return the error of a state that this process may not write."""
    return StoreError(
        f"The state in {where} cannot be opened for writing ({reason}); expected a file, or a folder to make "
        "it in, that this user may write to; change the permissions or set another FOOTNOTE_STATE."
    )


def fault_of(error: BaseException, where: str) -> StoreError:
    """Return the error that says what a database's own error means for whoever runs the bot.

    Only kinds and codes of the database's error are told: its words may repeat what was to be written.
    """
    code = _sqlite_code(error)
    if code.startswith(_DAMAGED):
        return damaged(where, code)
    if code.startswith(_UNWRITABLE):
        return unwritable(where, code)
    if code.startswith(_FULL):
        return StoreError(
            f"The state in {where} cannot be written ({code}); expected room on the disk; make some and "
            "start again: nothing that was acknowledged is lost."
        )
    if code.startswith(_DISK):
        return StoreError(
            f"The disk failed under the state in {where} ({code}); expected it to read and write; look to "
            "the disk, or set FOOTNOTE_STATE to a folder on another."
        )
    if code.startswith(_BUSY):
        return StoreError(
            f"The state in {where} is held by another process ({code}); expected to have it alone; end the "
            "other process."
        )
    if _server_code(error) == _DEADLOCK:
        return CollisionError(
            f"Another process wrote the same to {where} at once ({_DEADLOCK}); expected each update in one "
            "process's hand; see in the log of both what held one of them up."
        )
    return StoreError(
        f"The state in {where} cannot be used ({code or _kind(error)}); expected a database that is "
        "reachable and holds Footnote's tables; see that it runs, or set another FOOTNOTE_STATE or "
        "FOOTNOTE_DATABASE_URL."
    )


def _kind(error: BaseException) -> str:
    """Return the error's kind, with the code that a database server gave it, if one did."""
    code = _server_code(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def _server_code(error: BaseException) -> str | None:
    code: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return code


def _sqlite_code(error: BaseException) -> str:
    """Return SQLite's name of what went wrong, from wherever in the chain it is; empty where it is not."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, sqlite3.Error):
            return getattr(link, "sqlite_errorname", "")
        link = getattr(link, "orig", None) or link.__cause__ or link.__context__
    return ""
