"""The log: one line an event on standard error, and nothing secret in it, whoever logs.

It is the standard library's logging and no other: every record of every library, logger and handler
is made by one factory, so that what must not be told is taken out there, before any handler sees it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

from bot.redaction import Redactor, error_text, traceback_text
from bot.wrapping import one_line

_OURS: Final = ("bot", "index")
_LOUD: Final = (
    *("aiohttp", "httpx", "httpcore", "telegram"),
    *("asyncio", "sqlalchemy", "aiosqlite", "py.warnings"),
)
"""Libraries of which only warnings and errors are logged, even if they set their own level."""

_ARGUMENTS_TOLD: Final = (*_OURS, "py.warnings")
"""Loggers whose arguments hold nothing of a person's."""

_FIELDS: Final = "footnote_fields"
_BARE: Final = re.compile(r"[^\s\"'=\\]+")
"""A value that needs no quotes in key=value."""


class EventLog:
    """Writes events: a short name, and what is to be known about it as fields."""

    def __init__(self, name: str) -> None:
        """Name the module that logs."""
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **fields: object) -> None:
        """Log what is of interest to whoever looks for a fault; it is not written as a rule."""
        self._write(logging.DEBUG, event, fields, None)

    def info(self, event: str, /, **fields: object) -> None:
        """Log what is worth a line when all is well."""
        self._write(logging.INFO, event, fields, None)

    def warning(self, event: str, /, *, error: BaseException | None = None, **fields: object) -> None:
        """Log what went wrong and is being dealt with."""
        self._write(logging.WARNING, event, fields, error)

    def error(self, event: str, /, *, error: BaseException | None = None, **fields: object) -> None:
        """Log what went wrong and somebody should look at."""
        self._write(logging.ERROR, event, fields, error)

    def _write(
        self, level: int, event: str, fields: Mapping[str, object], error: BaseException | None
    ) -> None:
        exc_info = None if error is None else (type(error), error, error.__traceback__)
        self._logger.log(level, event, exc_info=exc_info, extra={_FIELDS: dict(fields)})


class Logging:
    """The logging of this process from `start` to `stop`."""

    def __init__(self, redactor: Redactor, *, as_json: bool = False, stream: TextIO | None = None) -> None:
        """Say what is secret and how and where lines are written; standard error where None."""
        self._redactor = redactor
        self._handler = _Handler(stream or sys.stderr)
        self._handler.setFormatter(_Formatter(redactor, as_json=as_json))
        self._before: _Before | None = None

    def start(self) -> None:
        """Take over every logger, Python's warnings and whatever nobody catches."""
        self._before = _Before()
        root = logging.getLogger()
        root.handlers[:] = [self._handler]
        root.setLevel(logging.WARNING)
        for name in _OURS:
            logging.getLogger(name).setLevel(logging.INFO)
        for name in _LOUD:
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.setLogRecordFactory(_RecordFactory(self._redactor))
        logging.captureWarnings(True)
        sys.excepthook = _on_uncaught
        sys.unraisablehook = _on_unraisable
        threading.excepthook = _on_uncaught_in_thread

    def stop(self) -> None:
        """Leave everything as it was before `start`."""
        if self._before is not None:
            self._before.restore()
            self._before = None


def log_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what the event loop noticed: for `loop.set_exception_handler`."""
    error = context.get("exception")
    EventLog("bot.loop").error(
        "loop_exception",
        error=error if isinstance(error, BaseException) else None,
        message=context.get("message", ""),
    )


class _Before:
    """What `Logging.start` changes, as it was."""

    def __init__(self) -> None:
        self._root_handlers = list(logging.getLogger().handlers)
        self._levels = {name: logging.getLogger(name).level for name in ("", *_OURS, *_LOUD)}
        self._factory = logging.getLogRecordFactory()
        self._hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)

    def restore(self) -> None:
        logging.captureWarnings(False)
        logging.getLogger().handlers[:] = self._root_handlers
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        logging.setLogRecordFactory(self._factory)
        sys.excepthook, sys.unraisablehook, threading.excepthook = self._hooks


class _Withheld:
    """Stands in for an argument of another library's: tells its kind alone."""

    def __init__(self, value: object) -> None:
        self._kind = f"<{type(value).__name__}>"

    def __repr__(self) -> str:
        return self._kind


class _RecordFactory:
    """Makes records that hold nothing secret, for every logger of the process."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        record = logging.LogRecord(*arguments, **named)
        ours = record.name.split(".")[0] in _OURS or record.name in _ARGUMENTS_TOLD
        record.msg = self._redactor.redact(_message(record, ours=ours))
        record.args = None
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            record.exc_text = self._redactor.redact(f"{error_text(error)} at {traceback_text(error)}")
            record.exc_info = None
        record.stack_info = None
        return record


def _message(record: logging.LogRecord, *, ours: bool) -> str:
    if isinstance(record.msg, BaseException):
        return error_text(record.msg)
    if not isinstance(record.msg, str) and not ours:
        return repr(_Withheld(record.msg))
    template = str(record.msg)
    if not record.args:
        return template
    arguments = record.args if ours else _withheld(record.args)
    try:
        return template % arguments
    except (TypeError, ValueError, KeyError):
        return template


def _withheld(arguments: tuple[object, ...] | Mapping[str, object]) -> object:
    if isinstance(arguments, Mapping):
        return {name: _told(value) for name, value in arguments.items()}
    return tuple(map(_told, arguments))


def _told(value: object) -> object:
    return value if value is None or type(value) in (int, float, bool) else _Withheld(value)


class _Formatter(logging.Formatter):
    """Writes a record as one line: key=value, or JSON."""

    def __init__(self, redactor: Redactor, *, as_json: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, object] = {"at": at, "level": record.levelname.lower(), "by": record.name}
        fields["event"] = self._safe(record.getMessage())
        for name, value in getattr(record, _FIELDS, {}).items():
            plain = value is None or isinstance(value, bool | int | float)
            fields[name] = value if plain else self._safe(str(value))
        if record.exc_text:
            fields["error"] = self._safe(record.exc_text)
        if self._as_json:
            return self._redactor.redact(json.dumps(fields))
        return self._redactor.redact(" ".join(f"{name}={_quoted(value)}" for name, value in fields.items()))

    def _safe(self, text: str) -> str:
        return one_line(self._redactor.redact(text))


def _quoted(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; what fails in it is not printed with its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a line was lost, and of which logger."""
        try:
            self.stream.write(f"level=error by=bot.logs event=line_lost logger={_quoted(record.name)}\n")
        except (OSError, ValueError):
            return  # Nobody reads any more.


def _on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    EventLog("bot.process").error("uncaught", error=error.with_traceback(trace))


def _on_unraisable(unraisable: Any) -> None:
    EventLog("bot.process").error("unraisable", error=unraisable.exc_value)


def _on_uncaught_in_thread(caught: threading.ExceptHookArgs) -> None:
    EventLog("bot.process").error("uncaught_in_thread", error=caught.exc_value)
