"""`lintel` as another user: `python -m tests.become UID GID LOGIN WORDS... ` becomes that user, then runs the command.

What it needs is loaded before, as the other user may not reach this checkout.
"""

import getpass
import os
import shutil
import sys
from pathlib import Path

from device.cli import acting, carried, forwarding, relay
from device.cli.main import cli
from device.cli.paths import leaf_of
from device.commandline import run_command
from device.control import client, command_messages
from device.control.roles import command_of
from device.store import store

LOADED = (acting, carried, client, command_messages, forwarding, getpass, relay, shutil, store)


def main(uid: int, gid: int, login: str, arguments: list[str]) -> int:
    if found := command_of(arguments):
        leaf_of(found[0].split())
    if login:
        Path("/proc/self/loginuid").write_text(login, encoding="ascii")
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    sys.argv[:] = ["lintel"]
    return run_command(cli, arguments)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
