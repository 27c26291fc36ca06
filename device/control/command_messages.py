"""What is said about a command of `lintel` that the service carries out: to the service, and past it to the command.

The service learns which command it is, checks the role and starts it. Words, files and terminal go past it, over a
channel that the operator's program makes and the service only hands on: what is large or hostile there is the
command's own.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from device.control.messages import Alive, Request

MOST_FILES = 32
"""Descriptors in one packet; the kernel takes 253."""
MOST_PACKET = 1 << 18


class Administer(Request, frozen=True, tag="administer", kw_only=True):
    """Carry out a command of `lintel` in a process of the service, for the one who asks."""

    command: Annotated[str, Meta(description="the words of the command, as `people list`", max_length=64)]
    folder: Annotated[str, Meta(description="folder of the store that it is meant for", max_length=512)]


class Elsewhere(msgspec.Struct, frozen=True, tag_field="type", tag="elsewhere"):
    """The service has another store; nothing was done."""


class Admitted(msgspec.Struct, frozen=True, tag_field="type", tag="admitted"):
    """The role is right: send one end of a channel (SCM_RIGHTS), over which the command gets all else."""


class Ended(msgspec.Struct, frozen=True, tag_field="type", tag="ended"):
    """The command has ended."""

    code: Annotated[int, Meta(description="its exit code; 128 and the signal's number for one that was killed")]


Administered = Elsewhere | Admitted | Alive | Ended


class Begin(msgspec.Struct, frozen=True, tag_field="type", tag="begin"):
    """First packet to a command, with standard input, output and error as descriptors."""

    folder: bytes
    """The operator's working folder, absolute."""
    encodings: tuple[str, str, str]
    has_terminal: bool


class Words(msgspec.Struct, frozen=True, tag_field="type", tag="words"):
    """Arguments behind the command's words; several packets if they are many."""

    arguments: tuple[bytes, ...]


class Files(msgspec.Struct, frozen=True, tag_field="type", tag="files"):
    """Files that the arguments name, by absolute paths of the operator, opened for reading: a descriptor for each."""

    names: tuple[bytes, ...]


class Go(msgspec.Struct, frozen=True, tag_field="type", tag="go"):
    """All is there."""


class Asks(msgspec.Struct, frozen=True, tag_field="type", tag="asks"):
    """From the command: it waits for something to be typed, or has it."""

    waits: bool


class Made(msgspec.Struct, frozen=True, tag_field="type", tag="made"):
    """From the command: a file that it wrote, by the operator's absolute path, with its descriptor."""

    name: bytes


Packet = Begin | Words | Files | Go | Asks | Made
