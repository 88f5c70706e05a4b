"""API keys: shown once, kept as digests, limited to scopes, revocable while the server runs."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from filelock import FileLock

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import write_json

PREFIX = "rbk_"


class Scope(StrEnum):
    """What a key may do: ask for verdicts, read about runs and thresholds, read the metrics."""

    VALIDATE = "validate"
    RUNS = "runs"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: its public id, its name, the SHA-256 of its secret, its scopes, when it was made and revoked.

    A secret is 256 random bits, so a plain digest is enough: there is nothing to guess.
    """

    key_id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    created_at: str
    revoked_at: str = ""

    def allows(self, scope: Scope) -> bool:
        """Whether the key may be used for this now."""
        return not self.revoked_at and scope in self.scopes


class KeyRing:
    """The keys of a home, in one file; a change on disk is seen at the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, ApiKey] = {}

    def all(self) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first. Raises StoreError where the file cannot be read."""
        self._refresh()
        return list(self._keys.values())

    def add(self, name: str, *, scopes: Iterable[str] = (Scope.VALIDATE, Scope.RUNS)) -> tuple[ApiKey, str]:
        """A new key and its secret, which is told here and never again."""
        wanted = tuple(dict.fromkeys(scopes))
        unknown = sorted(set(wanted) - set(Scope))
        if unknown or not wanted or not name.strip():
            raise InputError(
                "The key cannot be made.",
                expected=f"a name, and scopes of {', '.join(Scope)}",
                found=f"{name!r} with {', '.join(unknown) or 'no scope'}",
                hint="check the spelling",
            )
        key_id = secrets.token_hex(4)
        secret = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
        key = ApiKey(
            key_id=key_id,
            name=name.strip(),
            digest=_digest(secret),
            scopes=wanted,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with self._changing() as keys:
            keys[key_id] = key
        return key, secret

    def revoke(self, key_id: str) -> ApiKey:
        """The key, which no server takes any more."""
        with self._changing() as keys:
            if key_id not in keys:
                raise InputError(
                    "There is no such key.",
                    expected=f"one of {', '.join(keys) or 'none yet'}",
                    found=repr(key_id),
                    hint="see: rebracket keys list",
                )
            keys[key_id] = replace(keys[key_id], revoked_at=datetime.now(UTC).isoformat(timespec="seconds"))
            return keys[key_id]

    def find(self, secret: str) -> ApiKey | None:
        """The key of a secret, or None for one that is unknown or revoked; takes as long for a near miss."""
        self._refresh()
        parts = secret.removeprefix(PREFIX).partition("_")
        key = self._keys.get(parts[0])
        known = hmac.compare_digest(key.digest if key else _digest(""), _digest(secret))
        return key if key and known and not key.revoked_at else None

    def _changing(self) -> _Change:
        return _Change(self)

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, {}
            return
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._keys, self._seen = self._read(), seen

    def _read(self) -> dict[str, ApiKey]:
        try:
            raw = json.loads(self._path.read_text("utf-8"))
            keys = [ApiKey(**{**one, "scopes": tuple(one["scopes"])}) for one in raw["keys"]]
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise StoreError(
                "The API keys cannot be read.",
                expected="the file that Rebracket wrote",
                found=f"{type(cause).__name__}: {cause}",
                hint="restore it, or delete it and make the keys again",
                where=str(self._path),
            ) from cause
        return {key.key_id: key for key in keys}


class _Change:
    """The keys, to be changed under a lock between processes and written when the block ends well."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        ring._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{ring._path}.lock")

    def __enter__(self) -> dict[str, ApiKey]:
        self._lock.acquire()
        self._ring._refresh()
        self._keys = dict(self._ring._keys)
        return self._keys

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                write_json(self._ring._path, {"keys": [asdict(key) for key in self._keys.values()]})
                self._ring._path.chmod(0o600)
        finally:
            self._lock.release()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
