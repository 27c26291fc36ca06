"""The weights file: what is written is read, and a file that is anything else is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.errors import WeightsError
from convert.networks.dlib_resnet import BLOCKS
from convert.weights.dlib import Convolution, ResnetWeights, parse
from convert.weights.dlib_format import floating, integer
from convert.weights.dlib_layout import Fixed, Stored, layout

PIECES = tuple(layout())
STARTS = tuple(np.cumsum([0, *(piece.size_bytes for piece in PIECES)])[:-1].tolist())
FIXED = tuple(n for n, piece in enumerate(PIECES) if isinstance(piece, Fixed))
STORED = tuple(n for n, piece in enumerate(PIECES) if isinstance(piece, Stored))


def file_of(values: np.ndarray) -> bytes:
    """A file of the network with these numbers as its weights, in the order of the file."""
    stored = iter(np.split(values, np.cumsum([PIECES[n].size_bytes // 4 for n in STORED])[:-1]))
    return b"".join(
        piece.content if isinstance(piece, Fixed) else next(stored).astype("<f4").tobytes() for piece in PIECES
    )


COUNT = sum(PIECES[n].size_bytes // 4 for n in STORED)
NUMBERS = np.arange(COUNT, dtype=np.float32)
CONTENT = file_of(NUMBERS)


def with_bytes(at: int, replacement: bytes) -> bytes:
    return CONTENT[:at] + replacement + CONTENT[at + len(replacement) :]


def in_order(convolution: Convolution) -> list[np.ndarray]:
    return [convolution.kernel, convolution.bias, convolution.gamma, convolution.beta]


def test_every_number_of_a_file_is_read_once_and_in_its_place() -> None:
    weights = parse(CONTENT)
    tensors = [tensor for convolution in weights.convolutions for tensor in in_order(convolution)]
    read = np.concatenate([tensor.ravel() for tensor in (*tensors, weights.projection)])
    assert np.array_equal(read, NUMBERS)


def test_a_file_has_29_convolutions_and_a_projection() -> None:
    weights = parse(CONTENT)
    assert (len(weights.convolutions), weights.projection.shape) == (29, (256, 128))


def test_layers_have_the_shapes_of_the_table() -> None:
    shapes = {convolution.name: convolution.kernel.shape for convolution in parse(CONTENT).convolutions}
    blocks = {f"{block.name}.first": (block.channels, block.inputs, 3, 3) for block in BLOCKS}
    blocks |= {f"{block.name}.second": (block.channels, block.channels, 3, 3) for block in BLOCKS}
    assert shapes == {"stem": (32, 3, 7, 7), **blocks}


def test_weights_are_not_in_a_printed_record() -> None:
    assert repr(parse(CONTENT).convolutions[0]) == "Convolution(name='stem')"


def test_read_weights_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        parse(CONTENT).projection[0, 0] = 1


@given(st.integers(0, len(CONTENT) - 1))
def test_a_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(WeightsError, match=r"the end of the file|then the file ends"):
        parse(CONTENT[:length])


@given(st.sampled_from(FIXED), st.data())
def test_a_file_with_any_other_byte_in_its_headers_is_refused(number: int, data: st.DataObject) -> None:
    at = STARTS[number] + data.draw(st.integers(0, PIECES[number].size_bytes - 1))
    flipped = CONTENT[at] ^ data.draw(st.integers(1, 255))
    with pytest.raises(WeightsError, match=f"byte {at}: expected 0x{CONTENT[at]:02x}, received 0x{flipped:02x}"):
        parse(with_bytes(at, bytes([flipped])))


@given(st.sampled_from(STORED), st.data(), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_number_that_is_none_is_refused(number: int, data: st.DataObject, value: float) -> None:
    at = STARTS[number] + 4 * data.draw(st.integers(0, PIECES[number].size_bytes // 4 - 1))
    with pytest.raises(WeightsError, match="expected finite numbers"):
        parse(with_bytes(at, np.float32(value).tobytes()))


@given(st.binary(min_size=1, max_size=100))
def test_a_file_with_something_left_over_is_refused(more: bytes) -> None:
    with pytest.raises(WeightsError, match=f"received {len(more)} more bytes"):
        parse(CONTENT + more)


@given(st.binary(max_size=1000))
def test_a_file_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match="Not dlib's face recognition ResNet"):
        parse(content)


def test_a_wrong_file_says_what_to_do() -> None:
    with pytest.raises(WeightsError) as caught:
        parse(b"")
    assert (caught.value.exit_code, "--fetch-only" in caught.value.hint) == (15, True)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_an_integer_is_its_sign_its_length_and_its_magnitude(value: int) -> None:
    encoded = integer(value)
    sign = -1 if encoded[0] & 0x80 else 1
    assert (sign * int.from_bytes(encoded[1:], "little"), encoded[0] & 0x0F) == (value, len(encoded) - 1)


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_a_double_is_a_mantissa_and_an_exponent(value: float) -> None:
    encoded = floating(value, digits=53)
    split = 1 + (encoded[0] & 0x0F)
    mantissa, exponent = (
        (-1 if part[0] & 0x80 else 1) * int.from_bytes(part[1:], "little")
        for part in (encoded[:split], encoded[split:])
    )
    assert mantissa * 2.0 ** max(exponent, -1000) * 2.0 ** min(exponent + 1000, 0) == value


@pytest.mark.parametrize(
    ("value", "digits", "encoded"),
    [(1, 53, "01108104"), (0, 53, "0100010b"), (0.04, 24, "030ad7a3811c"), (122.782, 24, "036290f58111")],
)
def test_numbers_are_written_as_dlib_writes_them(value: float, digits: int, encoded: str) -> None:
    assert floating(value, digits=digits).hex() == encoded


def test_the_published_file_is_read_to_its_last_byte(resnet_weights: ResnetWeights) -> None:
    kernels = [convolution.kernel.size for convolution in resnet_weights.convolutions]
    assert (len(kernels), sum(kernels), resnet_weights.projection.size) == (29, 5_571_168, 32_768)
