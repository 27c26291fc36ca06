"""Asks the Pi's firmware for `strict_gpiod`: a pin that no program holds is an input, so a killed door locks."""

import re
from pathlib import Path

from device.errors import ConfigError
from device.failures import in_words
from device.files import write_whole

CONFIG = Path("boot/firmware/config.txt")
LINE = "dtparam=strict_gpiod"
KEPT = ".before-lintel"
_SET = re.compile(r"^\s*dtparam\s*=\s*(?:[^#\n]*,)?\s*strict_gpiod(?:\s*=\s*(\w+))?\s*(?:,|#|$)")
_SECTION = re.compile(r"^\s*\[(\w[^\]]*)\]")


def is_strict(text: str) -> bool:
    """Whether a config.txt asks for it on every Pi: the last word counts, and a section for one model is none."""
    everywhere, strict = True, False
    for line in text.splitlines():
        if section := _SECTION.match(line):
            everywhere = section[1] == "all"
        elif everywhere and (found := _SET.match(line)):
            strict = found[1] not in ("off", "0", "no", "false")
    return strict


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
