"""A house with a client."""

from tests.device.remote.conftest import house

__all__ = ["house"]
