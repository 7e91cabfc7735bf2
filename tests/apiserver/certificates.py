"""Throw-away certificates for API servers on loopback: made for one test run, never stored elsewhere."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=1)


def write_certificates(folder: Path) -> None:
    """Write ca.crt, server.{crt,key}, admin.{crt,key} and service-account.{key,pub} into a folder, keys for us alone.

    The admin is in the group system:masters, which RBAC lets do everything.
    """
    ca_key, ca_name = ec.generate_private_key(ec.SECP256R1()), _name("kubeslice-sim test CA")
    authority = x509.BasicConstraints(ca=True, path_length=0)
    ca = _builder(ca_name, ca_name, ca_key).add_extension(authority, critical=True).sign(ca_key, hashes.SHA256())
    _write(folder / "ca.crt", ca.public_bytes(serialization.Encoding.PEM))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    for file_name, subject, usage in (
        ("server", _name("kube-apiserver"), ExtendedKeyUsageOID.SERVER_AUTH),
        ("admin", _name("kubeslice-sim-test-admin", "system:masters"), ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, ca_name, key).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        signed = builder.add_extension(names, critical=False).sign(ca_key, hashes.SHA256())
        _write(folder / f"{file_name}.crt", signed.public_bytes(serialization.Encoding.PEM))
        _write_key(folder / f"{file_name}.key", key)
    service_account = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "service-account.key", service_account)
    _write(
        folder / "service-account.pub",
        service_account.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def _name(common_name: str, organisation: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    # An hour into the past: clocks of the two sides are the same here, but may be set back during a run.
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    _write(
        path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
