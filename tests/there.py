"""Values that a test needs and that may be missing."""

from typing import TypeVar

T = TypeVar("T")


def there(value: T | None) -> T:
    """The value; a missing one fails the test."""
    assert value is not None
    return value
