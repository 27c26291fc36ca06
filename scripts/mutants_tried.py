"""Runs the tests on one mutant after the other, each in a forked process with a copy of the tree.

The parent imports what is heavy and never the code under test, so a fork needs none of it again. A first run, on the
code as it is, learns which tests call which functions and how long they take; a mutant then meets the tests that call
its function, the quickest first, until one fails.
"""

import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from environments import ROOT
from mutants_made import Mutant

COPIED = ("device", "convert", "tests", "scripts", "docs", "pyproject.toml")
"""The rest of the tree is linked."""
HEAVY = ("cv2", "msgspec.json", "click", "gpiozero.pins.local", "gpiozero.pins.mock", "sqlite_utils", "hypothesis")
MOST_TESTS_S = 25.0
"""The tests of one mutant take no longer on the code as it is: the slowest are left out."""
MEMORY_BYTES = 8 << 30
FIRST_RUN_S = 900.0
MOST_FAILING = 0.02
"""The share of tests that may fail on the code as it is: some measure time, and fail on a busy machine."""
CHILD = "a process of its own"
"""Stands among the functions of a test that starts one: what that calls is not seen."""
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn"})
UNNOTICED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


class Outcome(StrEnum):
    """What came of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


class TestsFail(Exception):
    """The tests fail, or there are none, on the code as it is."""


@dataclass(frozen=True, slots=True)
class Called:
    """What one test called, as `file:function`, and how long it took."""

    took_s: float
    functions: frozenset[str]


@dataclass(slots=True)
class Learnt:
    """What the first run learnt of a group's tests."""

    tests: Mapping[str, Called]
    at_import: frozenset[str]
    failing: tuple[str, ...] = ()
    """Tests that fail on the code as it is, and so notice nothing: they are left out."""

    def tests_for(self, mutant: Mutant) -> tuple[str, ...]:
        """Those that call the mutated function, else those that call anything in its file, and those that start a
        process of their own; if none is seen to call anything there, all. The quickest first.
        """
        function = f"{mutant.file}:{mutant.function}"
        chosen: list[str] = []
        if mutant.function and function not in self.at_import:
            chosen = [name for name, called in self.tests.items() if function in called.functions]
        if not chosen:
            within = f"{mutant.file}:"
            chosen = [name for name, one in self.tests.items() if any(f.startswith(within) for f in one.functions)]
        if not chosen:  # as in a file that has but a class without methods
            return self._quickest(list(self.tests))
        elsewhere = [name for name, called in self.tests.items() if CHILD in called.functions]
        return self._quickest(list(dict.fromkeys([*chosen, *elsewhere])))

    def seconds(self, tests: Sequence[str]) -> float:
        """How long these tests take on the code as it is."""
        return sum(self.tests[name].took_s for name in tests)

    def _quickest(self, names: list[str]) -> tuple[str, ...]:
        ordered = sorted(names, key=lambda name: (self.tests[name].took_s, name))
        kept = [name for at, name in enumerate(ordered) if not at or self.seconds(ordered[: at + 1]) <= MOST_TESTS_S]
        return tuple(kept)


@dataclass(slots=True, eq=False)
class _Recorder:
    """A plugin of pytest that writes down what each test calls."""

    folder: Path
    path: Path
    tests: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    at_import: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    """What started a process since the test began."""

    def pytest_configure(self) -> None:
        """Has Python report what starts a process."""
        sys.addaudithook(lambda event, _arguments: self.starts.append(event) if event in STARTS else None)

    def pytest_collection(self, session: pytest.Session) -> bool:
        """Collects as pytest does, watched."""
        with _watched() as seen:
            session.perform_collect()
        self.at_import = self._named(seen)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """One test with what it sets up, watched."""
        began = time.monotonic()
        self.starts.clear()
        with _watched() as seen:
            result = yield
        child = [CHILD] if self.starts else []
        self.tests[item.nodeid] = time.monotonic() - began, [*self._named(seen), *child]
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Names what fails."""
        if report.failed:
            self.failing.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Leaves it to the parent."""
        self.path.write_text(
            json.dumps({"tests": self.tests, "at_import": self.at_import, "failing": sorted(set(self.failing))})
        )

    def _named(self, seen: set[Any]) -> list[str]:
        within = f"{self.folder}{os.sep}"
        return sorted(
            {
                f"{code.co_filename.removeprefix(within)}:{code.co_qualname.partition('.<locals>')[0]}"
                for code in tuple(seen)  # threads that live on add to it
                if code.co_filename.startswith(f"{within}device{os.sep}")
            }
        )


