"""Says where the device key is, without opening the store."""

from pathlib import Path

from device.errors import KeyMissing
from device.store.vault.key_file import FILE_NAME
from device.store.vault.key_files import KeyFiles


def look_for_key(state: Path) -> str:
    """The first place that has a key; one that was never made is fine. Raises `KeyMissing`.

    Whether it is the right key shows when something is opened.
    """
    places = KeyFiles(state)
    found = places.found()
    if found.keys:
        place = found.keys[0].place
        advice = (
            "" if not places.is_own(place) else " (lies on the same disk; `lintel keys status` says how to move it)"
        )
        return f"{place}{advice}"
    if found.objections:
        raise KeyMissing(" ".join(found.objections), hint="See `lintel keys status`.")
    if (state / FILE_NAME).exists():
        raise KeyMissing(
            f"There is none; looked in {places.looked_in}.",
            hint="Put it back from where you keep a copy: faces are denied until then. See `lintel keys status`.",
        )
    return f"{places.folder}, where the first enrollment makes one"
