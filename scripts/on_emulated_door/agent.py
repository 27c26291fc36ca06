"""Runs commands in the emulated machine for the test at the other end of its serial channel, one after the other.

A line of JSON asks: words of a command, seconds that it may take. A line answers: exit code, output, seconds.
"""

import json
import subprocess
import time
from pathlib import Path

CHANNEL = Path("/dev/virtio-ports/bench")


def main() -> None:
    """Until the machine ends."""
    with CHANNEL.open("r+b", buffering=0) as channel:
        channel.write(b"\n")
        rest = b""
        while True:
            piece = channel.read(4096)
            if not piece:  # no one has opened the other end
                time.sleep(0.05)
            *lines, rest = (rest + (piece or b"")).split(b"\n")
            for line in filter(None, lines):
                answer = json.dumps(answer_to(json.loads(line))).encode() + b"\n"
                while answer:
                    answer = answer[channel.write(answer) or 0 :]


def answer_to(asked: dict[str, object]) -> dict[str, object]:
    """What a command did."""
    began = time.monotonic()
    words, within_s = asked["words"], asked["within_s"]
    assert isinstance(words, list)
    assert isinstance(within_s, float)
    try:
        ended = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=within_s,
            check=False,
        )
        code, said = ended.returncode, ended.stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        code, said = 127, str(error)
    return {"id": asked["id"], "code": code, "said": said, "took_s": time.monotonic() - began, "at": began}


if __name__ == "__main__":
    main()
