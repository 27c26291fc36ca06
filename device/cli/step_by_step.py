"""What the running service does step by step for an operator, with each step said on standard error."""

from collections.abc import Iterator

from device.cli.text.guided import progress_line
from device.control.client import FILE_NAME, SILENCE_S, Client, control_socket
from device.control.messages import AddBadge, BadgeAdded, Enroll, Enrolled, Progress
from device.errors import DoorError
from device.files import RUNTIME_DIR
from device.terminal import say


def done_by_service(request: Enroll | AddBadge) -> Enrolled | BadgeAdded:
    """What was done at the end. Raises `DoorError`, also with what the service met on the way."""
    client = Client(control_socket() or RUNTIME_DIR / FILE_NAME)
    parts: Iterator[Progress] = client.stream(request, Progress, silence_s=SILENCE_S)  # type: ignore[arg-type]  # a union
    for part in parts:
        if isinstance(part, Enrolled | BadgeAdded):
            return part
        if line := progress_line(part):
            say(line, err=True)
    raise DoorError("The service ended this without a result.", hint="See its log: `journalctl -u lintel`.")
