"""A program of another user that connects: `python -m tests.peers PATH UID GID GROUPS LOGIN LINE [LINE...]`.

It becomes that user by the kernel's own calls, as `su` does, and prints what it is answered. LOGIN is what it writes
into its loginuid beforehand; "" leaves that as it is.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def answered(path: Path, line: bytes, *, uid: int, gid: int, login: str = "") -> str:
    """What a service answers to a line of another user; needs root."""
    command = [sys.executable, "-m", "tests.peers", str(path), str(uid), str(gid), login, line.decode()]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout or ended.stderr.strip().rpartition("\n")[2]


def main(path: str, uid: int, gid: int, login: str, line: str) -> None:
    if login:
        Path("/proc/self/loginuid").write_text(login, encoding="ascii")
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30.0)
        connection.connect(path)
        connection.sendall(line.encode() + b"\n")
        while received := connection.recv(1 << 16):
            sys.stdout.write(received.decode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
