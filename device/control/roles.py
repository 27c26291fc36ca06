"""The one table of what each role may do: verbs of the operators' socket, and commands of `lintel`.

The service holds to it by the kernel's word on who asks; the command line and the docs read it. A command without a
row is refused while the service runs: what is new is for no one until somebody has said for whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from device.records import Operator, Role

Roles = frozenset[Role]
ADMINS: Roles = frozenset({Role.ADMIN})
ENROLLERS: Roles = ADMINS | {Role.ENROLLER}
AUDITORS: Roles = ADMINS | {Role.AUDITOR}
GUARDS: Roles = ADMINS | {Role.GUARD}
WATCHERS: Roles = GUARDS | AUDITORS
READERS: Roles = ENROLLERS | AUDITORS
LINKS: Roles = frozenset({Role.LINK})
MONITORS: Roles = frozenset({Role.WATCH})
ALL: Roles = frozenset(Role) - LINKS - MONITORS
"""All people; the link and the monitor's unit are processes, and ask for little."""
CARRIERS: Roles = ADMINS | LINKS
"""Who may bring a command from the network: what it does is the right of the client who sent it."""

VERB_ROLES: dict[str, Roles] = {
    "status": ALL | LINKS | MONITORS,
    "secure": GUARDS,
    "lockdown": GUARDS,
    "evacuate": GUARDS,
    "clear": GUARDS,
    "release": GUARDS,
    "signed-command": CARRIERS,
    "coded-command": CARRIERS,
    "alarms": WATCHERS,
    "acknowledge": WATCHERS,
    "add-badge": ENROLLERS,
    "enroll": ENROLLERS,
    "record-presentations": ADMINS,
    "administer": ALL,
    "subscribe": WATCHERS | LINKS | MONITORS,
}
"""Who may ask for each verb."""
SEES_PEOPLE: Roles = AUDITORS
"""Who sees names, badges and duress in what `subscribe` says."""
SEES_ALARMS: Roles = AUDITORS | LINKS
"""Who sees duress there."""
SEES_DURESS: Roles = AUDITORS
"""Who sees which badge is for duress, and whether someone has a PIN for it."""
SEES_NAMES: Roles = READERS
"""Who sees in `lintel doors who` more than how many people are where."""


class Way(StrEnum):
    """How a command is carried out while the service runs."""

    SERVICE = "service"
    VERB = "verb"
    HERE = "here"


