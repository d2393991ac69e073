"""Keys that callers show: stored as hashes, with a limit each, and revocable while the service runs."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from automl_core.errors import InputError, NotFoundError
from automl_core.workspace import read_json, write_json

PREFIX = "tw_"


@dataclass(frozen=True)
class Key:
    """A key as it is stored.

    Parameters
    ----------
    id : str
        Names it; no secret.
    name : str
        Whom it was made for.
    hash : str
        SHA-256 of the secret. The secret has 256 random bits, so that neither salt nor a slow hash is needed.
    created : str
    per_minute : int
        Most requests a minute; 0 for no limit.
    """

    id: str
    name: str
    hash: str
    created: str
    per_minute: int = 0


class KeyRing:
    """The keys of one file, read again when it changes.

    Parameters
    ----------
    path : Path, optional
        Without it, or the file, there are no keys.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}
        self._calls: dict[str, tuple[float, float]] = {}

    def all(self) -> list[Key]:
        """Return the keys in the order they were made."""
        if self._path is None:
            return []
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._keys = None, {}
            return []
        stamp = (facts.st_mtime_ns, facts.st_size)
        if stamp != self._stamp:
            self._keys = {entry["hash"]: Key(**entry) for entry in read_json(self._path)["keys"]}
            self._stamp = stamp
        return list(self._keys.values())

    def make(self, name: str, per_minute: int = 0) -> tuple[Key, str]:
        """Make a key; the secret is returned this once and stored nowhere."""
        secret = PREFIX + secrets.token_urlsafe(32)
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        key = Key(secrets.token_hex(4), name, _hash(secret), created, per_minute)
        self._save([*self.all(), key])
        return key, secret

    def revoke(self, key_id: str) -> Key:
        """Remove a key; raises NotFoundError when there is none of this id."""
        kept = [key for key in self.all() if key.id != key_id]
        gone = [key for key in self.all() if key.id == key_id]
        if not gone:
            raise NotFoundError(f"There is no key {key_id!r}.", action="List the keys with: python -m automl_core keys")
        self._save(kept)
        return gone[0]

    def known(self, secret: str) -> Key | None:
        """Return the key that a caller shows, or None."""
        given = _hash(secret)
        return next((key for key in self.all() if hmac.compare_digest(key.hash, given)), None)

    def allows(self, key: Key, now: float | None = None) -> bool:
        """Take one call from a key's minute (token bucket); return whether there was one."""
        if not key.per_minute:
            return True
        now = time.monotonic() if now is None else now
        left, since = self._calls.get(key.id, (float(key.per_minute), now))
        left = min(left + (now - since) * key.per_minute / 60, float(key.per_minute))
        self._calls[key.id] = (left - 1, now) if left >= 1 else (left, now)
        return left >= 1

    def _save(self, keys: list[Key]) -> None:
        if self._path is None:
            raise InputError("There is no file for keys.", action="Name one.")
        write_json(self._path, {"format": 1, "keys": [asdict(key) for key in keys]})
        self._path.chmod(0o600)
        self._stamp = None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
