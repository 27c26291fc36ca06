"""The device key sealed by a TPM, through systemd-creds: neither a card alone nor its copy opens anything.

The seal is bound to the TPM and to systemd's default measurement (PCR 7, the state of Secure Boot), where there is one.
"""

import shutil
import subprocess

from device.errors import KeyMissing
from device.store.vault.locks import LockKind
from device.store.vault.sealing import Secret

PROGRAM = "systemd-creds"
NAME = "lintel.key"
"""The credential's, which is sealed with it."""
WITHIN_S = 20.0
"""A TPM on a slow bus derives its primary key for seconds."""
_HINT = "See `systemd-creds has-tpm2`; it takes a TPM 2.0, systemd 250 or newer, libtss2-esys and libtss2-rc, and root."


class TpmLock:
    """Opens on the machine alone whose TPM sealed it."""

    kind = LockKind.TPM

    def lock(self, secret: Secret) -> bytes:
        """Raises `KeyMissing` without a TPM."""
        sealed = _asked(["encrypt", "--with-key=tpm2"], bytes(secret))
        return bytes(sealed).translate(None, b" \n")

    def open(self, content: bytes) -> Secret:
        """Raises `KeyMissing` on another machine, and without a TPM."""
        return _asked(["decrypt"], content + b"\n")


def _asked(words: list[str], content: bytes) -> Secret:
    program = shutil.which(PROGRAM)
    if program is None:
        raise KeyMissing(f"There is no program {PROGRAM} here, which speaks to the TPM.", hint=_HINT)
    command = [program, *words, f"--name={NAME}", "-", "-"]
    try:
        ended = subprocess.run(  # noqa: S603 - constants
            command, input=content, capture_output=True, timeout=WITHIN_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        what = "open" if words[0] == "decrypt" else "seal"
        raise KeyMissing(f"The TPM of this machine did not {what} the key.", hint=_HINT) from None
    return Secret(ended.stdout)
