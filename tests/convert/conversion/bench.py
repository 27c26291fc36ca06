"""What the tests of conversions share: the sidecar of a tiny network, a plan, the command."""

from pathlib import Path

import pytest

from convert.cli.main import cli
from convert.conversion.conversions import (
    Plan,
)
from convert.finder import Finder
from convert.gate import Budget, TarLoss
from convert.quantize import Quantization
from convert.spec import NetworkSpec
from device.commandline import run_command
from device.vision.manifest import Alignment, Source
from device.vision.models import shipped_models_dir

SIZE = 24
LENGTH = 8
PORTRAITS = ("eileen-collins", "grace-hopper")
SPEC = NetworkSpec(
    spec_version=1,
    name="tiny",
    description="A network for tests.",
    alignment=Alignment(size_px=SIZE, template=((8.0, 9.0), (16.0, 9.0), (12.0, 14.0)), landmarks=((33, 133), 263, 2)),
    length=LENGTH,
    source=Source(package="tests", member="tiny", member_sha256="0" * 64),
    license="Apache-2.0",
    terms="Anything.",
)


def told(capfd: pytest.CaptureFixture[str]) -> tuple[str, str]:
    shown = capfd.readouterr()
    return shown.out, shown.err


def found_loss(share: float) -> TarLoss:
    return TarLoss(share, mated=9000, non_mated=10**6, people=900)


def quantized(tiny: Path, *more: Path | str) -> int:
    return run_command(cli, ["quantize", str(tiny), "--quantization", "float32", *map(str, more)])


def plan(representative: Path | None = None) -> Plan:
    """Float32 alone, measured nowhere else."""
    finder = Finder(shipped_models_dir())
    return Plan((Quantization.FLOAT32,), finder, (), Budget(), representative=representative)
