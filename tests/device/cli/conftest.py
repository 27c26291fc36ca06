"""A state folder, a clip, and pictures that are no good, for the commands."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.images import read_image
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from tests.device.commands import Ended, in_this_process

SETTINGS = 'people.basis = "consent"\nclock.trust = "always"\n'


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands keep their database in; the owner has set on which legal basis references are taken."""
    folder, settings = tmp_path / "state", tmp_path / "people.toml"
    settings.write_text(SETTINGS)
    monkeypatch.setenv("LINTEL_CONFIG", str(settings))
    monkeypatch.setenv("LINTEL_STATE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def eileen(portrait_files: dict[str, Path]) -> Path:
    return portrait_files["eileen-collins"]


@pytest.fixture(scope="session")
def grace(portrait_files: dict[str, Path]) -> Path:
    return portrait_files["grace-hopper"]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory, eileen: Path, grace: Path) -> dict[str, Path]:
    """Files by name: no face, two faces, one with another behind, damaged, and pictures of odd shapes."""
    folder = tmp_path_factory.mktemp("pictures")
    faces = {"eileen": read_image(eileen), "grace": read_image(grace)}
    left, right = Place(x=0.25, y=0.8, size=1.2), Place(x=0.75, y=0.7, size=1.0)
    two = (Figure(image="eileen", end=left), Figure(image="grace", end=right))
    behind = (
        Figure(image="eileen", end=Place(x=0.3, y=0.9, size=1.9)),
        Figure(image="grace", end=Place(x=0.8, y=0.6, size=0.55)),
    )
    drawn = {
        "nobody": Scene((), {}).draw(0.0, 0),
        "two": Scene(two, faces).draw(0.0, 0),
        "behind": Scene(behind, faces).draw(0.0, 0),
        "pixel": np.zeros((1, 1, 3), np.uint8),
        "wide": np.full((1, 100, 3), 99, np.uint8),
        "high": np.full((100, 1, 3), 99, np.uint8),
    }
    for name, image in drawn.items():
        cv2.imwrite(str(folder / f"{name}.png"), image[:, :, ::-1])
    (folder / "damaged.png").write_bytes(eileen.read_bytes()[:5000])
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, eileen: Path) -> Path:
    """Eileen Collins in front of the door's camera, one second long."""
    path = tmp_path_factory.mktemp("clips") / "eileen.avi"
    scene = Scene((Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5)),), {"eileen": read_image(eileen)})
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480))
    for index in range(10):
        writer.write(scene.draw(index / 10, index)[:, :, ::-1])
    writer.release()
    return path


def copy_store(source: Path, target: Path) -> None:
    """The state folder, and that of its keys beside it."""
    for end in ("", "-keys"):
        shutil.copytree(f"{source}{end}", f"{target}{end}")


@pytest.fixture(scope="session")
def enrolled_once(tmp_path_factory: pytest.TempPathFactory, eileen: Path, grace: Path) -> dict[str, tuple[Path, Ended]]:
    """By name of a fixture: the folder after its last enrollment, and what that said. Each loads the networks."""
    made, rooms = {}, tmp_path_factory.mktemp("enrolled")
    state, settings = rooms / "state", rooms / "people.toml"
    settings.write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINTEL_CONFIG", str(settings))
        patch.setenv("LINTEL_STATE_DIR", str(state))
        for name, words in {
            "enrolled": ("17:1001", str(eileen), "--name", "Eileen Collins"),
            "both": ("csn:04a2b9c1", str(grace), "--name", "Grace Hopper"),
        }.items():
            made[name] = rooms / name, in_this_process(patch, "enroll", *words)
            copy_store(state, rooms / name)
    return made


@pytest.fixture
def enrolled(enrolled_once: dict[str, tuple[Path, Ended]], state: Path) -> Ended:
    """Eileen Collins with badge 17:1001."""
    folder, ended = enrolled_once["enrolled"]
    copy_store(folder, state)
    return ended


@pytest.fixture
def both(enrolled_once: dict[str, tuple[Path, Ended]], state: Path) -> tuple[Ended, Ended]:
    """And Grace Hopper with badge csn:04A2B9C1."""
    folder, ended = enrolled_once["both"]
    copy_store(folder, state)
    return enrolled_once["enrolled"][1], ended
