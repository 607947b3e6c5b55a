"""A balancer on loopback: passes each request on to one of several servers that say they are ready."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.webhook import SECRET_HEADER
from bot.webhook_address import READINESS_PATH

_LOOK_SECONDS: Final = 0.2
_PASSED_ON: Final = ("content-type", SECRET_HEADER.lower())


class Balancer:
    """Sends requests round, in a thread of its own; one whose server fails is answered with 502."""

    def __init__(self, servers: Sequence[str]) -> None:
        """Name the servers, as http://HOST:PORT."""
        self._servers = tuple(servers)
        self._turns = itertools.count()
        self.ready: frozenset[str] = frozenset()
        """The servers that said so when they were asked last."""
        self.passed_on = dict.fromkeys(servers, 0)
        """How many requests each has answered with 200."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        application = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["POST"])])
        self._server = uvicorn.Server(
            uvicorn.Config(application, ws="none", lifespan="off", log_config=None, log_level="critical")
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    async def _serve(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as self._client:
            looking = asyncio.create_task(self._look())
            try:
                await self._server.serve([self._socket])
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            answers = await asyncio.gather(*map(self._is_ready, self._servers))
            self.ready = frozenset(itertools.compress(self._servers, answers))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _is_ready(self, server: str) -> bool:
        with suppress(httpx.HTTPError):
            return (await self._client.get(f"{server}{READINESS_PATH}", timeout=5)).status_code == 200
        return False

    async def _pass_on(self, request: Request) -> Response:
        ready = sorted(self.ready)
        if not ready:
            return Response(status_code=503)
        server = ready[next(self._turns) % len(ready)]
        headers = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
        try:
            answer = await self._client.post(
                f"{server}{request.url.path}", content=await request.body(), headers=headers
            )
        except httpx.HTTPError:
            return Response(status_code=502)
        self.passed_on[server] += answer.status_code == 200
        return Response(answer.content, answer.status_code)
