"""Times the search for look-alikes: one enrollment among many people, an import of 300, and everyone with everyone.

    python benchmarks/look_alikes.py [--people 100000] [--folder FOLDER]

By default there are 10,000 people with three references each; 100,000 take a minute to make. The store is in a folder
that is deleted, unless one is named, which is then filled once and kept.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import vault

from device.look_alikes import everyone_alike
from device.records import Person
from device.settings.tables import VisionSettings
from device.store.store import Store
from device.vision.faces import load_analyzer
from device.vision.manifest import DecisionRule

IMPORTED = 300
LIMIT_ONE_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep the store there, and use it again")
    chosen = parser.parse_args()
    rule = load_analyzer(VisionSettings()).embedder.network_rule
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(measured((chosen.folder or Path(folder)) / "state", chosen.people, rule))


def measured(folder: Path, people: int, rule: DecisionRule) -> int:
    made_s = vault.seconds(lambda: vault.fill(folder, people))
    print(f"look-alikes: {people} people x {vault.REFERENCES} references (made in {made_s:.0f} s)")
    with Store(folder) as store:
        one_s = vault.seconds(lambda: everyone_alike(store, vault.MODEL, rule).of(vault.vectors(1), Person(0, "")))
        print(f"  one enrollment     {one_s:.2f} s")
        known = everyone_alike(store, vault.MODEL, rule)

        def imported() -> None:
            for number in range(IMPORTED):
                known.of(vault.vectors(number), Person(0, ""))
                known.add(Person(people + number + 1, ""), vault.vectors(10**6 + number))

        print(f"  an import of {IMPORTED}   {vault.seconds(imported):.2f} s, loaded once")
        print(f"  all with all       {vault.seconds(known.pairs):.2f} s")
    return int(one_s > LIMIT_ONE_S)


if __name__ == "__main__":
    np.seterr(all="raise")
    main()
