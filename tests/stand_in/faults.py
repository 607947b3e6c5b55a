"""What can go wrong between a bot and the server, at the next calls of a method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto


class Kind(Enum):
    """How a call goes wrong."""

    REFUSED = auto()
    """An error of the server; nothing is done."""
    DROPPED_BEFORE = auto()
    """The connection breaks; nothing is done."""
    DROPPED_AFTER = auto()
    """What was asked for is done, but the connection breaks before the answer."""
    SLOW = auto()
    """What was asked for is done, and answered late."""
    STALLED = auto()
    """Nothing is done and nothing is answered until the caller hangs up or the stall is lifted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which the next calls of a method go wrong."""

    method: str
    """In lower case; `*` for any."""
    kind: Kind
    times: int = 1
    """At how many more calls."""
    code: int = 500
    """Of a refusal."""
    retry_after_seconds: int | None = None
    """Of a refusal with 429."""
    seconds: float = 0.0
    """How late a slow answer is."""
    after: int = 0
    """How many calls go well before."""


class Faults:
    """The faults in waiting, taken in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.stalled = False
        """Whether a stall is on; lifting it lets the stalled calls go on."""

    def fail(
        self, method: str, *, times: int = 1, code: int = 500, retry_after: int | None = None, after: int = 0
    ) -> None:
        """Answer the next calls with an error; 429 tells to come again in `retry_after` seconds."""
        if code == 429 and retry_after is None:
            retry_after = 1
        self._add(Fault(method.lower(), Kind.REFUSED, times, code, retry_after, after=after))

    def drop_before(self, method: str, *, times: int = 1, after: int = 0) -> None:
        """Break the connection of the next calls before anything is done."""
        self._add(Fault(method.lower(), Kind.DROPPED_BEFORE, times, after=after))

    def drop_after(self, method: str, *, times: int = 1, after: int = 0) -> None:
        """Break the connection of the next calls after all is done, before the answer."""
        self._add(Fault(method.lower(), Kind.DROPPED_AFTER, times, after=after))

    def slow(self, method: str, seconds: float, *, times: int = 1, after: int = 0) -> None:
        """Answer the next calls late; what they ask for is done before the wait."""
        self._add(Fault(method.lower(), Kind.SLOW, times, seconds=seconds, after=after))

    def stall(self, method: str = "getUpdates", *, times: int = 1) -> None:
        """Leave the next calls without any answer, as a dead connection does."""
        self.stalled = True
        self._add(Fault(method.lower(), Kind.STALLED, times))

    def clear(self) -> None:
        """Let everything go well from now on; stalled calls go on."""
        self._waiting.clear()
        self.stalled = False

    def take(self, method: str) -> Fault | None:
        """Return the fault that befalls a call that has come, and count it as used."""
        for i, fault in enumerate(self._waiting):
            if fault.method not in ("*", method.lower()):
                continue
            if fault.after:
                self._waiting[i] = replace(fault, after=fault.after - 1)
                continue
            if fault.times > 1:
                self._waiting[i] = replace(fault, times=fault.times - 1)
            else:
                del self._waiting[i]
            return fault
        return None

    @property
    def left(self) -> int:
        """How many faults have not befallen a call yet."""
        return sum(fault.times for fault in self._waiting)

    def _add(self, fault: Fault) -> None:
        self._waiting.append(fault)
