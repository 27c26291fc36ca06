"""Each module of the device compiles and imports under this Python, and nothing warns of what a later one drops."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORTS_ALL = """
import importlib, pkgutil, warnings
import device
import cv2, gpiozero, numpy, PIL.Image, sqlite_utils
warnings.simplefilter("error")
for found in pkgutil.walk_packages(device.__path__, "device."):
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] not in ("lgpio", "osdp", "osdp_sys"):
            raise
    print(found.name)
"""


@pytest.fixture(scope="module")
def imported() -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", IMPORTS_ALL], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_module_imports_without_a_warning(imported: subprocess.CompletedProcess[str]) -> None:
    assert (imported.returncode, imported.stderr) == (0, "")


def test_no_module_is_left_out(imported: subprocess.CompletedProcess[str]) -> None:
    files = {path.with_suffix("").relative_to(ROOT) for path in (ROOT / "device").rglob("*.py")}
    modules = {".".join(path.parts).removesuffix(".__init__") for path in files}
    assert modules - {"device"} == set(imported.stdout.split())


@pytest.mark.filterwarnings("error")
def test_every_module_compiles_without_a_warning() -> None:
    """Also where a bytecode cache would hide what the compiler says."""
    files = list((ROOT / "device").rglob("*.py"))
    assert {compile(path.read_bytes(), str(path), "exec").co_filename for path in files} == set(map(str, files))
