"""Asks the Pi's firmware for `strict_gpiod`: a pin that no program holds is an input, so a killed door locks."""

from pathlib import Path

from device.door.wires.strict import is_strict
from device.errors import ConfigError
from device.failures import in_words
from device.files import write_whole

CONFIG = Path("boot/firmware/config.txt")
LINE = "dtparam=strict_gpiod"
KEPT = ".before-lintel"


def made_strict(text: str) -> str:
    """The same text asking for it, with nothing else changed; as it is if it does already."""
    if is_strict(text):
        return text
    between = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{between}\n[all]\n# Lintel: a GPIO pin that no program holds is an input.\n{LINE}\n"


def ask_for_strict(path: Path) -> bool:
    """Changes the file, keeps what was there beside it, and says whether there was anything to do.

    Raises `ConfigError`.
    """
    try:
        before = path.read_bytes()
        text = before.decode("utf-8", "surrogateescape")
        after = made_strict(text).encode("utf-8", "surrogateescape")
        if after == before:
            return False
        kept = path.with_name(path.name + KEPT)
        if not kept.exists():
            write_whole(kept, before, durable=True)
        write_whole(path, after, durable=True)
    except OSError as error:
        raise ConfigError(
            f"Cannot change {path}: {in_words(error)}.",
            hint=f"Run it with sudo; or add the line `{LINE}` yourself and restart the Pi.",
        ) from None
    return True
