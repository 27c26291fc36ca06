"""The service of a house in a process of its own: `python -m tests.device.cli.served.serve STATE RUNTIME`.

It ends with its standard input, as what is under strace outlives a strace that is ended.
"""

import sys
from pathlib import Path

from tests.device.cli.served.house import house_at

if __name__ == "__main__":
    with house_at(Path(sys.argv[1]), Path(sys.argv[2])):
        print("listens", flush=True)
        sys.stdin.read()
