"""The service of a house in a process of its own: `python -m tests.device.cli.served.serve STATE RUNTIME`."""

import sys
import threading
from pathlib import Path

from tests.device.cli.served.house import house_at

if __name__ == "__main__":
    with house_at(Path(sys.argv[1]), Path(sys.argv[2])):
        print("listens", flush=True)
        threading.Event().wait()
