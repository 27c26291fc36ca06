"""Where an error becomes words: the one place that says, kind by kind, why something failed.

What stands around the words, and what to do about it, is for the room that knows what it was about to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import LintelError
from device.redaction import redacted

_PLAIN = frozenset({"gpiozero", "lgpio", "sqlite3", "termios"})
"""Packages that see no badge, picture or key, or keep them out of their errors, whose words can stand in a journal."""


def in_words(error: BaseException, *, quoted: bool = False) -> str:
    """Why something failed, to end a sentence with: an error of ours says it in sentences of its own.

    Words that may hold a badge, a name or a key stay out: of an error of unknown kind only its kind and its place in
    the program are given, unless it is to be `quoted`, as where only pins, models or sockets are at hand.
    """
    if isinstance(error, LintelError):
        return error.message
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, ImportError) and error.name:
        return f"the Python package {error.name} is missing"
    if isinstance(error, OSError):
        return redacted(error.strerror or "") or (_one_line(error) if quoted else "") or kind_of(error)
    if quoted or type(error).__module__.partition(".")[0] in _PLAIN:
        return _one_line(error) or kind_of(error)
    return f"the program failed with {kind_of(error)}{_place_of(error)}"


@contextmanager
def named(kind: type[LintelError], what: str, *, hint: str, quoted: bool = False) -> Iterator[None]:
    """Turns what the system refuses into `kind`: "`what`: why." With `quoted` every other error as well.

    An error of ours passes as it is.
    """
    try:
        yield
    except LintelError:
        raise
    except Exception as error:
        if not quoted and not isinstance(error, OSError):
            raise
        raise kind(f"{what}: {in_words(error, quoted=quoted)}.", hint=hint) from error


def kind_of(error: BaseException) -> str:
    """The name of its class, with the package where that is not Python's own: `cv2.error`, `ValueError`."""
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _one_line(error: BaseException) -> str:
    """What it says itself; `termios.error` has a number before it."""
    said = error.args[-1] if type(error).__module__ == "termios" and error.args else error
    return redacted(" ".join(str(said).split())).removesuffix(".")


def _place_of(error: BaseException) -> str:
    import traceback  # not at the start of what secures a door

    places = traceback.extract_tb(error.__traceback__)[-1:]
    return "".join(f" at {Path(place.filename).name}:{place.lineno}" for place in places)
