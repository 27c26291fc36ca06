"""What lies in the memory of another process of ours."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def regions(pid: int) -> Iterator[bytes]:
    """What it may write to, region after region."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is None or line.endswith(("[vvar]", "[vsyscall]")):
                continue
            begin, end = (int(one, 16) for one in found.groups())
            with suppress(OSError, ValueError):
                memory.seek(begin)
                yield memory.read(end - begin)


def copies(pid: int, secret: bytes) -> int:
    """How many times a secret lies in it."""
    return sum(region.count(secret) for region in regions(pid))
