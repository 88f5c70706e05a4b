"""API keys: shown once, kept as digests, limited to scopes, revocable while the server runs."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import lock_file, make_folder, tighten_home, write_json

PREFIX = "rbk_"
# A file of keys is read while requests wait; this holds some 50,000 keys.
MAX_BYTES = 16 * 2**20
_DIGEST = re.compile("[0-9a-f]{64}")


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


class ApiKeyStore:
    """The keys of a home, in one file; a change on disk is seen at the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._keys: dict[str, ApiKey] = {}
        self._lock_path = Path(f"{path}.lock")  # it stays where a key was ever made
        self._existed = os.path.lexists(path) or os.path.lexists(self._lock_path)

    def all(self) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first. Raises StoreError where the file cannot be read."""
        self._refresh()
        return list(self._keys.values())

    def required(self, *, local: bool) -> bool:
        """Whether a request needs a key now; only a server for this machine alone (`local`) may do without.

        Raises StoreError where nobody may ask: the file is damaged or holds no key, or there is none and either other machines
        can connect or there ever was one in this home. A file that was deleted opens nothing, not even a server started after.
        """
        try:
            self._refresh()
        except StoreError:
            self._existed = True
            raise
        if self._keys:
            self._existed = True
            return True
        self._existed = self._existed or os.path.lexists(self._lock_path)  # a key may have come and gone between two requests
        if local and not self._existed and self._seen is None:
            return False
        found = "no file of keys" if self._seen is None else "a file without keys"
        self._existed = True
        raise StoreError(
            "The server is closed: it has no API keys.",
            expected="the keys that it was given",
            found=found,
            hint="restore the file, or make a key with `rebracket keys add NAME`; a server for this machine alone needs none "
            f"where {self._lock_path.name} is deleted too",
            where=str(self._path),
        )

    def add(self, name: str, *, scopes: Iterable[str] = (Scope.VALIDATE, Scope.RUNS)) -> tuple[ApiKey, str]:
        """A new key and its secret, which is shown here and never again.

        Raises InputError without a name or a scope, and for an unknown scope.
        """
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
        """The key, which no server takes any more.

        Raises InputError where there is no such key.
        """
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
        """The key of a secret, or None for one that is unknown or revoked. Raises StoreError where the file cannot be read."""
        self._refresh()
        return self.match(secret)

    def match(self, secret: str) -> ApiKey | None:
        """The key of a secret among those that were read last; takes as long for a near miss."""
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
        except OSError as cause:
            raise self._unreadable(cause) from cause
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            raise self._unreadable(ValueError("it is no plain file"))
        if found.st_size > MAX_BYTES:
            raise self._unreadable(ValueError(f"it has {found.st_size:,} bytes"))
        seen = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._keys, self._seen = self._read(), seen

    def _read(self) -> dict[str, ApiKey]:
        try:
            raw = json.loads(self._path.read_text("utf-8"))
            keys = [_key(one) for one in raw["keys"]]
            if len({key.key_id for key in keys}) < len(keys):
                raise ValueError("two keys have the same id")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as cause:
            raise self._unreadable(cause) from cause
        return {key.key_id: key for key in keys}

    def _unreadable(self, cause: Exception) -> StoreError:
        reason = cause.strerror if isinstance(cause, OSError) else cause  # an OSError's own words hold the path
        return StoreError(
            "The API keys cannot be read.",
            expected="the file that Rebracket wrote",
            found=f"{type(cause).__name__}: {reason}",
            hint="restore it, or delete it and make the keys again with `rebracket keys add NAME`",
            where=str(self._path),
        )


class _Change:
    """The keys, to be changed under a lock between processes and written when the block ends well."""

    def __init__(self, key_store: ApiKeyStore) -> None:
        self._key_store = key_store
        make_folder(key_store._path.parent)
        tighten_home(key_store._path.parent)
        self._lock = lock_file(key_store._lock_path)

    def __enter__(self) -> dict[str, ApiKey]:
        self._lock.acquire()
        self._key_store._refresh()
        self._keys = dict(self._key_store._keys)
        return self._keys

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                write_json(self._key_store._path, {"keys": [asdict(key) for key in self._keys.values()]})
        finally:
            self._lock.release()


def _key(raw: dict[str, Any]) -> ApiKey:
    """A key as it stands in the file. Raises TypeError or ValueError for one that Rebracket did not write."""
    scopes = raw["scopes"]
    if not isinstance(scopes, list) or not all(isinstance(part, str) for part in scopes):
        raise TypeError("the scopes of a key are not a list of words")
    key = ApiKey(**{**raw, "scopes": tuple(scopes)})
    if not all(isinstance(part, str) for part in (key.key_id, key.name, key.created_at, key.revoked_at)):
        raise TypeError("a field of a key is not a text")
    if not isinstance(key.digest, str) or not _DIGEST.fullmatch(key.digest):
        raise ValueError("the digest of a key is not a SHA-256")
    return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
