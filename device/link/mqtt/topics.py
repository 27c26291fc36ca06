"""Where each thing is published: `lintel/<site>/<door>/...`, and what is the controller's own below `_<controller>`."""

import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "lintel"
ONLINE = "online"
OFFLINE = "offline"
_LEVEL = re.compile(r"[a-z][a-z0-9-]{0,63}")
OTHER = "other"


class AccessType(StrEnum):
    """What can happen at a door, as Home Assistant's event entity has it."""

    GRANTED = "granted"
    DENIED = "denied"
    FORCED = "forced"
    HELD = "held"
    DURESS = "duress"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one controller, which has one door or more. A site can have several controllers.

    Names that could reach another topic never become part of one: a door like that counts as the controller itself.
    """

    site: str
    controller: str

    def state(self, door: str) -> str:
        """How the door is; retained."""
        return f"{self._of(door)}/state"

    def available(self, door: str) -> str:
        """`online` every 5 s while the door's service answers, else `offline`; retained."""
        return f"{self._of(door)}/available"

    def access(self, door: str, what: AccessType) -> str:
        """People at the door, and alarms of its leaf; never retained."""
        return f"{self._of(door)}/access/{what}"

    def every_access(self, door: str) -> str:
        """A filter for all of them."""
        return f"{self._of(door)}/access/+"

    def event(self, door: str, kind: str) -> str:
        """Any other row of the audit; never retained."""
        return f"{self._of(door)}/event/{_level(kind)}"

    def duress(self, door: str, kind: str) -> str:
        """What else speaks of duress, such as that it was acknowledged; never retained."""
        return f"{self._of(door)}/duress/{_level(kind)}"

    @property
    def link(self) -> str:
        """`online` while the link is connected; the broker says `offline` for it when it is lost. Retained."""
        return f"{self._of('')}/available"

    @property
    def version(self) -> str:
        """Which version runs and which is installed; retained."""
        return f"{self._of('')}/version"

    @property
    def doors(self) -> str:
        """The controller's doors, a JSON array of names; retained, so that one that is gone can be removed."""
        return f"{self._of('')}/doors"

    @property
    def check(self) -> str:
        """What `lintel link check` publishes and reads back; never retained."""
        return f"{self._of('')}/check"

    def _of(self, door: str) -> str:
        return f"{ROOT}/{self.site}/{door if is_name(door) else f'_{self.controller}'}"


def is_name(text: str) -> bool:
    """Whether a text can be a level of a topic: no separator, no wildcard, nothing that the broker keeps for itself."""
    return _LEVEL.fullmatch(text) is not None


def _level(text: str) -> str:
    return text if is_name(text) else OTHER
