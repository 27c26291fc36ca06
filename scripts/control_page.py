"""Writes docs/control.md and docs/control.schema.json from the code: the operators' socket. `make docs` runs it."""

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import msgspec

from device.control import client, server, subscriptions
from device.control.alarm_messages import OpenAlarms
from device.control.command_messages import Administered
from device.control.jobs import GRACE_S, LEAST_RATE, SEND_S
from device.control.messages import (
    VERSION,
    Answer,
    Beat,
    Code,
    Doors,
    Error,
    Lockdown,
    Row,
    Start,
    Subscribe,
    Update,
)
from device.control.protocol import MAX_BULK, MAX_REQUEST, MEANINGS, VERBS, Lane, line_of, part_line, reply_line
from device.control.roles import role_words
from device.records import ROLE_MEANINGS, DoorState, DoorStatus, Outputs

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "control.md"
SCHEMA = ROOT / "docs" / "control.schema.json"
INTRO = f"""# The operators' socket

Made from the code by `make docs`; do not edit. [control.schema.json](control.schema.json) has the same as JSON Schema.

The service listens on the Unix socket `{client.FILE_NAME}` in its runtime folder, `/run/lintel`. `lintel door` and
`lintel watch` speak to it, and so can your own program. Who may connect is up to the socket's file: root, the
service's user, and the members of its group. The kernel says who has connected (`SO_PEERCRED`); that user's roles say
what they may ask, and the audit names them.

A connection carries **one request**, a line of JSON, and its answers, a line each; then the service hangs up. Hanging
up ends a subscription or a streamed answer, and a release that has not been carried out yet is not done any more.
Every request has `v`, the protocol's version ({VERSION}), and `verb`; `id` is repeated in each answer. What is not
understood is answered with what is: an unknown version, verb or field is an error, never passed over.

```text
"""
SUBSCRIPTION = """
## Subscriptions

`subscribe` with `from` gives every row of the audit from that number on, in the order of their numbers, each once:
first those that are there, then those that are committed, by the service or by an operator's command in another
process. To resume after a lost connection, ask with `from` = the number of the last row you have + 1: nothing is
missed and nothing doubled. With `last` the newest rows come first; with neither, only what is committed from now on.
`start` says which, so that you can resume even before the first row.

If the store is missing, locked or hangs, `trouble` says so, and the rows come when it is back. After 5 s without a row
there is a `beat`: after 15 s of silence take the service for lost, and connect again. A subscriber that reads slowly
is waited for, without a queue that grows; one that reads nothing at all is dropped with the error `slow`. The service
reads 100 rows at a time, in a thread of its own; `python benchmarks/subscription.py` measures how long that takes and
how late a row comes.

Operators who are neither auditor nor admin see rows without badges and people, and `match` in place of `duress`.

## Commands

`administer` is what `lintel` itself uses: [Operators](operators.md) says how. After `admitted` it sends one end of a
channel (SOCK_SEQPACKET, by SCM_RIGHTS with one byte), over which the command gets its arguments, files and streams.
What is said there may change with each version; run `lintel` in place of speaking it.

## An earlier or a later version

A line without `v` and `verb` is a request of the release before this protocol, such as `{"command": "lockdown"}`: it
is answered in the form of that time, so that an operator's command works while Lintel is updated. `lintel door` of
this release speaks to such a service, too. Both will go in the release after the next. Within version 1, verbs, fields
that may be left out, and answers' fields may be added; a program must pass over fields of an answer that it does not
know.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRO + _example() + "```", "", "## Requests", ""]
    parts += [*_verbs(), "", *_lanes(), "", "## Answers", "", *_answers(), "", *_codes(), "", *_limits()]
    return "\n".join(parts) + "\n" + SUBSCRIPTION


def schema() -> str:
    """The same as JSON Schema: what a request is, and what an answer is."""
    asked = (verb.request for verb in VERBS.values())
    types = [*asked, *_kinds(Answer), Doors, OpenAlarms, *_kinds(Update), *_kinds(Administered)]
    _, found = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    for verb in VERBS.values():
        found[verb.request.__name__]["required"].append("v")  # without it, it is one of the time before versions
    requests = [{"$ref": f"#/$defs/{verb.request.__name__}"} for verb in VERBS.values()]
    answers = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in _kinds(Answer)]
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Lintel's operators' socket, version {VERSION}",
        "oneOf": [{"title": "request", "oneOf": requests}, {"title": "answer", "oneOf": answers}],
        "$defs": found,
    }
    return json.dumps(whole, indent=2) + "\n"


def _example() -> str:
    status = DoorStatus("main", DoorState.LOCKDOWN, 8123.5, (), Outputs())
    row = Row(4711, "2026-11-30T10:00:00+00:00", "door-lockdown", door="main", fault="by root (login anna)")
    said = [
        ("> ", line_of(Lockdown(id=1, door="main"))),
        ("< ", reply_line(1, Doors((status,)))),
        ("> ", line_of(Subscribe(id=2, since=4711))),
        ("< ", part_line(2, Start(4710))),
        ("< ", part_line(2, row)),
        ("< ", part_line(2, Beat(4711))),
        ("> ", b'{"v":1,"id":3,"verb":"open"}\n'),
        ("< ", line_of(Error(3, Code.VERB, "Unknown verb: 'open'.", f"Understood: {', '.join(VERBS)}."))),
    ]
    return "".join(f"{way}{line.decode()}" for way, line in said)


def _verbs() -> Iterator[str]:
    yield from (
        "| verb | what it does | fields besides `v`, `id`, `verb` | answer | lane | roles |",
        "|---|---|---|---|---|---|",
    )
    for verb in VERBS.values():
        fields = "; ".join(f"`{name}`: {meaning}" for name, meaning in _fields(verb.request) if name not in ("v", "id"))
        answer = ", ".join(f"`{kind.__struct_config__.tag or kind.__name__}`" for kind in _kinds(verb.answer))
        how = f"parts: {answer}" if verb.streamed else answer
        who = role_words(verb.roles)
        yield f"| `{verb.name}` | {_doc(verb.request)} | {fields or '-'} | {how} | {verb.lane} | {who} |"


def _lanes() -> Iterator[str]:
    yield from ("Lanes keep what is slow from delaying the rest:", "", "| lane | |", "|---|---|")
    yield from (f"| {lane} | {MEANINGS[lane]} |" for lane in Lane)
    yield from ("", "| role | may do |", "|---|---|")
    yield from (f"| {role} | {meaning} |" for role, meaning in ROLE_MEANINGS.items())
    yield from ("", "[Operators](operators.md) says who has which.")


def _answers() -> Iterator[str]:
    yield from ("`kind` says which of these a line is.", "", "| `kind` | what it is | fields |", "|---|---|---|")
    yield from (_row(kind) for kind in _kinds(Answer))
    yield from ("", "What `reply` and `part` have in them, parts told apart by `type`:", "")
    yield from ("| `type` | what it is | fields |", "|---|---|---|")
    yield from (_row(kind) for kind in (Doors, OpenAlarms, *_kinds(Update), *_kinds(Administered)))


def _row(kind: Any) -> str:  # noqa: ANN401 - a struct
    fields = "; ".join(f"`{name}`" + (f": {meaning}" if meaning else "") for name, meaning in _fields(kind))
    return f"| `{kind.__struct_config__.tag or kind.__name__}` | {_doc(kind)} | {fields} |"


def _codes() -> Iterator[str]:
    yield from ("| `code` of an error | meaning |", "|---|---|")
    yield from (f"| `{code}` | {MEANINGS[code]} |" for code in Code)


def _limits() -> Iterator[str]:
    pace = subscriptions.Pace()
    yield from ("## Limits", "", "| | |", "|---|---|")
    yield f"| a request's line | {MAX_REQUEST} bytes; {MAX_BULK} in the lane {Lane.BULK} |"
    yield f"| until the request is there | {server.REQUEST_S:g} s |"
    yield f"| a bulk request's rate | {LEAST_RATE // 1024} KiB/s after its first {GRACE_S:g} s |"
    yield f"| connections without a request yet | {server.MAX_PEERS}; another one makes the oldest go |"
    yield f"| requests that wait for a lane's thread | {server.MAX_WAITING} |"
    yield f"| how long a command's answer waits for the disk | {server.WRITTEN_S:g} s |"
    yield f"| how long an answer waits for room | {SEND_S:g} s |"
    yield f"| subscribers | {subscriptions.MAX_SUBSCRIBERS}, {subscriptions.KEPT_PLACES} of them kept for admins |"
    yield f"| a subscriber that makes no room | {pace.stall_s:g} s |"
    yield f"| silence before a `beat` | {pace.beat_s:g} s |"


def _kinds(answer: object) -> tuple[Any, ...]:
    return get_args(answer) if isinstance(answer, UnionType) else (answer,)


def _fields(kind: type) -> Iterator[tuple[str, str]]:
    """Names as they are sent, and meanings."""
    shape = msgspec.inspect.type_info(kind)
    assert isinstance(shape, msgspec.inspect.StructType)
    for field in shape.fields:
        metadata = field.type if isinstance(field.type, msgspec.inspect.Metadata) else None
        yield field.encode_name, str(((metadata and metadata.extra_json_schema) or {}).get("description", ""))


def _doc(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} and {SCHEMA.relative_to(ROOT)} written\n")
