"""TLS of integrations: the far side proves its name with a certificate that is trusted here."""

import ssl
from typing import TypeVar

from device.errors import ConfigError, LinkError
from device.failures import in_words

Context = TypeVar("Context", bound=ssl.SSLContext)


def trusting(context: Context, *, ca_file: str = "", cert_file: str = "", key_file: str = "") -> Context:
    """A context of a client with its authorities: those in a file, else the system's; and with its own certificate.

    Raises `ConfigError` for a file that can't be read.
    """
    named = ca_file
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
        else:
            context.load_default_certs()
        if cert_file:
            named = f"{cert_file} and {key_file}" if key_file else cert_file
            context.load_cert_chain(cert_file, key_file or None, password="")
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise ConfigError(
            f"Cannot use the certificates in {named}: {in_words(error)}.", hint="Expected files in PEM form."
        ) from None
    return context


def unproved(where: str, error: ssl.SSLError) -> LinkError:
    """Why a far side could not prove who it is, in words."""
    why = str(getattr(error, "verify_message", "") or error.reason or "the handshake failed").lower().replace("_", " ")
    return LinkError(
        f"{where} could not prove who it is: {why}.",
        hint="For a certificate of your own authority set `ca_file`; check the host's name and the clock.",
    )
