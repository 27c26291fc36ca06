"""The command `lintel` for its unit, at a path that is the same for every version of Python: libexec/lintel/launch.py.

Another package may be called `lintel` and bring a command of that name, which would take the place of ours in bin/ and
secure nothing. The unit runs this file instead, by its path and in Python's isolated mode (-I), which leaves out the
working folder, the user's own packages and PYTHONPATH.
"""

import sys

from device.cli.main import main

if __name__ == "__main__":
    sys.argv[0] = "lintel"
    main()
