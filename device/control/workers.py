"""The threads of a lane, each with one job at a time: what takes long delays neither the doors nor another lane."""

import contextlib
import math
import queue
import threading
import time
from collections.abc import Generator, Iterator

from device.at_work import at_work
from device.control.desk import Desk, bug
from device.control.jobs import SEND_S, Job, Unread, ending, job_of, refuse, settled, too_long
from device.control.messages import Alive, Code
from device.control.protocol import MAX_REQUEST, Lane, ProtocolError, error_line
from device.errors import LintelError


class Workers:
    """A lane: its threads, and the requests that wait for one of them, in bounded room."""

    def __init__(self, name: str, desk: Desk, *, threads: int, waiting: int, within_s: float = math.inf) -> None:
        """`within_s` is how long a request may take, seconds, before its thread counts as late."""
        self._name = name
        self._desk = desk
        self._within_s = within_s
        self._is_ending = False
        self._waiting: queue.Queue[Job | Unread | None] = queue.Queue(waiting)
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def add(self, request: Job | Unread) -> None:
        """Answers it when its turn has come, or refuses it if too many wait."""
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            _refuse(request, self._busy())

    def end(self) -> None:
        """Begins no request that waits; does not wait for those under way."""
        self._is_ending = True
        with contextlib.suppress(queue.Empty):
            while True:
                if (request := self._waiting.get_nowait()) is not None:
                    _refuse(request, ending())
        for _ in self._threads:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)

    def join(self, deadline: float) -> None:
        """Waits for the requests under way, until `deadline` on the monotonic clock: a store may hang."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _busy(self) -> ProtocolError:
        return ProtocolError(
            f"Too many {self._name} wait for the store.",
            hint="Try again when `lintel door status` is quiet.",
            code=Code.BUSY,
        )

    def _run(self) -> None:
        while (request := self._waiting.get()) is not None:
            try:
                if self._is_ending:
                    raise ending()
                if job := self._whole(request):
                    request = job
                    with at_work(self._within_s):
                        self._carry_out(job)
            except LintelError as error:
                _refuse(request, error)
            except Exception as error:  # the lane goes on
                _refuse(request, bug(error))

    def _whole(self, request: Job | Unread) -> Job | None:
        """The job, once all of it is here. Raises `ProtocolError`."""
        if isinstance(request, Job):
            return request
        job = job_of(self._desk, request.peer, request.line())
        if job is not None and job.verb.lane is not Lane.BULK:
            raise too_long(MAX_REQUEST, job.request.id)
        return job

    def _carry_out(self, job: Job) -> None:
        """Raises `LintelError`."""
        answer = settled(job.answer(self._desk, is_ending=lambda: self._is_ending))
        if job.verb.streamed and isinstance(answer, Iterator):
            job.stream(self._telling_others(answer), within_s=SEND_S, is_ending=lambda: self._is_ending)
        else:
            job.reply(answer, within_s=SEND_S)

    def _telling_others(self, parts: Iterator[object]) -> Iterator[object]:
        """The parts; with each sign of life of who has its turn, those who wait for theirs get one too."""
        with contextlib.closing(parts) if isinstance(parts, Generator) else contextlib.nullcontext():
            for part in parts:
                if isinstance(part, Alive):
                    with self._waiting.mutex:
                        waiting = tuple(self._waiting.queue)
                    for one in waiting:
                        if isinstance(one, Job) and one.verb.streamed:
                            one.say(part)
                yield part


def _refuse(request: Job | Unread, error: LintelError) -> None:
    if isinstance(request, Job):
        request.refuse(error)
    else:
        refuse(request.peer, error_line(0, error))
