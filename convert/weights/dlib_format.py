"""How dlib writes numbers and names: the alphabet of its weights files (dlib/serialize.h, dlib/float_details.h)."""

import math


def integer(value: int) -> bytes:
    """One byte (low 4 bits: length, 0x80: negative), then the magnitude, little-endian."""
    magnitude = abs(value)
    length = max(1, (magnitude.bit_length() + 7) // 8)
    return bytes([length | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(length, "little")


def integers(*values: int) -> bytes:
    """Integers one after the other."""
    return b"".join(map(integer, values))


def floating(value: float, *, digits: int) -> bytes:
    """A float as mantissa and exponent of two, zero bytes at the end cut off; `digits`: 24 for float, 53 for double."""
    fraction, exponent = math.frexp(value)
    mantissa, exponent = round(fraction * 2**digits), exponent - digits
    for _ in range(8):
        if mantissa % 256 == 0:
            mantissa, exponent = mantissa // 256, exponent + 8
    return integers(mantissa, exponent)


def booleans(*values: int) -> bytes:
    """The characters 0 or 1."""
    return b"".join(b"1" if value else b"0" for value in values)


def string(text: str) -> bytes:
    """Length, then the characters."""
    return integer(len(text)) + text.encode("ascii")


def tensor_header(*dimensions: int) -> bytes:
    """Version 2, then four dimensions; the values follow as little-endian float32."""
    return integers(2, *dimensions)
