"""Times the shipped network for one face: chip and mirror in two invokes, as the door does it, and in one of two.

Also says which share of the processor's int8 peak is attained: the network's multiplications by the time, against what
the widest int8 instruction could do at the processor's clock.

    python benchmarks/one_invoke.py [--rounds 200] [--threads 1 2]

Figures are medians of the process's processor time for one thread, and of the wall clock for several, both ways taking
turns. `agree` is the cosine of both ways' vectors.
"""

import argparse
import importlib
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from device.vision.models import EMBEDDING, load_model, shipped_models_dir
from device.vision.runtime import runtime_in_use

MACS_A_CYCLE = {
    "avx512_vnni": 128,
    "avx_vnni": 64,
    "avx512bw": 42,
    "avx2": 21,
    "asimddp": 32,
    "asimd": 8,
}
"""Int8 multiply-accumulates of one core a cycle, by the flag of the widest instruction: two 512-bit VPDPBUSD, two of
256 bits; VPMADDUBSW, VPMADDWD and VPADDD on two ports; two SDOT of 128 bits; SMLAL. Cores with one such port attain
half, and a core may run faster than the clock that the kernel states."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args()
    content = load_model(EMBEDDING, shipped_models_dir()).content
    macs, flag, hertz = multiplications(content), widest_int8(), clock_hz()
    print(f"{runtime_in_use()[0].package} {runtime_in_use()[1]}, {macs / 1e6:.0f} million multiplications a crop")
    for threads in asked.threads:
        two_ms, one_ms, cosine = compared(content, threads, asked.rounds)
        print(f"threads {threads}: two invokes {two_ms / 2:.2f} ms a crop, one of two {one_ms / 2:.2f} ms", end="")
        print(f" ({one_ms / two_ms - 1:+.0%}), agree {cosine:.6f}")
        if flag is None or hertz is None:
            print("  the int8 peak of this processor is not known")
            continue
        peak = MACS_A_CYCLE[flag] * hertz * threads
        share = 2 * macs / (min(one_ms, two_ms) / 1000) / peak
        print(f"  {share:.0%} of the int8 peak of {peak / 1e9:.0f} billion a second ({flag} at {hertz / 1e9:.1f} GHz)")


def compared(content: bytes, threads: int, rounds: int) -> tuple[float, float, float]:
    """The median times of both ways for chip and mirror in ms, and the cosine of what they give."""
    single, double = interpreter(content, threads, 1), interpreter(content, threads, 2)
    chip = np.random.default_rng(0).integers(0, 256, (1, 150, 150, 3)).astype(np.float32)
    both = np.concatenate([chip, chip[:, :, ::-1]])

    def two_invokes() -> Any:  # noqa: ANN401 - the runtimes are untyped
        return invoked(single, both[:1])[0] + invoked(single, both[1:])[0]

    def one_invoke() -> Any:  # noqa: ANN401
        return invoked(double, both).sum(axis=0)

    clock = time.process_time if threads == 1 else time.perf_counter
    times: dict[str, list[float]] = {"two": [], "one": []}
    for _ in range(rounds + 3):
        for name, run in (("two", two_invokes), ("one", one_invoke)):
            times[name].append(timed(run, clock))
    a, b = two_invokes().ravel(), one_invoke().ravel()
    two, one = (statistics.median(times[name][3:]) * 1000 for name in ("two", "one"))
    return two, one, float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    run()
    return clock() - began


def interpreter(content: bytes, threads: int, batch: int, **options: object) -> Any:  # noqa: ANN401
    module = importlib.import_module(runtime_in_use()[0].module)
    made = module.Interpreter(model_content=content, num_threads=threads, **options)
    taken = made.get_input_details()[0]
    made.resize_tensor_input(taken["index"], [batch, *taken["shape"][1:]])
    made.allocate_tensors()
    return made


def invoked(made: Any, chips: np.ndarray) -> Any:  # noqa: ANN401
    made.set_tensor(made.get_input_details()[0]["index"], chips)
    made.invoke()
    return made.get_tensor(made.get_output_details()[0]["index"])


def multiplications(content: bytes) -> int:
    """Of all convolutions and dense layers of one crop."""
    module = importlib.import_module(runtime_in_use()[0].module)
    plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    made = interpreter(content, 1, 1, experimental_op_resolver_type=plain)
    shapes = {one["index"]: [int(size) for size in one["shape"]] for one in made.get_tensor_details()}
    total = 0
    for operator in made._get_ops_details():  # noqa: SLF001 - the runtimes say it nowhere else
        if operator["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            weights = shapes[int(operator["inputs"][1])]
            taken = 1 if operator["op_name"].startswith("DEPTHWISE") else weights[-1]
            total += int(np.prod(shapes[int(operator["outputs"][0])])) * int(np.prod(weights[1:-1])) * taken
    return total


def widest_int8() -> str | None:
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    return next((flag for flag in MACS_A_CYCLE if flag in flags), None)


def clock_hz() -> float | None:
    """The highest clock that the kernel knows of."""
    most = Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    if most.exists():
        return int(most.read_text()) * 1e3
    info = Path("/proc/cpuinfo")
    said = re.findall(r"^cpu MHz\s*: ([\d.]+)", info.read_text(), re.MULTILINE) if info.exists() else []
    return max(map(float, said)) * 1e6 if said else None


if __name__ == "__main__":
    main()
