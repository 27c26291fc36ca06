"""TLS and passwords at a real Mosquitto: what is wrong is named, and neither key nor password stands in an error."""

import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device.errors import ConfigError, LinkError
from device.link.mqtt.wire import MqttWire
from device.link.settings.mqtt import MqttSettings
from tests.mosquitto import NEEDS_MOSQUITTO, Mosquitto, mosquitto

pytestmark = NEEDS_MOSQUITTO
PASSWORD = "correct horse battery"


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder: Path, title: str) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.title = title
        self.file = self.write(title, self.key, title, is_authority=True)

    def write(self, title: str, key: ec.EllipticCurvePrivateKey, stem: str, *, is_authority: bool = False) -> Path:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(title))
            .issuer_name(name(self.title))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        path = self.folder / f"{stem}.crt"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    def issue(self, stem: str) -> tuple[Path, Path]:
        """A certificate for this machine, and its key."""
        key, path = ec.generate_private_key(ec.SECP256R1()), self.folder / f"{stem}.key"
        path.touch(0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return self.write(stem, key, stem), path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "authority")


@pytest.fixture(scope="module")
def broker(folder: Path, authority: Authority) -> Iterator[Mosquitto]:
    certificate, key = authority.issue("broker")
    passwords = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "lintel", PASSWORD], check=True)
    acl = folder / "acl"
    acl.write_text("user lintel\ntopic readwrite lintel/home/#\ntopic write homeassistant/device/+/config\n")
    lines = (
        f"cafile {authority.file}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "require_certificate true",
        "allow_anonymous false",
        f"password_file {passwords}",
        f"acl_file {acl}",
    )
    with mosquitto(folder, *lines) as one:
        yield one


@pytest.fixture(scope="module")
def right(folder: Path, authority: Authority, broker: Mosquitto) -> dict[str, object]:
    certificate, key = authority.issue("link")
    password = folder / "password"
    password.touch(0o600)
    password.write_text(f"{PASSWORD}\n")
    return {
        "host": "127.0.0.1",
        "port": broker.port,
        "ca_file": str(authority.file),
        "cert_file": str(certificate),
        "cert_key": str(key),
        "user": "lintel",
        "password": str(password),
    }


def checked(values: dict[str, object]) -> str:
    return MqttWire(MqttSettings(**values)).check()  # type: ignore[arg-type]


def test_certificates_and_a_password_are_enough(right: dict[str, object]) -> None:
    assert checked(right).endswith("(TLS): published on lintel/home/_controller/check and read back")


def test_a_wrong_password_is_refused_without_being_shown(right: dict[str, object], tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.touch(0o600)
    wrong.write_text("wrong horse")
    with pytest.raises(LinkError, match="not authorized") as raised:
        checked(right | {"password": str(wrong)})
    assert raised.value.hint == "Check `user` and `password` under [link.mqtt], and that the broker knows both."
    assert "horse" not in f"{raised.value.message} {raised.value.hint}"


def test_a_broker_of_another_authority_is_not_trusted(right: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="can't be trusted: "):
        checked(right | {"ca_file": str(Authority(tmp_path, "other").file)})


def test_a_name_that_the_certificate_lacks_is_not_trusted(right: dict[str, object]) -> None:
    with pytest.raises(LinkError, match="can't be trusted: Hostname mismatch"):
        checked(right | {"host": "localhost"})


def test_without_a_certificate_of_its_own_it_is_refused(right: dict[str, object]) -> None:
    with pytest.raises(LinkError, match="The MQTT broker"):
        checked(right | {"cert_file": "", "cert_key": ""})


def test_without_tls_the_broker_answers_nothing(right: dict[str, object]) -> None:
    plain = {"cert_file": "", "cert_key": "", "ca_file": "", "tls": False}
    with pytest.raises(LinkError, match="The MQTT broker"):
        checked(right | plain)


def test_a_key_of_another_certificate_is_named(right: dict[str, object], authority: Authority) -> None:
    _, key = authority.issue("another")
    with pytest.raises(ConfigError, match=r"Cannot use the certificate .* with its key"):
        checked(right | {"cert_key": str(key)})


def test_a_topic_that_the_broker_forbids_is_named(right: dict[str, object]) -> None:
    with pytest.raises(LinkError, match=r"refused what was published: not authorized\.") as raised:
        checked(right | {"site": "elsewhere"})
    assert raised.value.hint == "Allow this user the topics in docs/mqtt.md at the broker."


def test_an_authority_that_is_no_certificate_is_named(right: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="Cannot use the certificate"):
        checked(right | {"ca_file": str(tmp_path / "ca.pem")})


def test_old_tls_is_not_spoken(right: dict[str, object]) -> None:
    from device.link.mqtt.broker import broker_of

    context = broker_of(MqttSettings(**right)).context  # type: ignore[arg-type]
    assert context is not None
    assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_REQUIRED)
