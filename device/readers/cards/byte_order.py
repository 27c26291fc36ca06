"""In which order a reader sends the bits of a card: bytes and bits may come last first. Pure.

Readers of contactless cards send a serial number over Wiegand as the card says it, or with its bytes in reverse, and
some with the bits of each byte in reverse; makers call it "MSB/LSB first" or "reverse bytes". A frame's parity is that
of the bits as they are sent.
"""

from enum import StrEnum

BYTE = 8


class Order(StrEnum):
    """What a reader has turned round, as it is written behind a format's name: `csn4:reversed`."""

    SENT = ""
    """Nothing: the first bit of the card first."""
    REVERSED = "reversed"
    """The last byte first."""
    BITS_REVERSED = "bits-reversed"
    """The last bit of each byte first, the first byte first."""
    MIRRORED = "mirrored"
    """Both: the last bit of all first."""


WORDS = {
    Order.REVERSED: "its bytes in reverse order",
    Order.BITS_REVERSED: "the bits of each byte in reverse order",
    Order.MIRRORED: "all its bits in reverse order",
}
"""What is different from the card, in words."""


def arranged(bits: str, order: Order) -> str:
    """The bits of whole bytes in the order of the card. Twice is as they were."""
    cut = [bits[begin : begin + BYTE] for begin in range(0, len(bits), BYTE)]
    match order:
        case Order.SENT:
            return bits
        case Order.REVERSED:
            return "".join(reversed(cut))
        case Order.BITS_REVERSED:
            return "".join(byte[::-1] for byte in cut)
        case Order.MIRRORED:
            return bits[::-1]
