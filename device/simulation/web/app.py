"""What a simulation answers: each request is checked here, and carried out in the world's thread."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar, assert_never

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from device.errors import ImageError
from device.settings.tables import Settings
from device.simulation.scenario import BUILT_IN, Happening
from device.simulation.web.driver import Driver
from device.simulation.web.enrolling import PageEnrollment
from device.simulation.web.people import change_badge, people_shown, rules_shown
from device.simulation.web.pictures import live_frame, small_jpeg, uploaded
from device.simulation.web.publishing import Publisher
from device.simulation.web.requests import ROUTES, Added, EnrollmentRequest, Explained, PeopleChange, Playback
from device.simulation.web.worlds import Stage
from device.store.store import Store
from device.web.answering import Busy, NotThere, answering, asked, done, json_answer
from device.web.guard import API
from device.web.messages import Said
from device.web.pages import page_routes
from device.web.stream import Client, Stream

T = TypeVar("T")
Explain = Callable[[Store, Settings, int], Iterable[str]]
"""The lines of `lintel explain`. Raises `StoreError` without such a decision."""
MOST_UPLOADS = 20


class SimulationApp:
    """The page of one simulation."""

    def __init__(self, make_driver: Callable[[Publisher], Driver], *, explain: Explain, version: str) -> None:
        self.stream = Stream(self._joined, self._live_frame_came)
        self.publisher = Publisher(self.stream, version)
        self.publisher.each_moment = self._each_moment
        self.driver = make_driver(self.publisher)
        self._explain = explain
        self._enrollment = PageEnrollment(self.publisher)
        self._live_frame: bytes | None = None
        self._uploads = 0
        self._decoding = asyncio.Semaphore(1)

    @property
    def app(self) -> Starlette:
        """What answers, behind a guard."""
        handlers = {
            "GET /api/world": self._world,
            "POST /api/act": self._act,
            "POST /api/playback": self._playback,
            "GET /api/recording": self._recording,
            "POST /api/pictures": self._upload,
            "GET /api/pictures/{name}": self._picture,
            "GET /api/explain/{row}": self._explained,
            "GET /api/people": self._people,
            "POST /api/people": self._change_people,
            "GET /api/rules": self._rules,
            "POST /api/enrollment": self._enroll,
            "POST /api/chain": self._verify,
        }
        routes = [
            Route(one.path, answering(handlers[f"{one.method} {one.path}"]), methods=[one.method]) for one in ROUTES
        ]
        return Starlette(
            routes=[*routes, WebSocketRoute(f"{API}stream", self.stream.endpoint), *page_routes()],
        )

    async def _ask(self, act: Callable[[Stage], T]) -> T:
        return await asyncio.wrap_future(self.driver.ask(act))

    async def _world(self, _request: Request) -> Response:
        return json_answer(await self._ask(lambda stage: stage.player.state()))

    async def _act(self, request: Request) -> Response:
        what = await asked(request, Happening)
        await self._ask(lambda stage: stage.player.act(what))
        return done()

    async def _playback(self, request: Request) -> Response:
        wanted = await asked(request, Playback)
        if wanted.do == "load":
            _refuse_unknown(wanted.scenario)
            await asyncio.wrap_future(self.driver.load(wanted.scenario))
        else:
            await self._ask(lambda stage: self._play(stage, wanted))
        return done()

    async def _recording(self, _request: Request) -> Response:
        text = await self._ask(lambda stage: stage.player.recorded())
        return Response(
            text,
            media_type="application/toml",
            headers={"content-disposition": 'attachment; filename="recorded.toml"'},
        )

    async def _upload(self, request: Request) -> Response:
        content = await request.body()
        if self._uploads >= MOST_UPLOADS:
            raise Busy(f"{MOST_UPLOADS} pictures have been uploaded.", hint="Start the simulation again.")
        async with self._decoding:
            image = await asyncio.to_thread(uploaded, content)
        self._uploads += 1
        name = f"upload-{self._uploads}"
        await self._ask(lambda stage: stage.world.add_image(name, image))
        return json_answer(Added(name))

    async def _picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        image = await self._ask(lambda stage: stage.world.images.get(name))
        if image is None:
            raise NotThere("There is no such picture.", hint="The stream's first message names all.")
        return Response(await asyncio.to_thread(small_jpeg, image), media_type="image/jpeg")

    async def _explained(self, request: Request) -> Response:
        said = request.path_params["row"]
        if not (said.isascii() and said.isdigit() and len(said) <= 12 and int(said) > 0):
            raise NotThere("The audit has no such row.", hint="Name the number of a row, as the stream has it.")
        row = int(said)
        lines = await self._ask(
            lambda stage: tuple(self._explain(stage.world.store, stage.world.settings, row)),
        )
        return json_answer(Explained(lines))

    async def _people(self, _request: Request) -> Response:
        return json_answer(await self._ask(people_shown))

    async def _change_people(self, request: Request) -> Response:
        change = await asked(request, PeopleChange)
        await self._ask(lambda stage: change_badge(stage, change))
        return done()

    async def _rules(self, _request: Request) -> Response:
        return json_answer(await self._ask(rules_shown))

    async def _enroll(self, request: Request) -> Response:
        wanted = await asked(request, EnrollmentRequest)
        await self._ask(lambda stage: self._enrollment.ask(stage, wanted))
        return done()

    async def _verify(self, _request: Request) -> Response:
        await self._ask(self.publisher.verify)
        return done()

    def _joined(self, client: Client) -> None:
        self.driver.join(client, self.stream)

    def _live_frame_came(self, content: bytes) -> None:
        """The newest counts; it is decoded at the world's next moment."""
        self._live_frame = content

    def _each_moment(self, stage: Stage) -> None:
        content, self._live_frame = self._live_frame, None
        if content is not None:
            try:
                stage.world.show_live(live_frame(content))
            except ImageError as error:
                self.publisher.say(Said(error.message, error.hint, is_error=True))
        self._enrollment.go_on(stage)

    def _play(self, stage: Stage, wanted: Playback) -> None:
        player = stage.player
        match wanted.do:
            case "play":
                player.play()
            case "go-on":
                player.go_on()
            case "pause":
                player.pause()
            case "step":
                player.step()
            case "seek":
                player.seek(wanted.number, lambda _number: self.publisher.publish_world(stage))
            case "speed":
                player.speed(wanted.factor)
            case "record":
                player.record()
            case "stop":
                player.stop()
            case "load":
                raise AssertionError("loading is the driver's")
            case _:
                assert_never(wanted.do)


def _refuse_unknown(scenario: str) -> None:
    if scenario and scenario not in BUILT_IN:
        raise NotThere("There is no such scenario.", hint=f"Load one of: {', '.join(BUILT_IN)}.")