WAY_MEANINGS = {
    Way.SERVICE: "by the service, in a process of its own",
    Way.VERB: "asks the service by a verb, which has its own roles",
    Way.HERE: "in the operator's own process, with the operator's own rights",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A row for one command of `lintel`."""

    way: Way
    roles: Roles = ALL
    why: str = ""
    """For one that isn't the service's: why not, or which verb it uses."""
    own_with: tuple[str, ...] = ()
    """Options by which it asks the service by a verb instead."""
    is_own: bool = False
    """Whoever may open the store's files carries it out in their own process."""
    even_hung: bool = False
    """Whoever may open the store's files carries it out here if the service hangs: it says what is wrong."""


def _served(roles: Roles, *own_with: str) -> Command:
    return Command(Way.SERVICE, roles, own_with=own_with)


def _served_or_here(why: str) -> Command:
    return Command(Way.SERVICE, ADMINS, f"or here, for root and the service's user: {why}", is_own=True)


def _verb(name: str) -> Command:
    return Command(Way.VERB, VERB_ROLES[name], f"`{name}`")


def _here(why: str) -> Command:
    return Command(Way.HERE, ALL, why)


_HARDWARE = "reads this machine's own wires and ports"
_NO_STORE = "touches no store"
_LOCKS = "fuses, a TPM and what lies outside the service's folders take root"
COMMANDS: dict[str, Command] = {
    "simulate": _here("a virtual door; a desk copies a store that this user can read"),
    "run": _here("is the service"),
    "enroll": _served(ENROLLERS, "--at"),
    "verify": _served(ENROLLERS),
    "compare": _here(_NO_STORE),
    "identify": _served(ENROLLERS),
    "people list": _served(READERS),
    "people find": _served(READERS),
    "people show": _served(READERS),
    "people rename": _served(ENROLLERS),
    "people time": _served(ENROLLERS),
    "people groups": _served(ENROLLERS),
    "people valid": _served(ENROLLERS),
    "people pin": _served(ENROLLERS),
    "people basis": _served(ENROLLERS),
    "people withdraw": _served(ENROLLERS),
    "people invite": _served(ENROLLERS),
    "people demand-pin": _served(ENROLLERS),
    "people import": _served(ENROLLERS),
    "people export": _served(AUDITORS),
    "people check": _served(READERS),
    "people stale": _served(READERS),
    "people retention": _served(ADMINS),
    "people remove": _served(ENROLLERS),
    "people references list": _served(READERS),
    "people references remove": _served(ENROLLERS),
    "badges list": _served(READERS),
    "badges unknown": _served(READERS),
    "badges add": _served(ENROLLERS, "--at"),
    "badges replace": _served(ENROLLERS),
    "badges suspend": _served(ENROLLERS),
    "badges resume": _served(ENROLLERS),
    "badges revoke": _served(ENROLLERS),
    "badges restore": _served(ENROLLERS),
    "badges valid": _served(ENROLLERS),
    "badges reset": _served(ENROLLERS),
    "policy apply": _served(ADMINS),
    "policy show": _served(READERS),
    "policy check": _served(READERS),
    "policy try": _served(READERS),
    "doors who": _served(ALL),
    "doors forget": _served(GUARDS),
    "clock status": _served(ALL),
    "clock accept": _served(ADMINS),
    "audit list": _served(AUDITORS),
    "audit verify": _served(AUDITORS),
    "audit export": _served(AUDITORS),
    "audit evidence": _served(AUDITORS),
    "audit acknowledge": _served(AUDITORS),
    "audit cut": _served(ADMINS),
    "explain": _served(AUDITORS),
    "report": _served(AUDITORS),
    "watch": _verb("subscribe"),
    "operators pending": _served(ADMINS),
    "operators confirm": _served(ADMINS),
    "alarms list": _verb("alarms"),
    "alarms acknowledge": _verb("acknowledge"),
    "readers decode": _here(_NO_STORE),
    "readers list": _here(_NO_STORE),
    "readers test": _here(_HARDWARE),
    "readers monitor": _here(_HARDWARE),
    "readers osdp-keyset": _here(_HARDWARE),
    "door status": _verb("status"),
    "door release": _verb("release"),
    "door lockdown": _verb("lockdown"),
    "door evacuate": _verb("evacuate"),
    "door clear": _verb("clear"),
    "door secure": Command(Way.VERB, GUARDS, "`secure`, or this machine's own wires for root"),
    "hardware test": _here(_HARDWARE),
    "pad record": _verb("record-presentations"),
    "pad evaluate": _here("reads a folder of recordings"),
    "rtsp": _here("is a service of its own"),
    "backup save": _served_or_here("the nightly unit deletes old backups in its folder"),
    "backup show": _here(_NO_STORE),
    "backup identity": _here(_NO_STORE),
    "backup revocations": _served(ADMINS),
    "restore": _here("puts a whole store in place, while no service has one open; takes root or the service's user"),
    "store check": _served(AUDITORS),
    "keys init": _served_or_here(_LOCKS),
    "keys status": _served(ADMINS),
    "keys rotate": _served_or_here(_LOCKS),
    "keys unlock": _served(ADMINS),
    "keys open": _here("takes root, as the unit does it at the start"),
    "keys recovery": _here("the service hands no key out"),
    "keys restore": _served_or_here(_LOCKS),
    "keys exec": _here("while the service runs, it carries commands out itself"),
    "link run": _here("is a service of its own, with the role `link`"),
    "link status": _here("reads the link's own file"),
    "link check": _here("asks the far sides, with this user's secrets"),
    "link config": _here("reads the link's settings file"),
    "link webhook-secret": _here("writes a file that root chose"),
    "link token add": _served(ADMINS),
    "link token list": _served(AUDITORS),
    "link token revoke": _served(ADMINS),
    "link code add": _served(ADMINS),
    "link code list": _served(AUDITORS),
    "link code reset": _served(ADMINS),
    "link code revoke": _served(ADMINS),
    "link keygen": _here("makes a client's key, where the client is"),
    "link sign": _here("signs with the client's own key"),
    "status": _verb("status"),
    "setup": _here("takes root, and starts the service"),
    "doctor": Command(Way.SERVICE, AUDITORS, even_hung=True),
    "self-test": _here("an upgrade runs it, as root or the service's user"),
    "config": _here("reads the settings file"),
}
"""By the words of each command; no command's words are the beginning of another's."""


def command_of(arguments: Sequence[str]) -> tuple[str, Command] | None:
    """The words of the command that arguments begin with, and its row; None for one that has none."""
    for count in range(1, len(arguments) + 1):
        words = " ".join(arguments[:count])
        if words.count(" ") == count - 1 and (command := COMMANDS.get(words)):
            return words, command
    return None


def may(operator: Operator, roles: Roles) -> bool:
    """Whether one of the roles is the operator's."""
    return operator.has(*roles)


def role_words(roles: Roles) -> str:
    """Roles for a sentence, in the table's order."""
    return ", ".join(role.value for role in Role if role in roles)
