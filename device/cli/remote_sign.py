"""`lintel link keygen` and `lintel link sign`: the client's end of signed commands, for scripts and as a reference."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.commandline import FilePath
from device.records.remote import RemoteCommand
from device.terminal import say

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@click.command(
    epilog="""\b
Example:
  lintel link keygen gate.pem

\b
Exit codes: 0 done, 7 not a key, 74 the file can't be written or read."""
)
@click.argument("file", type=FilePath())
def keygen(file: Path) -> None:
    """Make a key for a client that signs commands, and print its public half.

    Run it where the client is: the key never has to leave that machine. If the file is there already, its public half
    is printed.
    """
    from device.remote.tokens import key_text

    if not file.exists():
        _make(file)
        say(f"Made {file}. Its public half, for `lintel link token add`:", err=True)
    say(key_text(_key(file).public_key()))


@click.command(
    epilog="""\b
Example:
  lintel link sign --key gate.pem --id 0123456789abcdef0123456789abcdef --door main release

\b
Exit codes: 0 done, 7 not a key, 74 the file can't be read."""
)
@click.argument("command", type=click.Choice([one.value for one in RemoteCommand]))
@click.option(
    "--key", "file", type=FilePath(), required=True, help="The client's key, as `lintel link keygen` made it."
)
@click.option(
    "--id", "uid", required=True, metavar="ID", help="The client's id, as `lintel link token add` printed it."
)
@click.option("--door", required=True, help="Which door.")
@click.option(
    "--life",
    "life_s",
    type=click.FloatRange(1, 30),
    default=30,
    show_default=True,
    help="For how long it counts, seconds.",
)
def sign(command: str, file: Path, uid: str, door: str, life_s: float) -> None:
    """Sign a command, and print the token: it counts once, at once, and in that house alone."""
    from device.clock import SystemClock
    from device.remote.tokens import Claims, new_nonce, signed

    at = SystemClock().utc().timestamp()
    say(signed(Claims(RemoteCommand(command), door, at, at + life_s, new_nonce()), kid=uid, key=_key(file)))


def _make(file: Path) -> None:
    """For its owner alone from its first byte on."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(made)
        opened.flush()
        os.fsync(opened.fileno())


def _key(file: Path) -> "Ed25519PrivateKey":
    """Raises `DoorError`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from device.errors import DoorError

    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise DoorError(
            f"{file} is not an Ed25519 key in PEM without a passphrase.", hint="Make one: `lintel link keygen FILE`."
        )
    return key
