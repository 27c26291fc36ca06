"""The table of networks, and the choices that the commands make of it."""

from importlib import import_module
from inspect import signature

import pytest
from click import Command

from convert.cli.align import align
from convert.cli.import_ import import_network
from convert.cli.train import train
from convert.networks.table import NETWORKS, OF_ANY_LENGTH


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_takes_a_length_where_the_table_says_so(name: str) -> None:
    build = getattr(import_module(f"convert.networks.{name}"), name)
    assert ("length" in signature(build).parameters) == (name in OF_ANY_LENGTH)


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [
        (import_network, "network", ["dlib_resnet", "inception_resnet_v1", "mobilefacenet", "nn4_small2", "tiny"]),
        (import_network, "alignment", ["dlib", "arcface", "openface"]),
        (train, "network", ["mobilefacenet", "nn4_small2", "inception_resnet_v1", "tiny"]),
        (align, "alignment", ["dlib", "arcface", "openface"]),
    ],
)
def test_a_command_offers_what_the_tables_have(command: Command, option: str, choices: list[str]) -> None:
    found = next(parameter for parameter in command.params if parameter.name == option)
    assert list(found.type.choices) == choices
