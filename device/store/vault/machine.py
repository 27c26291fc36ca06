"""What this machine opens a device key with by itself; light, as the service's start waits for it."""

from typing import assert_never

from device.store.vault.locks import KeyLock, LockKind


def machine_lock(kind: LockKind | None) -> KeyLock | None:
    """The fuses or the TPM; None for a key that nothing locks, or a passphrase."""
    match kind:
        case LockKind.OTP:
            from device.store.vault.otp import OtpLock, VcMailbox

            return OtpLock(VcMailbox())
        case LockKind.TPM:
            from device.store.vault.tpm import TpmLock

            return TpmLock()
        case LockKind.PASSPHRASE | None:
            return None
        case _:
            assert_never(kind)
