"""Far sides on loopback: servers that answer as scripted, each connection in a thread, with TLS if asked for."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.waiting import PATIENCE_S


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of an answer."""
    head = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


OK = answer(204)
Script = Callable[[socket.socket], None]
"""Answers one request in its own way."""


@dataclass
class Far:
    """A server that says what it was asked; `answers` are given in turn, the last one for ever."""

    answers: list[bytes | Script] = field(default_factory=lambda: [OK])
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def next_answer(self) -> bytes | Script:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextlib.contextmanager
def far(*answers: bytes | Script, tls: ssl.SSLContext | None = None) -> Iterator[Far]:
    """Listens until the end of the block, and hangs up on all."""
    state, open_ones, threads = Far(list(answers) or [OK]), list[socket.socket](), list[threading.Thread]()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        state.port = listening.getsockname()[1]

        def serve(connection: socket.socket) -> None:
            with contextlib.suppress(OSError, ssl.SSLError), contextlib.closing(connection):
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True)
                    open_ones.append(connection)
                _converse(state, connection)
            connection.close()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    connection.settimeout(PATIENCE_S)
                    state.connections += 1
                    open_ones.append(connection)
                    threads.append(threading.Thread(target=serve, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield state
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE_S)
            for connection in open_ones:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            for thread in threads:
                thread.join(PATIENCE_S)
            for connection in open_ones:
                connection.close()


def _converse(state: Far, connection: socket.socket) -> None:
    file = connection.makefile("rb")
    with file:
        while first := file.readline():
            method, path, _ = first.decode().split(" ", 2)
            headers: dict[str, str] = {}
            while line := file.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers.get("content-length", "0")))
            state.asked.append(Asked(method, path, headers, body))
            said = state.next_answer()
            if callable(said):
                return said(connection)
            connection.sendall(said)
    return None


@dataclass(frozen=True)
class Certificate:
    """A certificate of its own authority, as files."""

    file: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def certificate(folder: Path, *names: str, lasts_days: int = 2) -> Certificate:
    """One for 127.0.0.1 and those names, valid since yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "far")])
    others: list[x509.GeneralName] = [x509.DNSName(one) for one in names]
    alternatives = others or [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=lasts_days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Certificate(folder / "far.pem", folder / "far.key")
    files.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
