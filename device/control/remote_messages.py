"""What is said about commands from the network on the operators' socket. The service verifies each itself."""

from typing import Annotated

from msgspec import Meta

from device.control.messages import Request
from device.records.remote import RemoteCommand


class SignedCommand(Request, frozen=True, tag="signed-command", kw_only=True):
    """Carry out what a client has signed: release once, secure or lockdown. The caller's own roles don't count."""

    token: Annotated[str, Meta(max_length=800, description="as `lintel link sign` prints it")]


class CodedCommand(Request, frozen=True, tag="coded-command", kw_only=True):
    """Carry out what came with a code, as of Home Assistant: release once or secure. Likewise."""

    door: Annotated[str, Meta(min_length=1, max_length=64, description="the door's name")]
    command: Annotated[RemoteCommand, Meta(description="`release` or `secure`")]
    at: Annotated[float, Meta(ge=0, le=2**33, description="when it was made, seconds since 1970, UTC")]
    code: Annotated[
        str, Meta(max_length=16, description="eight digits; without them, the button, if the settings allow it")
    ] = ""
