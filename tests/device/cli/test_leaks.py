"""A day with commands and a door: no embedding, PIN, key or pixel in output, log, audit, exports, backups, what a
crash says, or a page of a file."""

import base64
import contextlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.records import Image
from device.store.store import Store
from device.store.vault.key_file import Kind
from device.vision.embedder import Embedder
from tests.device.commands import Lintel

PIN, DURESS = "804617", "351962"
PASSPHRASE = "a sentence to remember"
SCENARIO = """
title = "A visit and a stranger"
[images]
eileen = "portrait:eileen-collins"
grace = "portrait:grace-hopper"
[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
images = ["eileen"]
[[step]]
title = "Her own badge"
badge = "17:1001"
[[step.view]]
image = "eileen"
to = { x = 0.5, y = 0.9, size = 1.5 }
[[step]]
title = "Somebody else with it"
badge = "17:1001"
[[step.view]]
image = "grace"
to = { x = 0.5, y = 0.9, size = 1.5 }
[[step]]
title = "An unknown badge"
badge = "17:9999"
"""


@dataclass
class Day:
    """What was said and left on the disk, and the secrets that no one may find in it."""

    said: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    embeddings: list[NDArray[np.float32]] = field(default_factory=list)
    chips: list[Image] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    def everything(self) -> bytes:
        """All that was said, then each file; the device key's own file is left out."""
        files = [path for folder in self.folders for path in sorted(folder.rglob("*")) if path.is_file()]
        content = [path.read_bytes() for path in files if path.name != "device.key"]
        assert len(content) >= 6
        return b"\0".join([*(text.encode() for text in (*self.said, self.log.getvalue())), *content])


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch, state: Path, tmp_path: Path) -> Iterator[Day]:
    """Notes each picture that is embedded, each vector that comes of it, the log, and where a simulation is."""
    made = Day(folders=[state.with_name(name) for name in ("state", "state-keys", "backups", "restored")])
    embed = Embedder.embed

    def noted(self: Embedder, chip: Image) -> Any:
        vector = embed(self, chip)
        made.chips.append(chip.copy())
        made.embeddings.append(np.asarray(vector, np.float32))
        return vector

    @contextlib.contextmanager
    def kept(prefix: str) -> Iterator[str]:
        folder = tmp_path / f"{prefix}simulated"
        folder.mkdir(exist_ok=True)
        made.folders.append(folder)
        yield str(folder)

    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    monkeypatch.setattr(Embedder, "embed", noted)
    monkeypatch.setattr("device.simulation.session.TemporaryDirectory", kept)
    made.log = log
    yield made
    logging.getLogger().removeHandler(handler)


def spend(day: Day, lintel: Lintel, pictures: tuple[Path, Path], scenario: Path) -> None:
    """People come, are seen, refused, changed and erased; some of it fails."""
    eileen, grace = pictures

    def run(*arguments: object, typed: str = "") -> None:
        ended = lintel(*arguments, typed=typed)
        day.said += [ended.out, ended.err]

    run("enroll", "17:1001", eileen, "--name", "Eileen Collins")
    run("enroll", "17:1002", grace, "--name", "Grace Hopper")
    run("people", "pin", "Eileen Collins", "--stdin", typed=f"{PIN}\n")
    run("people", "pin", "Eileen Collins", "--duress", "--stdin", typed=f"{PIN}\n{DURESS}\n")
    for command in (
        ("verify", "17:1001", eileen),
        ("verify", "17:1001", grace),
        ("identify", eileen, "--json"),
        ("compare", eileen, grace, "--json"),
        ("enroll", "17:1003", eileen, "--name", "Eileen Collins"),
        ("simulate", "--scenario", scenario, "--json"),
        ("people", "list", "--json"),
        ("people", "show", "Eileen Collins", "--json"),
        ("people", "references", "list", "Eileen Collins", "--json"),
        ("badges", "list", "--json"),
        ("keys", "status", "--json"),
        ("keys", "rotate"),
        ("people", "references", "remove", "Eileen Collins", "1", "--last", "--yes", "--json"),
        ("people", "remove", "Grace Hopper", "--yes", "--json"),
        ("verify", "17:1002", grace),
        ("audit", "list", "--json"),
        ("policy", "try", "17:1001", "--json"),
        ("explain", 3),
    ):
        run(*command)


