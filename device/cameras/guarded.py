"""Runs a camera's program so that the kernel kills it when the thread that began it ends, however that ends.

`python -I -S guarded.py PARENT PROGRAM ARGUMENT ...`, where PARENT is the process that began it. It imports nothing of
Lintel. `setpriv --pdeathsig` does the same, but sets capabilities on its way, which the unit's filter of system calls
refuses; `preexec_fn` may deadlock in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
NOT_STARTED = 127
"""The exit code of a program that can't be started, as of a shell."""


def main() -> int:
    """Becomes the program; comes back only if that can't be."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != int(parent):
        return NOT_STARTED  # the parent ended before the kernel was asked
    try:
        os.execvp(command[0], command)  # noqa: S606 - found on the PATH, with numbers of the settings
    except OSError as error:
        print(f"{command[0]}: {os.strerror(error.errno or 0)}", file=sys.stderr)
    return NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
