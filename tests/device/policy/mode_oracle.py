"""What each mode demands as one straight line, written apart from `Showing`: faces, keys and the time, in order."""

from dataclasses import dataclass, field

from device.policy.events import FrameSeen
from device.records import KeyPress, Probe
from tests.device.policy.oracle import Look
from tests.device.policy.scripts import AT, Script, similarity_of

PINS = {"0123": "right", "7777": "duress"}
DEMANDED = {
    "badge": (),
    "badge+face": ("face",),
    "badge+pin": ("pin",),
    "badge+face+pin": ("face", "pin"),
    "badge+face-or-pin": (),
}


@dataclass
class Line:
    """What was shown so far."""

    mode: str
    look: Look = field(default_factory=Look)
    face: str = "open"
    pin: str = "open"
    typed: list[tuple[str, float]] = field(default_factory=list)
    """The keys of the PIN under way, each with its time."""
    lost_at: float | None = None
    """When a face that had been shown counted no more."""
    pin_at: float = 0.0

    @property
    def takes_face(self) -> bool:
        return "face" in self.mode and self.face == "open"

    @property
    def takes_pin(self) -> bool:
        return "pin" in self.mode and self.pin == "open"

    def until(self) -> float:
        """6 s for a face, 15 s for a PIN where no face is left, and the time to end one that is begun."""
        times = [106.0]
        if "pin" in DEMANDED[self.mode] or (self.mode == "badge+face-or-pin" and self.face != "open"):
            times.append(115.0)
        if self.typed and self.takes_pin:
            times.append(self.late_at())
        if self.lost_at is not None:
            times.append(max(self.lost_at, self.pin_at) + 6.0)
        return max(times)

    def late_at(self) -> float:
        return min(self.typed[-1][1] + 3.0, self.typed[0][1] + 15.0)

    def passes(self, now: float) -> None:
        if self.typed and now >= self.late_at():
            self.typed = []
        if self.face == "shown" and now - self.look.last_at > 5.0:
            self.loses_face("no-face", self.look.last_at + 5.0)

    def loses_face(self, complaint: str, at: float) -> None:
        self.face, self.look, self.lost_at = "open", Look(), at
        self.look.complaint = complaint

    def watches(self, event: FrameSeen, now: float) -> None:
        """The face that was shown, while its PIN is awaited: another one, or two, end it; its own keeps it."""
        if not isinstance(event.found, Probe):
            if event.found.code in ("several-faces", "picture-turned"):
                self.loses_face(event.found.code, now)
        elif not event.follows:
            self.loses_face("face-too-brief", now)
        elif event.captured_at - self.look.last_at <= 1.0:
            self.look.last_at = event.captured_at

    def presses(self, key: str, now: float) -> None:
        if not self.takes_pin:
            return
        if key == "*":
            self.typed = []
        elif key == "#":
            self.pin, self.pin_at = PINS.get("".join(one for one, _ in self.typed), "wrong"), now
        else:
            self.typed.append((key, now))

    def sees(self, event: FrameSeen) -> None:
        if not self.takes_face:
            return
        self.look.sees(event)
        away = self.look.compared and self.look.empty_at is not None and event.captured_at - self.look.empty_at >= 1.5
        if away:
            self.face = "refused"
        elif self.look.good and self.look.is_due():
            if similarity_of(self.look.good) >= self.look.threshold():
                self.face = "shown"
                return
            self.look.compared.append((self.look.number, len(self.look.good)))
            self.face = "refused" if len(self.look.compared) == 5 else "open"

    def verdict(self) -> str | None:
        face, pin = self.face == "shown", self.pin in ("right", "duress")
        demanded = DEMANDED[self.mode]
        if all({"face": face, "pin": pin}[one] for one in demanded) and (
            self.mode != "badge+face-or-pin" or face or pin
        ):
            return "match" if face else "pin" if pin else "badge"
        if "face" in demanded and self.face == "refused":
            return "non-match"
        if self.takes_face or self.takes_pin:
            return None
        return "non-match" if self.face == "refused" else "pin-wrong"

    def timed_out(self) -> str:
        if not self.takes_face:
            return "non-match" if self.face == "refused" else "pin-missing" if self.pin == "open" else "pin-wrong"
        if self.look.compared:
            return "non-match"
        if self.look.complaint in ("", "no-face") and self.pin == "wrong":
            return "pin-wrong"
        if self.look.complaint in ("", "no-face") and self.lost_at is not None and self.pin == "open":
            return "pin-missing"
        return self.look.complaint or "camera-fault"


def decision(script: Script, mode: str) -> tuple[str | None, bool]:
    """The reason's code, and whether it was under duress; None where nothing was decided. The first event is a claim
    in order.
    """
    line, now = Line(mode), AT
    if mode == "badge":
        return "badge", False
    for event in script[1:]:
        now = max(now, event.at)
        line.passes(now)
        if now >= line.until():
            return line.timed_out(), False
        if isinstance(event, FrameSeen) and line.face == "shown":
            line.watches(event, now)
        elif isinstance(event, FrameSeen):
            line.sees(event)
        elif isinstance(event, KeyPress):
            for key in event.keys:
                line.presses(key, now)
        if (found := line.verdict()) is not None:
            return found, found in ("match", "pin") and line.pin == "duress"
    return None, False
