"""An event loop in a thread of its own, so that tests can stay plain blocking code."""

import asyncio
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs a loop until it is stopped. What nobody caught on the loop is kept in `errors`."""

    def __init__(self, name: str, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.loop = make_loop()
        self.errors: list[str] = []
        self.loop.set_exception_handler(self._note_error)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], deadline_s: float = 20.0) -> T:
        """The coroutine's result; its exception is raised here."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(deadline_s)

    def call(self, function: Callable[[], T]) -> T:
        """The result of a plain function called on the loop."""

        async def call_it() -> T:
            return function()

        return self.run(call_it())

    def turn(self) -> None:
        """Return when the loop has handled everything that was ready before this call."""
        handled = threading.Lock()
        handled.acquire()
        self.loop.call_soon_threadsafe(handled.release)
        handled.acquire(timeout=20.0)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10.0)
        self.loop.close()

    def take_errors(self) -> list[str]:
        taken, self.errors = self.errors, []
        return taken

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _note_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        trace = "".join(traceback.format_exception(error)) if error is not None else ""
        self.errors.append(f"{context.get('message')}\n{trace}")
