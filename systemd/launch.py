"""The command `lintel` for its unit, at a path that is the same for every version of Python: libexec/lintel/launch.py.

Another package may be called `lintel` and bring a command of that name, which would take the place of ours in bin/ and
secure nothing. The unit runs this file instead, by its path and in Python's isolated mode (-I), which leaves out the
working folder, the user's own packages and PYTHONPATH. Another package may be called `device` as well, and its
`__init__.py` would lie in the place of ours. There is nothing in ours, so it isn't run.

In the package's tree the environment lies beside, in env/, and the unit reaches both by /opt/lintel/current, a link
that an upgrade turns while this runs. Everything is therefore looked for where the link led at the start.
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path

PACKAGE = "device"


def main() -> None:
    """Runs the command line."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    tree = Path(__file__).resolve().parents[2]
    environment = tree / "env" if (tree / "env").is_dir() else tree
    stay_in(environment)
    folder = environment / "lib" / version / "site-packages" / PACKAGE
    if folder.is_dir():  # it isn't where Lintel is installed from a checkout
        spec = ModuleSpec(PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[PACKAGE] = module_from_spec(spec)
    sys.argv[0] = "lintel"
    from device.cli.main import main as lintel

    lintel()


def stay_in(environment: Path) -> None:
    """Names the environment as it is reached without links wherever Python remembers the way that was taken."""
    taken = sys.prefix
    if Path(taken) == environment or Path(taken).resolve() != environment:
        return
    sys.path[:] = [str(environment) + one.removeprefix(taken) if one.startswith(taken) else one for one in sys.path]
    sys.executable = str(environment) + sys.executable.removeprefix(taken)
    sys.prefix = sys.exec_prefix = str(environment)


if __name__ == "__main__":
    main()
