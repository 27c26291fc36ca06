"""Records presentations at a door whose service runs: the operators' verb `record-presentations`.

Between control and the door's parts. The service has the camera; the operator's end has the folder, so that each
presentation is handed over as numbers once it is finished, and no picture of it.
"""

from collections.abc import Iterator, Mapping

from device.control.desk import Caller
from device.control.messages import Alive, Looking, Paused, Presented, Recording, RecordPresentations, Said
from device.guided_place import GuidedPlace, YieldingCamera, at_door
from device.pad.recording import Finished, Recorder
from device.pad.session import Plan, Sentence, session
from device.ports import Clock
from device.presented import ALIVE_S, refuse_gone


class GuidedRecordings:
    """What the verb `record-presentations` is answered with."""

    def __init__(self, places: Mapping[str, GuidedPlace], clock: Clock) -> None:
        """`places` are the doors by their names."""
        self._places = places
        self._clock = clock

    def progress(self, request: RecordPresentations, caller: Caller) -> Iterator[Recording]:
        """What is said until all is recorded, and each presentation when it is finished.

        Raises `LintelError`: for an unknown door, one where another is at work, a caller who has gone, and whatever a
        recording can raise.
        """
        with at_door(self._places, request.door) as (name, place):
            look = place.load_look()
            yield Looking(name, look.network_sha256, look.embedding_sha256)
            camera = YieldingCamera(place, self._clock)
            recorder = Recorder(camera, look, self._clock, is_paused=lambda: camera.is_paused)
            plan = Plan("", "", (), request.count)
            missing = [(one.species, one.number) for one in request.missing]
            was_paused, last_at = False, self._clock.monotonic()
            for said in session(recorder, look, look.rule, plan, missing):
                refuse_gone(caller)
                part = _part(said)
                if camera.is_paused and not was_paused:
                    part = Paused()
                elif part is None and self._clock.monotonic() - last_at >= ALIVE_S:
                    part = Alive()
                was_paused = camera.is_paused
                if part is not None:
                    last_at = self._clock.monotonic()
                    yield part


def _part(said: Sentence | Finished | None) -> Recording | None:
    """What is said, for the socket."""
    match said:
        case Sentence(words):
            return Said(words)
        case Finished(wanted, recorded_at, references, prompts, frames):
            return Presented(wanted.species, recorded_at.isoformat(), references, prompts, frames)
    return None
