"""Signed commands over the network, at the real service: each counts once, through kills and steps of the clock."""

import time

from device.control.client import Client
from device.control.messages import Doors
from device.control.remote_messages import SignedCommand
from device.errors import DoorError
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import Rig, new_rig

CHECKS = Room("remote")
REMOTE = """
[remote]
signed = true
"""
STEPS_S = (0.0, -20.0, -3600.0, 3600.0, 0.0)


class Script:
    """A client with a key of its own, as a house's script is."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._key = rig.folder / "gate.pem"
        public = rig.lintel("link", "keygen", self._key).out.strip()
        said = rig.lintel("link", "token", "add", "gate", "--key", public, "--command", "release")
        assert said.code == 0, said.err
        self._id = said.out.strip()

    def token(self) -> str:
        """A fresh release of the main door."""
        said = self._rig.lintel("link", "sign", "--key", self._key, "--id", self._id, "--door", "main", "release")
        return said.out.strip()

    def send(self, token: str) -> str:
        """`done`, or why not."""
        try:
            doors = Client(self._rig.folder / "run" / "control.sock").ask(SignedCommand(token=token), Doors)
        except DoorError as error:
            return error.message
        return "done" if doors else "nothing answers"


@CHECKS.check(
    "a recorded command, through kill -9 of the service and steps of its clock",
    "each command releases once, and 0 times when it comes again",
    Size(small=1, full=10),
)
def recorded(times: int) -> Finding:
    figures, done, again = Figures(), 0, 0
    with new_rig() as rig:
        rig.configure(more=REMOTE)
        rig.start()
        script, began, sent = Script(rig), time.monotonic(), list[str]()
        for life in range(2, times + 2):
            sent.append(script.token())
            done += script.send(sent[-1]) == "done"
            rig.running.kill()
            rig.running.when_lives(life)
            for step_s in STEPS_S:
                rig.step_wall_clock(step_s)
                again += sum(script.send(token) == "done" for token in sent)
        released = len(rig.board.released_since(began))
    figures.count("commands done", done, times)
    figures.count("done again", again, 0)
    figures.count("releases of the strike", released, times)
    return figures.finding(times)
