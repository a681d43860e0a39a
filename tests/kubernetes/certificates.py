# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Who is who in a cluster: an authority, and the certificates and kubeconfigs that it gives out."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=7)
# A clock that is a little behind does not refuse what was just signed.
SKEW = datetime.timedelta(minutes=5)
CONTEXT = "katabench-test"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both in PEM."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path, name: str) -> None:
        """Write both into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.crt").write_bytes(self.certificate)
        write_private(directory / f"{name}.key", self.key)


class Authority:
    """Signs for a cluster; lives in a directory, so that it can sign later, too."""

    def __init__(self, directory: Path) -> None:
        """Read it, or make a new one."""
        if not (directory / "ca.key").exists():
            make_authority().write(directory, "ca")
        self.certificate = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
        self._key = read_key((directory / "ca.key").read_bytes())

    def certificate_pem(self) -> bytes:
        """Return the certificate that the others are checked against."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, user: str, *, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()) -> Pair:
        """Return a certificate for a user in groups, and for a server at these addresses and names."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = describe(subject_of(user, *groups), self.certificate.subject, key.public_key())
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usages, critical=False)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([host_of(one) for one in hosts]), critical=False
            )
        return Pair(pem_of_certificate(builder.sign(self._key, hashes.SHA256())), pem_of_key(key))

    def write_kubeconfig(self, path: Path, server: str, user: str, *groups: str) -> Path:
        """Write a kubeconfig for a user in groups."""
        pair = self.issue(user, groups=groups)
        trusted = {"server": server, "certificate-authority-data": base64_of(self.certificate_pem())}
        shown = {"client-certificate-data": base64_of(pair.certificate), "client-key-data": base64_of(pair.key)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": trusted}],
            "users": [{"name": user, "user": shown}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
            "current-context": CONTEXT,
        }
        write_private(path, yaml.safe_dump(config).encode())
        return path


def make_authority() -> Pair:
    """Return an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = subject_of("katabench test")
    builder = describe(subject, subject, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Pair(pem_of_certificate(builder.sign(key, hashes.SHA256())), pem_of_key(key))


def describe(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """Return what every certificate has."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LIFETIME)
    )


def subject_of(user: str, *groups: str) -> x509.Name:
    """Return a subject as Kubernetes reads it: the common name is the user, the organisations are the groups."""
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def host_of(text: str) -> x509.GeneralName:
    """Return an address or a name as a certificate says it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def pem_of_certificate(certificate: x509.Certificate) -> bytes:
    """Return a certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key in PEM, readable by whoever reads the file."""
    nothing = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, nothing)


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a key that this module has written."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is none of an elliptic curve")
    return key


def base64_of(data: bytes) -> str:
    """Return bytes as a kubeconfig has them."""
    return base64.b64encode(data).decode()


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone may read."""
    path.touch(mode=0o600)
    path.write_bytes(data)
