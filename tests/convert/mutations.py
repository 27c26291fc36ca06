"""Damaged files: what happens to their bytes, and what an importer may make of them."""

import random
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from device.errors import LintelError

MAX_MIB = 96
"""What refusing a small file may take at its peak; some importers make room for the largest file they would take."""
FEW = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Mutation:
    """What happens to a file: bits turned over, bytes replaced, something cut out or put in, or its end lost."""

    seed: int

    def __call__(self, content: bytes) -> bytes:
        dice = random.Random(self.seed)
        changed = bytearray(content)
        at = dice.choice((dice.randrange(len(changed)), dice.randrange(min(len(changed), 512))))
        match dice.randrange(6):
            case 0:
                for _ in range(dice.randrange(1, 9)):
                    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
            case 1:
                changed[at] ^= dice.randrange(1, 256)
            case 2:
                del changed[at:]
            case 3:
                changed[at : at + 8] = dice.choice((1 << 31, 1 << 40, (1 << 63) - 1, 0)).to_bytes(8, "little")
            case 4:
                changed[at:at] = dice.randbytes(dice.randrange(1, 32))
            case _:
                del changed[at : at + dice.randrange(1, 64)]
        return bytes(changed)


MUTATIONS = st.builds(Mutation, st.integers(0, 1 << 30))


def survives(load: Callable[[], object]) -> None:
    """Runs an importer on a damaged file: only a `LintelError` may come out, and the memory stays bounded."""
    tracemalloc.start()
    try:
        load()
    except LintelError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MAX_MIB << 20
