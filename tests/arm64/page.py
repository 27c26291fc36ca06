"""The page of the emulated arm64 packages."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.arm64.cell import PI_5
from tests.arm64.commands import Tried
from tests.arm64.counting import ROUNDS, TIMED_ROUNDS, Counts
from tests.arm64.testing import LEFT_OUT, Results
from tests.system.trees import Release

HEAD = """# The arm64 packages, emulated

Written by `make test-arm64` (as root, on Debian). `debootstrap` makes an arm64 tree of each release, in which each
program runs under qemu's user-mode emulation with the instructions of a Pi 5's processor ({processor}). The package is
installed without a network, by `apt-get install ./lintel_*_arm64.deb`; commands and tests run in the package's own
environment, with pytest and what else the tests need beside it, from the hashes of `requirements/test.txt`.

Emulated are instructions alone: kernel and devices are this machine's, without gpiochip and camera, and systemd does
not run. `/proc/cpuinfo` is that of a Pi 5: with this machine's own, the runtime (XNNPACK) ends with SIGSEGV under
emulation, as it takes the processor's kind from there.
"""
RULES = {
    False: """
Which tests: the files that `make device-tests` runs under other Pythons, and those that run a network
(`VERSIONED` and `NETWORKS` in `scripts/device_tests.py`), without the slow ones.
""",
    True: """
A quick run (`python -m tests.arm64 --quick`). Which tests: of those that `make device-tests` runs under other Pythons,
one or two files for each package that brings machine code, for sqlite3, threads and sockets, and the import of each
module (`QUICK` in `tests/arm64/testing.py`); and one step of the scenario. `make test-arm64` runs all of those, the
tests of each network, and the scenario to its end.
""",
}
STAGES = """
## Stages: a proxy for a Pi

Instructions of one call of each stage, one thread, median of {rounds}, in millions: counted by a plugin of the
emulator, for the processors of a Pi 5 (cortex-a76) and a Pi 4 (cortex-a72). They are not times: a processor takes more
or less of them at once, and waits for memory. Emulated x86-64 has AVX2 and no AVX-512. Beside them the time of
this x86-64 machine, not emulated, median of {timed_rounds}.

| stage | {columns} | x86-64 | x86-64, time |
|---|{rules}--:|--:|
"""


@dataclass(frozen=True, slots=True)
class Emulated:
    """What came of one release."""

    release: Release
    package: str
    installed_s: float
    tried: Sequence[Tried]
    results: Results
    counts: Mapping[str, Counts]
    """Instructions by the emulated processor."""

    @property
    def broken(self) -> int:
        """How much was not as promised."""
        return (
            sum(not one.finding.kept for one in self.tried) + len(self.results.failed) + (not all(self.counts.values()))
        )


def page(emulated: Sequence[Emulated], figures_here: tuple[Counts, Counts], took_s: float, *, quick: bool) -> str:
    """The page; `figures_here` are instructions and milliseconds on this machine."""
    here, times = figures_here
    said = HEAD.format(processor=PI_5) + "".join(map(_section, emulated)) + RULES[quick] + _left_out()
    if all(all(one.counts.values()) for one in emulated) and here and times:
        said += _stages(emulated, here, times)
    return (
        f"{said}\n{figures(emulated, took_s)}; {os.cpu_count()} cores, {os.getloadavg()[2]:.1f} processes at work on "
        "average.\n"
    )


def figures(emulated: Sequence[Emulated], took_s: float) -> str:
    """One line of it all."""
    passed = sum(one.results.passed for one in emulated)
    commands = sum(one.finding.kept for each in emulated for one in each.tried)
    broken = sum(one.broken for one in emulated)
    names = ", ".join(one.release.name for one in emulated)
    return f"arm64 on {names}: {commands} commands, {passed} tests passed; {broken} not kept; {took_s / 60:.0f} minutes"


def _section(one: Emulated) -> str:
    said = f"\n## {one.release.name.capitalize()}, Python {one.release.python}\n\n"
    said += (
        f"`{one.package}`, installed in {one.installed_s:.0f} s.\n\n| what | what happened | took |\n|---|---|--:|\n"
    )
    for tried in one.tried:
        happened = tried.finding.happened if tried.finding.kept else f"NOT KEPT: {tried.finding.happened}"
        said += f"| `{tried.what}` | {_cell(happened)} | {tried.took_s:.0f} s |\n"
    results = one.results
    happened = f"{results.passed} passed, {results.skips} skipped, {len(results.failed)} failed"
    said += f"| the device's tests | {happened} | {results.took_s:.0f} s |\n"
    if results.failed:
        said += "\nFailed:\n\n" + "".join(f"- `{name}`\n" for name in results.failed)
    if results.skipped:
        said += "\nSkipped, as pytest says why:\n\n" + "".join(f"- {_cell(reason)}\n" for reason in results.skipped)
    return said


def _left_out() -> str:
    if not LEFT_OUT:
        return ""
    listed = "".join(f"- `{name}`: {why}\n" for name, why in LEFT_OUT.items())
    return f"\nLeft out:\n\n{listed}"


def _stages(emulated: Sequence[Emulated], here: Counts, times: Counts) -> str:
    found = [(f"{name}, {one.release.name}", counts) for one in emulated for name, counts in one.counts.items()]
    columns = " | ".join(name for name, _ in found)
    said = STAGES.format(
        rounds=ROUNDS, timed_rounds=TIMED_ROUNDS, columns=columns, rules="--:|" * len(found)
    )  # fmt: skip
    for stage, count in here.items():
        counts = [*(there[stage] for _, there in found), count]
        said += f"| {stage} | {' | '.join(f'{number / 1e6:.1f}' for number in counts)} | {times[stage]:.1f} ms |\n"
    return said


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
