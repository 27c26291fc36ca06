"""Lintel as an installed package: its name, its version, and how to get an optional part of it.

It isn't on an index, and the package called `lintel` there is unrelated. So hints name the
wheel's file, never our name.
"""

DISTRIBUTION = "lintel-door"


def installed_version() -> str:
    """The version of Lintel that is installed. Raises `importlib.metadata.PackageNotFoundError`."""
    from importlib.metadata import version

    return version(DISTRIBUTION)


def install_hint(extra: str) -> str:
    """How to get the packages of an extra: from the wheel that Lintel came in, or in a checkout."""
    from importlib.metadata import PackageNotFoundError

    try:
        number = installed_version()
    except PackageNotFoundError:  # run from a checkout that isn't installed
        number = "VERSION"
    return (
        f"Install it from the wheel's file: pip install './lintel_door-{number}-py3-none-any.whl[{extra}]'. "
        "In a checkout: make dev-environment"
    )
