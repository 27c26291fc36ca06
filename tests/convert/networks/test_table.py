"""The table of networks, and the choices that the commands make of it."""

from pathlib import Path

import pytest
from click import Command

from convert.cli.align import align
from convert.cli.import_ import import_network
from convert.cli.train import train
from convert.networks.table import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_network_is_what_its_row_says(name: str) -> None:
    row = NETWORKS[name]
    built = row.build(row.length)
    assert built.input_shape == (None, row.chip_px, row.chip_px, 3)
    assert (built.output_shape, built.count_params()) == ((None, row.length), row.parameters)


@pytest.mark.parametrize("name", NETWORKS)
def test_network_of_any_length_gives_as_many_numbers(name: str) -> None:
    row = NETWORKS[name]
    assert row.build(64).output_shape[1] == (64 if row.of_any_length else row.length)


@pytest.mark.parametrize("name", NETWORKS)
def test_network_is_in_the_file_that_its_row_names(name: str) -> None:
    assert (Path(__file__).parents[3] / NETWORKS[name].file).is_file()


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [
        (import_network, "network", ["dlib_resnet", "inception_resnet_v1", "mobilefacenet", "nn4_small2", "tiny"]),
        (import_network, "alignment", ["dlib", "arcface", "openface"]),
        (train, "network", ["inception_resnet_v1", "mobilefacenet", "nn4_small2", "tiny"]),
        (align, "alignment", ["dlib", "arcface", "openface"]),
    ],
)
def test_a_command_offers_what_the_tables_have(command: Command, option: str, choices: list[str]) -> None:
    found = next(parameter for parameter in command.params if parameter.name == option)
    assert list(getattr(found.type, "choices", ())) == choices
