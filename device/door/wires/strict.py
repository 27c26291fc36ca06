"""Whether the Pi's firmware is asked for `strict_gpiod`: a pin that no program holds is an input then."""

import re

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
