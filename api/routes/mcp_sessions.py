"""The Model Context Protocol's server behind /mcp: loaded when somebody first asks, since few services are asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from starlette.types import Receive, Scope, Send

from api.background import Part


class Sessions(Protocol):
    """What speaks the protocol over HTTP."""

    def run(self) -> AbstractAsyncContextManager[None]:
        """The time in which it answers."""
        ...

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...


class Mcp(Part[Sessions]):
    """Builds the server in a thread for the first who asks; others wait with them, and nothing else does."""

    def __init__(self, build: Callable[[], Sessions]) -> None:
        super().__init__("MCP server", build)
        self._asked, self._settled = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """The time in which it may be needed."""
        running = asyncio.create_task(self._run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self) -> None:
        await self._asked.wait()
        try:
            sessions = await asyncio.to_thread(self._build)
            async with sessions.run():
                self.done(sessions)
                self._settled.set()
                await asyncio.Event().wait()  # which never comes
        except Exception as error:
            self.fail(error)
        finally:
            self._settled.set()

    async def needed(self) -> Sessions:
        """The server, built by now. Raises HTTPException 503 where it could not be."""
        self._asked.set()
        await self._settled.wait()
        return self.get()
