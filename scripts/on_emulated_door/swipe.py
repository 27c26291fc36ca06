"""Presents a badge to the socket reader of the emulated door, and prints when: seconds on CLOCK_MONOTONIC."""

import contextlib
import socket
import sys
import time

with socket.socket(socket.AF_UNIX) as reader:
    reader.settimeout(2.0)
    reader.connect("/run/lintel/outside.sock")
    at = time.monotonic()
    reader.sendall(f"{sys.argv[1]}\n".encode())
    with contextlib.suppress(TimeoutError):
        reader.recv(100)
print(at)
