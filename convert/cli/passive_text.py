"""What is printed of an imported network against presentation attacks."""

from typing import TYPE_CHECKING

from device.terminal import put_json, say

if TYPE_CHECKING:
    from convert.passive import ImportedPassive


def report_on(imported: "ImportedPassive", *, as_json: bool) -> int:
    """Prints what came of it; the exit code."""
    from convert.gate import Outcome

    put_json(_json_of_passive(imported)) if as_json else say("\n".join(_lines_of_passive(imported)))
    return 0 if imported.verdict.outcome is Outcome.PASSED else 1


def _json_of_passive(imported: "ImportedPassive") -> str:
    import msgspec

    from device.vision.manifest import encoded

    document = {
        "outcome": imported.verdict.outcome,
        "reasons": imported.verdict.reasons,
        "network": str(imported.path),
        "verdicts": imported.flips.crops,
        "verdicts_flipped": imported.flips.flipped,
        "largest_difference": imported.flips.largest,
        "manifest": msgspec.Raw(encoded(imported.manifest)),
        "terms": imported.terms,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _lines_of_passive(imported: "ImportedPassive") -> list[str]:
    manifest, flips = imported.manifest, imported.flips
    attack, size = manifest.attack, manifest.inputs[0].shape[1]
    assert attack is not None
    refused = "; ".join(imported.verdict.reasons)
    written = f"not written: {refused}" if refused else f"dynamic range, {manifest.size_bytes} bytes"
    return [
        f"{imported.path}  {written}",
        f"verdicts {flips.flipped} of {flips.crops} flip against float32 ({100 * flips.share:.1f} %), "
        f"the probability of a live face differs by at most {flips.largest:.2f}",
        f"takes    {attack.crop_scale:g} face boxes as {manifest.preprocessing.color} {size}x{size}, "
        f"live from {attack.threshold:g}",
        f"license  {manifest.license}",
        f"terms    {imported.terms}",
    ]