@contextlib.contextmanager
def _watched() -> Iterator[set[Any]]:
    """The code objects that are called within, in this thread and in those that it starts."""
    seen: set[Any] = set()

    def tracer(frame: FrameType, _event: str, _argument: object) -> None:
        seen.add(frame.f_code)

    threading.settrace(tracer)
    sys.settrace(tracer)
    try:
        yield seen
    finally:
        sys.settrace(None)
        threading.settrace(None)


@dataclass(frozen=True, slots=True, eq=False)
class _Selected:
    """A plugin of pytest that runs these tests alone, in this order, and writes down which failed."""

    tests: tuple[str, ...]
    known: Collection[str]
    path: Path

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leaves the others out. A test whose name has the changed value in it is one of those, too."""
        place = {name: at for at, name in enumerate(self.tests)}
        place = {name.partition("[")[0]: at for name, at in place.items()} | place
        chosen = [
            (place.get(item.nodeid, place.get(item.nodeid.partition("[")[0])), item)
            for item in items
            if item.nodeid in place or item.nodeid not in self.known
        ]
        items[:] = [item for at, item in sorted(chosen, key=lambda one: one[0] or 0) if at is not None]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Names the first that failed."""
        if report.failed and not self.path.exists():
            self.path.write_text(report.nodeid)


class Bench:
    """A copy of the tree in which mutants are tried, one at a time."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made, and takes all that is written."""
        folder.mkdir()
        self._folder = folder.resolve()
        self.tree = self._folder / "tree"
        self.killer = ""
        """The test that noticed the last mutant."""
        self.tree.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, self.tree / name)
        for path in ROOT.iterdir():
            if not path.name.startswith(".") and path.name not in COPIED:
                (self.tree / path.name).symlink_to(path)
        for name in HEAVY:
            importlib.import_module(name)

    def learn(self, paths: Sequence[str]) -> Learnt:
        """Runs the tests on the code as it is. Raises `TestsFail` if more than a few fail, or none is there."""
        written = self._folder / "learnt.json"
        code = self._run(paths, _Recorder(self.tree, written), FIRST_RUN_S)
        found = json.loads(written.read_text()) if code in (0, 1) else {"tests": {}, "failing": []}
        failing = found["failing"]
        if len(failing) > MOST_FAILING * len(found["tests"]) or not found["tests"]:
            said = (self._folder / "said").read_text()[-3000:]
            raise TestsFail(f"{' '.join(paths)} ended with {code} on the code as it is:\n{said}")
        tests = {
            name: Called(took_s, frozenset(functions))
            for name, (took_s, functions) in found["tests"].items()
            if name not in failing
        }
        return Learnt(tests, frozenset(found["at_import"]), tuple(failing))

    def try_one(self, mutant: Mutant, learnt: Learnt) -> Outcome:
        """Runs the tests on a mutant."""
        tests = learnt.tests_for(mutant)
        path, failed = self.tree / mutant.file, self._folder / "failed"
        failed.unlink(missing_ok=True)
        original = path.read_bytes()
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()  # a mutant of the same second and length would not be compiled
        path.write_text(mutant.source)
        try:
            files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
            code = self._run(files, _Selected(tests, learnt.tests, failed), 15.0 + 5 * learnt.seconds(tests))
        finally:
            path.write_bytes(original)
        self.killer = failed.read_text() if failed.exists() else ""
        if code is None:
            return Outcome.TIMED_OUT
        return Outcome.SURVIVED if code in UNNOTICED else Outcome.KILLED

    def _run(self, paths: Sequence[str], plugin: object, limit_s: float) -> int | None:
        """Pytest's exit code in a process of its own; None if it took too long."""
        learns = isinstance(plugin, _Recorder)
        quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "--no-header", "--tb=short")
        options = (*(() if learns else ("-x",)), "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", *quiet)
        arguments = [*options, f"--basetemp={self._folder / 'tmp'}", *paths]
        child = os.fork()
        if child == 0:
            self._become(lambda: int(pytest.main(arguments, plugins=[plugin])), limit_s, may_write_bytecode=learns)
        try:
            return _waited_for(child, limit_s)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)

    def _become(self, work: Callable[[], int], limit_s: float, *, may_write_bytecode: bool) -> None:
        """What the child does; it does not return. It ends by itself if its parent is gone and it computes for ever."""
        code = 70
        try:
            os.setsid()
            os.chdir(self.tree)
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s) + 60, int(limit_s) + 60))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            said = os.open(self._folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.dont_write_bytecode = not may_write_bytecode
            os.environ["PYTHONPATH"] = str(self.tree)
            if not may_write_bytecode:
                os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            sys.path[:] = [str(self.tree), *(one for one in sys.path if not one.startswith(str(ROOT / "scripts")))]
            code = work()
            sys.stdout.flush()
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)


def _waited_for(child: int, limit_s: float) -> int | None:
    deadline = time.monotonic() + limit_s
    pause_s = 0.01
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
