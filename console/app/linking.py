"""Which gateway is looked at: going over to another one waits for nothing, and the recording of what is heard."""

from collections.abc import Callable

from console.app.looks import Looks
from console.client.contexts import Context, Contexts
from console.client.problems import WrongUsage
from console.render.band import clock_of
from console.sources.recordable import Recordable
from console.sources.source import Player, Source
from console.state.model import Model
from console.state.moments import moment


class Linking(Looks):
    """The part of the app that knows contexts."""

    is_production: bool

    def __init__(self) -> None:
        super().__init__()
        self.context: Context | None = None
        self.read_contexts: Callable[[], Contexts] = Contexts
        self.connect: Callable[[Context], Source] | None = None

    def use_context_of(self, context: Context) -> None:
        """What its name, its tags and its links are from now on."""
        self.context = context
        self.context_name = context.name
        self.is_production = context.is_production
        self.starts_read_only = context.starts_read_only

    def context_names(self) -> list[str]:
        """Of those that may be gone over to."""
        try:
            return [context.name for context in self.read_contexts().contexts]
        except WrongUsage:
            return []

    def switch_context(self, name: str) -> bool:
        """To another gateway, at once: what was known of this one is forgotten. False, and said, where there is none."""
        try:
            known = self.read_contexts().contexts
        except WrongUsage as problem:
            self.say(str(problem))
            return False
        found = [context for context in known if context.name == name]
        if not found or self.connect is None:
            self.say(
                f"there is no context {name!r}; there are: {', '.join(context.name for context in known) or 'none'}"
            )
            return False
        self.use_context_of(found[0])
        self.forbid_writing()
        self.live_model, self._still, self._tail = self._fresh_model(), None, None
        self.source = self.connect(found[0])
        self.feed_anew()
        self.redraw()
        self.say(f"this is {name} now")
        return True

    def list_contexts(self) -> None:
        """In one line, for want of a name."""
        self.say(f"here: {self.context_name}; there are: {', '.join(self.context_names()) or 'no others'}")

    def record(self, file: str) -> None:
        """Begin a recording; without a file, end the one that runs."""
        source = self.source
        if self.is_web:
            self.say("a browser writes no files on the machine that serves it")
        elif not isinstance(source, Recordable):
            self.say("this cannot be recorded")
        elif not file:
            self.run_worker(self._end_recording(source), group="record")
        else:
            try:
                source.record(file, self.live_model)
            except WrongUsage as problem:
                self.say(str(problem))
                return
            source.notice = self.say
            self.say(f"recording to {file}; :record ends it")

    async def _end_recording(self, source: Recordable) -> None:
        self.say(await source.stop_recording() or "nothing is being recorded; :record FILE begins")

    def freeze(self) -> None:
        """A recording stands still while nobody wants it to go on."""
        super().freeze()
        if isinstance(self.source, Player):
            self.source.pause(is_paused=self.frozen_at_s is not None)

    def look_at(self, text: str) -> None:
        """In a recording, go on from there: a time of day is one of then, a duration is back from where it plays."""
        source = self.source
        if not isinstance(source, Player):
            super().look_at(text)
            return
        try:
            at_s = moment(text, source.now_s if text.strip().startswith("-") else source.ends_s)
        except ValueError as problem:
            self.say(str(problem))
            return
        source.seek(at_s)
        self.say(f"the recording goes on from {clock_of(at_s)}")

    def _fresh_model(self) -> Model:
        model = Model()
        model.now_s, model.window_s = self.live_model.now_s, self.live_model.window_s
        return model
