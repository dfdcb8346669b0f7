"""Keys of the SSH servers: made from a text, so that they are the same at each start."""

from __future__ import annotations

import hashlib
from io import StringIO
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def private_key(of: str) -> paramiko.Ed25519Key:
    """The Ed25519 key that follows from a text."""
    return paramiko.Ed25519Key.from_private_key(StringIO(_pem(_seed(of))))


def write_private_key(of: str, path: Path) -> None:
    """The same key as a file that SSH clients take."""
    path.touch(mode=0o600)
    path.write_text(_pem(_seed(of)), encoding="utf-8")


def _seed(of: str) -> bytes:
    return hashlib.sha256(f"calipso sample cloud: {of}".encode()).digest()


def _pem(seed: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
