"""A source that is loaded when it runs: what was wanted before is wanted then."""

import asyncio

from console.sources.deferred import Deferred
from console.sources.source import Source
from console.state import reading
from console.state.messages import Linked, Message, Request, TailWanted
from tests.support.console import GivenSource


def test_what_was_wanted_before_it_was_loaded_is_wanted_of_what_was_loaded() -> None:
    given = GivenSource([Linked("broken", "refused")])

    def load() -> Source:
        return given

    async def story() -> None:
        source = Deferred(load)
        source.want((reading.ROUTES,), TailWanted("err"))
        source.refetch()
        assert (await source.ask(Request("GET", "me"))).problem == "not connected yet"
        heard = asyncio.Event()

        def take(_at_s: float, _message: Message) -> None:
            heard.set()

        running = asyncio.create_task(source.run(take))
        await asyncio.wait_for(heard.wait(), 5)
        assert (given.wanted, given.wanted_tail) == ((reading.ROUTES,), TailWanted("err"))
        source.want((reading.UPSTREAMS,), None)
        assert given.wanted == (reading.UPSTREAMS,)
        assert (await source.ask(Request("GET", "me"))).status == 404
        assert not source.can_act
        running.cancel()

    asyncio.run(story())
