"""Keyboard layouts: what each key types in some countries, for readers that type as a keyboard of one of them would.

All text is first taken as a US keyboard would type it, whether it comes as key codes or as characters, and then turned
into what the layout of the settings types with the same keys. Source: the layouts of X.Org's xkeyboard-config, basic
variants; a dead key is its accent.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

KEY_CODES = (*range(2, 14), *range(16, 28), *range(30, 41), 43, *range(44, 54), 86)
"""The kernel's codes of the keys with characters, row by row, the key beside the left shift last."""
OTHER_KEY = "\ue000", "\ue001"
"""The last of them, which a US keyboard doesn't have, without and with Shift."""
KEYPAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
"""A keypad types digits in each layout."""
_PAD = {digit: chr(0xE010 + int(digit)) for digit in KEYPAD.values()}

_ROWS = {
    "us": (
        "1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./" + OTHER_KEY[0],
        '!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"|ZXCVBNM<>?' + OTHER_KEY[1],
    ),
    "gb": (
        "1234567890-=qwertyuiop[]asdfghjkl;'#zxcvbnm,./\\",
        '!"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~ZXCVBNM<>?|',
    ),
    "de": (
        "1234567890ß\u00b4qwertzuiopü+asdfghjklöä#yxcvbnm,.-<",
        "!\"§$%&/()=?`QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_>",
    ),
    "ch": (
        "1234567890'^qwertzuiopü¨asdfghjklöä$yxcvbnm,.-<",
        '+"*ç%&/()=?`QWERTZUIOPè!ASDFGHJKLéà£YXCVBNM;:_>',
    ),
    "fr": (
        "&é\"'(-è_çà)=azertyuiop^$qsdfghjklmù*wxcvbn,;:!<",
        "1234567890°+AZERTYUIOP¨£QSDFGHJKLM%µWXCVBN?./§>",
    ),
    "be": (
        "&é\"'(§è!çà)-azertyuiop^$qsdfghjklmùµwxcvbn,;:=<",
        "1234567890°_AZERTYUIOP¨*QSDFGHJKLM%£WXCVBN?./+>",
    ),
    "es": (
        "1234567890'¡qwertyuiop`+asdfghjklñ\u00b4çzxcvbnm,.-<",
        '!"·$%&/()=?¿QWERTYUIOP^*ASDFGHJKLÑ¨ÇZXCVBNM;:_>',
    ),
    "it": (
        "1234567890'ìqwertyuiopè+asdfghjklòàùzxcvbnm,.-<",
        '!"£$%&/()=?^QWERTYUIOPé*ASDFGHJKLç°§ZXCVBNM;:_>',
    ),
    "pt": (
        "1234567890'«qwertyuiop+\u00b4asdfghjklçº~zxcvbnm,.-<",
        '!"#$%&/()=?»QWERTYUIOP*`ASDFGHJKLÇª^ZXCVBNM;:_>',
    ),
    "se": (
        "1234567890+\u00b4qwertyuiopå¨asdfghjklöä'zxcvbnm,.-<",
        '!"#¤%&/()=?`QWERTYUIOPÅ^ASDFGHJKLÖÄ*ZXCVBNM;:_>',
    ),
    "cz": (
        "+ěščřžýáíé=\u00b4qwertzuiopú)asdfghjklů§¨yxcvbnm,.-\\",
        "1234567890%ˇQWERTZUIOP/(ASDFGHJKL\"!'YXCVBNM?:_|",
    ),
}
LAYOUTS = tuple(_ROWS)

KEYS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        **dict(zip(KEY_CODES, zip(*_ROWS["us"], strict=True), strict=True)),
        **{code: (_PAD[digit], "\ufffd") for code, digit in KEYPAD.items()},
        57: (" ", " "),
    }
)
"""What a key types on a US keyboard, without and with Shift, by its code; a keypad's digits are characters of their
own, as no layout changes them.
"""


def typed_for(text: str, layout: str) -> str:
    """What a reader meant that types for this layout, of what a US keyboard has made of its keys."""
    return text.translate(_table(layout))


def shown_by(text: str, layout: str) -> str:
    """What a reader meant that types for a US keyboard, of what a machine with this layout has made of its keys."""
    return text.translate(_inverse(layout))


def _pairs(layout: str) -> Iterator[tuple[str, str]]:
    """What a key types on a US keyboard, and in this layout."""
    for us, other in zip(_ROWS["us"], _ROWS[layout], strict=True):
        yield from zip(us, other, strict=True)


@lru_cache
def _table(layout: str) -> dict[int, str]:
    pad = {ord(private): digit for digit, private in _PAD.items()}
    return pad | {ord(us): other for us, other in _pairs(layout)}


@lru_cache
def _inverse(layout: str) -> dict[int, str]:
    return {ord(other): us for us, other in _pairs(layout)}
