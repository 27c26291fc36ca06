"""A service to attack, in a process of its own: `python -m tests.device.control.attacked SOCKET`."""

import sys
import threading
from pathlib import Path

from device.control.server import ControlServer
from tests.device.control.ledger import Ledger
from tests.device.control.verbs import Office


def main() -> None:
    """Serves until it is killed: a door, bulk verbs, and 5,000 rows."""
    server = ControlServer(Path(sys.argv[1]), Office().desk(), Ledger(5_000))
    print("listens", flush=True)
    threading.Event().wait()
    server.close()


if __name__ == "__main__":
    main()
