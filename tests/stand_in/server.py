"""The HTTP side: one call is checked, befallen by its fault, done and answered; and the thread it runs in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Coroutine
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.stand_in.calls import Call, CallLog
from tests.stand_in.faults import Fault, Faults, Kind
from tests.stand_in.methods import methods_with
from tests.stand_in.parameters import Parameters, parameters_of
from tests.stand_in.polling import Polling
from tests.stand_in.refusals import Refusal, bad_request, too_many_requests
from tests.stand_in.signals import Signal
from tests.stand_in.specification import wrong_in_call
from tests.stand_in.webhooks import Webhooks
from tests.stand_in.world import World

_TRANSPORT: Final = "stand_in.transport"
_START_SECONDS: Final = 10
_BAD_GATEWAY: Final = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


class _HungUp(Exception):
    """The caller has gone, or is to lose its connection."""


class _Protocol(H11Protocol):
    """Answers without delay, and lets the application reach the connection, to break it."""

    def connection_made(self, transport: Any) -> None:
        # asyncio does this only for sockets that name their protocol; without it each answer waits 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        application: ASGIApp = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = transport
            await application(scope, receive, send)

        self.app = with_transport


class Server:
    """Answers calls on a port of loopback, in a thread of its own, from `start` to `stop`."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.log = CallLog()
        self.faults = Faults()
        self._signal = Signal()
        self.webhooks = Webhooks(world, self._signal)
        self.polling = Polling(world, self.webhooks, self._signal)
        self._methods = methods_with(self.webhooks)
        self.url = ""
        """Where it answers, once it has been started."""
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)
        self._started = threading.Event()
        routes = [Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"])]
        config = uvicorn.Config(
            Starlette(routes=routes),
            http=_Protocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=5,
        )
        self._uvicorn = uvicorn.Server(config)

    def start(self) -> None:
        """Begin to answer, on a port that is free now."""
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # The reference is read before the first call, whose time somebody may measure.
        wrong_in_call("getMe", {})
        self._thread.start()
        if not self._started.wait(_START_SECONDS):
            raise RuntimeError("the stand-in's thread has not started; look for its traceback")

    def stop(self) -> None:
        """End every poll and connection, and the thread; a second time it does nothing."""
        self.polling.stopping = True
        self.faults.clear()
        self._signal.fire()
        self._uvicorn.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._signal.bind(asyncio.get_running_loop())
        self.world.wake = self._signal.fire
        delivery = asyncio.create_task(self.webhooks.deliver())
        self._started.set()
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            self._signal.bind(None)
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)

    async def _answer(self, request: Request) -> Response:
        """Answer one request; the log keeps it whatever comes of it."""
        method = request.path_params["method"]
        call = Call(method, {}, time.monotonic())
        body = await request.body()
        with self.world.changing():
            self.log.every.append(call)
        try:
            if request.path_params["token"] != self.token:
                raise Refusal(401, "Unauthorized")
            values = parameters_of(request.url.query, request.headers.get("content-type", ""), body)
            call.values = values.decoded()
            call.result = await _until_hang_up(request, self._call(request, method.lower(), values))
            call.code = 200
            return JSONResponse({"ok": True, "result": call.result})
        except Refusal as refusal:
            call.code, call.description = refusal.code, refusal.description
            if refusal.code == 502:
                return HTMLResponse(_BAD_GATEWAY, status_code=502)
            return JSONResponse(refusal.as_json(), status_code=refusal.code)
        except _HungUp:
            call.description = "the connection was broken"
            return Response(status_code=500)
        finally:
            with self.world.changing():
                call.ended_seconds = time.monotonic()

    async def _call(self, request: Request, method: str, values: Parameters) -> Any:
        if method not in self._methods and method != "getupdates":
            raise Refusal(404, "Not Found")
        fault = self.faults.take(method)
        if fault is not None:
            await self._befall(request, fault)
        if method == "getupdates":
            self._check_specification(method, values)
            result: Any = await self.polling.poll(values)
        else:
            with self.world.changing():
                act = self._methods[method](self.world, values)
                self._check_specification(method, values)
                result = act()
        if fault is not None and fault.kind is Kind.SLOW:
            await self._pause(fault.seconds)
        if fault is not None and fault.kind is Kind.DROPPED_AFTER:
            await _drop(request)
        return result

    def _check_specification(self, method: str, values: Parameters) -> None:
        wrong = wrong_in_call(method, dict(values.values))
        if wrong:
            self.log.violations.extend(wrong)
            raise bad_request(f"not as in the Bot API reference: {'; '.join(wrong)}")

    async def _befall(self, request: Request, fault: Fault) -> None:
        """Let a call go wrong before anything is done, where its fault is of that kind."""
        if fault.kind is Kind.REFUSED:
            if fault.retry_after_seconds is not None:
                raise too_many_requests(fault.retry_after_seconds)
            reason = "Internal Server Error" if fault.code == 500 else f"error {fault.code}"
            raise Refusal(fault.code, reason)
        if fault.kind is Kind.DROPPED_BEFORE:
            await _drop(request)
        while fault.kind is Kind.STALLED and self.faults.stalled and not self.polling.stopping:
            await self._signal.wait(0.2)

    async def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.polling.stopping:
            await self._signal.wait(left)


async def _drop(request: Request) -> None:
    """Break the connection; nobody will see an answer."""
    request.scope[_TRANSPORT].abort()
    raise _HungUp


async def _hung_up(request: Request) -> None:
    """Return when the caller has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


async def _until_hang_up(request: Request, work: Coroutine[Any, Any, Any]) -> Any:
    """Return what the work returns, or give it up when its caller is gone."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise _HungUp
    finally:
        for other in (task, gone):
            other.cancel()
            with contextlib.suppress(asyncio.CancelledError, Refusal, _HungUp):
                await other
