"""`lintel link webhook-secret`: makes the secret that a webhook is signed with, and takes the next one into use."""

from pathlib import Path

import click

from device.commandline import FilePath
from device.errors import ConfigError
from device.terminal import say


@click.command(
    "webhook-secret",
    epilog="""\b
Examples:
  sudo lintel link webhook-secret /etc/lintel/link/shop
  sudo lintel link webhook-secret --rotate /etc/lintel/link/shop
  sudo lintel link webhook-secret --finish /etc/lintel/link/shop

\b
Exit codes: 0 done, 3 the file is there already, or has no secrets, 74 it can't be written.""",
)
@click.argument("file", type=FilePath())
@click.option("--rotate", "step", flag_value="rotate", help="Make another: both sign until --finish.")
@click.option("--finish", "step", flag_value="finish", help="The receiver knows the new one: remove the old one.")
def webhook_secret(file: Path, step: str | None) -> None:
    """Make the signing secret of a webhook in a file that its owner alone may read, and print it for the receiver.

    Restart lintel-link afterwards.
    """
    from device.files import write_whole
    from device.link.webhooks.signing import new_secret

    kept = _secrets(file) if file.exists() else []
    if kept and step is None:
        raise ConfigError(f"{file} has a secret already.", hint="--rotate makes the next one beside it.")
    if step is not None and not kept:
        raise ConfigError(f"{file} has no secret yet.", hint=f"Make one: lintel link webhook-secret {file}")
    if step == "rotate" and len(kept) > 1:
        raise ConfigError(f"{file} has two secrets: the last rotation isn't finished.", hint="Use --finish first.")
    lines = kept[:1] if step == "finish" else [new_secret(), *kept]
    write_whole(file, "".join(f"{line}\n" for line in lines).encode(), durable=True, mode=0o600)
    if step == "finish":
        say("The old secret is removed.", err=True)
    else:
        say(lines[0])


def _secrets(file: Path) -> list[str]:
    """Raises `ConfigError` for a file of something else, which is left as it is."""
    from device.link.webhooks.signing import keys_in

    text = file.read_bytes().decode("utf-8", "replace")
    keys_in(text, str(file))
    return [line.strip() for line in text.splitlines() if line.strip()]