def leave_the_house(day: Day, lintel: Lintel, folder: Path, secret: Path) -> None:
    """All that an owner takes out of the house: exports, reports, evidence, and a backup that is restored."""
    key = ("--passphrase-file", secret)
    secret.write_text(f"{PASSPHRASE}\n")
    (folder / "backups").mkdir()
    for command in (
        ("people", "export"),
        ("people", "export", "Eileen Collins"),
        *(("audit", "export", "--format", name) for name in ("csv", "jsonl", "cef")),
        ("audit", "evidence"),
        ("audit", "verify", "--json"),
        ("report", "--json"),
        ("backup", "save", folder / "backups" / "today", *key),
        ("backup", "show", folder / "backups" / "today", *key),
        ("--state-dir", folder / "restored", "restore", folder / "backups" / "today", *key, "--without-revocations"),
    ):
        ended = lintel(*command)
        assert ended.exit_code == 0, (command, ended.err)
        day.said += [ended.out, ended.err]


def crash(day: Day, lintel: Lintel, picture: Path) -> None:
    """A bug where references lie open, and one where a PIN does."""

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("A bug")

    assert lintel("enroll", "17:1004", picture, "--name", "Mae Jemison").exit_code == 0
    for at, command, typed in (
        ("device.vision.comparison.fused_similarity", ("verify", "17:1004", picture), ""),
        ("device.store.pins.hashed_as", ("people", "pin", "Eileen Collins", "--stdin"), f"{PIN}\n"),
    ):
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(at, fails)
            broken.setenv("LINTEL_DEBUG", "1")
            ended = lintel(*command, typed=typed)
        day.said += [ended.out, ended.err]
        assert (ended.exit_code, "Traceback" in ended.err) == (70, True)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "visit.toml").write_text(SCENARIO)
    return tmp_path / "visit.toml"


@pytest.fixture
def spent(day: Day, lintel: Lintel, state: Path, portrait_files: dict[str, Path], scenario: Path) -> Day:
    eileen, grace = portrait_files["eileen-collins"], portrait_files["grace-hopper"]
    key = state.with_name("state-keys") / "device.key"
    lintel("keys", "init")
    before = key.read_bytes()
    spend(day, lintel, (eileen, grace), scenario)
    leave_the_house(day, lintel, state.parent, scenario.with_name("passphrase"))
    crash(day, lintel, eileen)
    with Store(state) as store:
        damaged = bytearray(before)
        day.keys = [base64.b64decode(line.split()[1]) for line in (before, key.read_bytes())]
        day.keys += [store.vault.secret("pin"), store.vault.secret("other")]
        assert store.vault.file.newest(1, Kind.PERSON)
    damaged[-5] ^= 1
    key.write_bytes(damaged)
    fails = lintel("verify", "17:1001", eileen)
    day.said += [fails.out, fails.err]
    assert fails.exit_code in (8, 9)
    return day


def test_nothing_of_a_day_leaks(spent: Day) -> None:
    content = spent.everything()
    assert len(spent.embeddings) > 8
    for vector in spent.embeddings:
        assert not [form for form in forms_of_embedding(vector) if form in content]
    for key in spent.keys:
        assert not [form for form in forms_of_bytes(key) if form in content]
    pictures = [chip for chip in spent.chips if chip[40, 30:50].std() > 1]  # the others warm the network up
    assert len(pictures) > 8
    assert not [chip for chip in pictures if chip[40, 30:50].tobytes() in content]
    assert [one for one in (PIN, DURESS, PASSPHRASE) if one.encode() in content] == []


def test_what_is_looked_for_would_be_found() -> None:
    """Each secret, put where it must not be."""
    vector, key = np.random.default_rng(1).normal(size=128).astype(np.float32), bytes(range(32))
    left = b"...".join([vector.tobytes(), repr(vector.tolist()).encode(), key.hex().encode(), base64.b64encode(key)])
    assert [form in left for form in forms_of_embedding(vector)[:2]] == [True, True]
    assert sum(form in left for form in forms_of_bytes(key)) == 2


def forms_of_embedding(vector: NDArray[np.float32]) -> list[bytes]:
    """A part as float32, and numbers as JSON and text write them."""
    numbers = [vector.tolist()[place] for place in (5, 60, 101)]
    texts = [repr(number) for number in numbers] + [f"{number:.7f}" for number in numbers]
    part = vector.astype("<f4")[16:24].tobytes()
    return [part, *(text.encode() for text in texts), part.hex().encode(), vector.astype("<f8")[16:20].tobytes()]


def forms_of_bytes(secret: bytes) -> list[bytes]:
    """As it is, in hexadecimal digits, and in base64."""
    return [secret, secret.hex().encode(), base64.b64encode(secret), repr(secret)[2:-1].encode()]
