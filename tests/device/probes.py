"""What an analyzer found in a picture."""

from device.records import Probe, Reason


def probe_of(found: Probe | Reason) -> Probe:
    """The probe; a reason why there is none fails the test."""
    assert isinstance(found, Probe), found
    return found
