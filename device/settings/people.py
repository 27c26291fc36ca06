"""What the owner has settled about the data that is kept of people."""

from typing import Annotated, Literal

from msgspec import Meta

from device.settings.lock import Group

Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$")]


class PeopleSettings(Group, frozen=True):
    """On which legal basis references are kept where a command doesn't say, and for how long."""

    basis: Annotated[
        Literal["ask", "consent", "contract", "law", "other"],
        Meta(description="legal basis of references; `ask`: each enrollment has to say"),
    ] = "ask"
    basis_text_version: Annotated[
        Line, Meta(max_length=64, description="version of the text that people were given for that basis")
    ] = ""
    basis_text: Annotated[
        Line, Meta(max_length=1000, description="that text, or where it is kept: `form A in the safe`")
    ] = ""
    unused_days: Annotated[
        int,
        Meta(
            ge=0,
            le=3650,
            description="`lintel people retention` erases who has not come in for this long; 0: however long",
        ),
    ] = 0
    erase_ended: Annotated[
        bool, Meta(description="it also erases people whose validity has ended, `lintel people valid --until`")
    ] = False
