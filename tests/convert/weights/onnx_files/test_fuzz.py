"""ONNX networks with anything wrong in them: an error of ours or a network, never a crash."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto

from convert.errors import WeightsError
from convert.weights.onnx_files import network
from convert.weights.onnx_files.network import read_onnx_network
from convert.weights.onnx_files.operators import KNOWN
from tests.convert.mutations import FEW, MUTATIONS, Mutation
from tests.convert.weights.onnx_files.networks import NETWORKS, SIZE


@pytest.fixture(autouse=True, scope="module")
def _without_reference() -> Iterator[None]:
    """Only what still is a sound network gets as far, and ONNX's reference takes its time over each pool."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "check_against_reference", lambda *_graph, **_scale: None)
        yield


NUMBERS = (-(1 << 40), -2, -1, 0, 1, 2, 3, 7, 1 << 20, 1 << 40)


@pytest.fixture(scope="module")
def models() -> list[ModelProto]:
    return [net.model(result) for net, result in (make() for make in NETWORKS.values())]


@settings(FEW, max_examples=10)
@given(mutation=MUTATIONS, number=st.integers(0, 4))
def test_damaged_bytes(models: list[ModelProto], mutation: Mutation, number: int, tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(mutation(models[number].SerializeToString()))
    assert refused_or_built(path)


@settings(FEW, max_examples=15)
@given(seed=st.integers(0, 1 << 30), number=st.integers(0, 4))
def test_another_operator_number_or_wire_anywhere(
    models: list[ModelProto], seed: int, number: int, tmp_path: Path
) -> None:
    path, changed = tmp_path / "changed.onnx", ModelProto()
    changed.CopyFrom(models[number])
    change(changed, random.Random(seed))
    path.write_bytes(changed.SerializeToString())
    assert refused_or_built(path)


def refused_or_built(path: Path) -> bool:
    """Whether a network comes out, or an error of ours: any other error fails the test."""
    try:
        return len(read_onnx_network(path, SIZE).outputs) == 1
    except WeightsError as error:
        return error.message.isprintable()


def change(model: ModelProto, dice: random.Random) -> None:
    """One thing in the graph becomes another."""
    graph = model.graph
    node, tensor = dice.choice(graph.node), dice.choice(graph.initializer)
    match dice.randrange(5):
        case 0:
            node.op_type = dice.choice(sorted(KNOWN))
        case 1 if node.attribute:
            attribute = dice.choice(node.attribute)
            attribute.i = dice.choice(NUMBERS)
            for at in range(len(attribute.ints)):
                attribute.ints[at] = dice.choice(NUMBERS)
        case 2 if node.input:
            node.input[dice.randrange(len(node.input))] = dice.choice(graph.node).output[0]
        case 3 if tensor.dims:
            tensor.dims[dice.randrange(len(tensor.dims))] = dice.choice(NUMBERS)
        case _:
            graph.node.remove(node)
