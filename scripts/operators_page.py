"""Writes docs/operators.md from the one table of roles. `make docs` runs it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from device.control.roles import COMMANDS, VERB_ROLES, WAY_MEANINGS, Roles, Way
from device.records import ROLE_MEANINGS, Role

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "operators.md"
INTRO = """# Operators

Made from the code by `make docs`; do not edit.

For people who decide who may administer a door. While the service runs, roles hold at its socket
([The operators' socket](control.md)), by the kernel's word on who asks. Without the service, the files of the store let
in root and the service's user alone.

## Roles

"""
SETTINGS = """
## Give roles

Name users or groups of the system in the settings, a table for each role:

```toml
[[operators]]
login = "anna"
role = "enroller"

[[operators]]
group = "lintel-guards"
role = "guard"
```

- Root and the service's user are admins, whatever the settings say: they can read the store's files anyway.
- The socket lets in members of the service's group: `sudo gpasswd -a anna lintel`, which counts from her next login
  on; `sudo lintel setup` does both for the first operator. Its mode is 0660, its folder's 0750. The group gives the way
  to the socket, the tables give the roles: neither is enough alone.
- **Without any `[[operators]]`** each member of the service's group is a guard. That is what members could do before
  there were roles, so no installation loses anything; what is new to them is nothing. With the first table, those who
  are not named have no role.
- Names are looked up when the service starts and every 30 s. A name that the system does not have is a warning in the
  journal, and gives nothing. Prefer local users: a name service that is down takes roles away until it is back.

## Who did it

The audit names the person as the kernel knows them, never by a name that a program sends:

| what the audit says | who that is |
|---|---|
| `anna` | the user anna, who logged in as anna |
| `root (login anna)` | anna by `sudo` or `su` |
| `anna (login bob)` | bob, who became anna by `su` |
| `root (no login)` | a service or a cron job of root, or a kernel without logins |
| `root (login anna), directly` | the same without the service: file permissions decided, no role |

User and groups are those of the moment of the connection (`SO_PEERCRED`, `SO_PEERGROUPS`). The login is the kernel's
`loginuid`, which `su` and `sudo` leave as it is. `SUDO_UID` and other variables are not read: any program can set one.
**Roles come from the user and its groups; the login only names.** Root can change its own login, so what root did is as
trustworthy as root; keep sudo for few people, and the audit's checkpoints elsewhere.

## How a command reaches the service

`lintel people list` finds the service's socket, says which command it is, and the service looks into the table below
before anything else. Then it starts the very same command in a process of its own, with its own user, settings and
store, and hands it the operator's name over a pipe that no client can write. Output, prompts, exit code and Ctrl-C are
those of the command without a service.

- Files that the arguments name are opened by the operator's program, with the operator's rights, and handed over.
  Files that others may not read are handed over as copies in memory, 512 MB at most. Paths lead nowhere else: a name
  that the program did not hand over is refused, and so is a descriptor that was not opened for reading.
- A terminal is never handed over: the command gets one of its own, as with `ssh -t`. PINs are typed there, unseen.
- Two commands run at once and sixteen wait; each ends with its client or the service, and after four hours. It is
  15 steps nicer than the doors, and the first to go when memory is full. `python -m tests.rig "commands without end"`
  measures lockdown meanwhile: 24 ms at most beside commands that are carried out, 78 ms under a flood of 26,000
  requests in 5 s on two cores.
- A store that isn't the service's (`--state-dir`) is opened directly, as all stores are while no service runs: root
  and the service's user can, and the row says `directly`. No role check pretends more.
- `--help`, and commands that touch no store, need no service.

## Alarms

A door that is forced or held open, tampering, duress, and troubles open an alarm, in the transaction of their row in
the audit, so that a restart or a crash loses none. What happens again at the same place is counted; duress never is.

```sh
lintel alarms
lintel alarms acknowledge 4711 --why "delivery, door closed again"
```

An alarm is open until a **named** operator acknowledges it with a word why: root whom no one logged in to become, as a
cron job, does not count. Acknowledging is not clearing: the door stays as it is, see `lintel door clear`. While an
alarm is open the audit has a row `alarm-open` for it each `alarms.repeat_s`, which subscribers get too.

Duress is for auditors and admins: others see `match` in its row, no such alarm, and not that one was acknowledged. It
is not repeated as a row of the audit, where the gap would show a guard that there is something: subscribers who may
know get `alarm-open` with the reason `duress` and the number of the last row that they have, each `alarms.repeat_s`.
Which badge is for duress, and who has a PIN for it, enrollers and guards are never shown either.

## Two people

No admin does alone what the settings name; by default that is nothing:

```toml
[two_person]
commands = ["erase", "keys rotate", "audit cut"]
```

`lintel people remove`, `lintel people retention --unused` or `--ended`, `lintel keys rotate` and
`lintel audit cut --before` then wait for 15 minutes, and say under which number. Another admin sees with
`lintel operators pending` what it is, with the person or their number, or the day of the cut, and confirms it with
`lintel operators confirm ID`. A command that its operator ends meanwhile waits no more.
Both must be people by the kernel's word, and surely two: who became another user by `su`, or has two logins, is one
person, and neither a user without a login (a service, a kernel without logins) nor the service's user is any. The rows
of what was done name both. One command waits at a time. A cut without `--before` and a retention without options are
what the settings say, and their timers need no one: with `people.erase_ended`, who may end someone's validity has the
timer erase them.

Without the service no one could confirm, so those commands are refused; `directly = true` lets root do them alone, and
their rows say `directly`. Root can change the settings: the rule binds admins who are not root, and shows the others.
"""


def page() -> str:
    """The whole page."""
    parts = [*_roles(), *SETTINGS.splitlines(), "", *_verbs(), "", *_commands()]
    return INTRO + "\n".join(parts) + "\n"


def _roles() -> Iterator[str]:
    yield from ("| role | may do |", "|---|---|")
    yield from (f"| `{role}` | {meaning} |" for role, meaning in ROLE_MEANINGS.items())


def _head(first: str, last: str) -> Iterator[str]:
    yield f"| {first} | {' | '.join(Role)} | {last} |"
    yield f"|---|{'---|' * len(Role)}---|"


def _marks(roles: Roles) -> str:
    return " | ".join("x" if role in roles else "" for role in Role)


def _verbs() -> Iterator[str]:
    yield from ("## What each role may ask of the socket", "")
    yield from ("| verb | " + " | ".join(Role) + " |", "|---|" + "---|" * len(Role))
    yield from (f"| `{verb}` | {_marks(roles)} |" for verb, roles in VERB_ROLES.items())


def _commands() -> Iterator[str]:
    yield from ("## What each role may command", "", "While the service runs. A command is carried out:", "")
    yield from (f"- `{way}`: {WAY_MEANINGS[way]}." for way in Way)
    yield ""
    yield from _head("`lintel ...`", "carried out")
    for name, command in COMMANDS.items():
        how = f"{command.way.value}: {command.why}" if command.why else command.way.value
        yield f"| `{name}` | {_marks(command.roles)} | {how} |"
    yield from ("", "A command without a row is refused while the service runs.")


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
