"""Pseudonyms of users: keyed, so that nobody without the key can tell who is who."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.errors import ConfigError

KEY_VARIABLE = "COLDCART_PSEUDONYM_KEY"
SHORTEST_KEY = 16
"""Bytes. Shorter keys can be guessed, and user ids with them."""
PSEUDONYM_BYTES = 16
"""128 bits: among a billion users the chance of two alike is below 1e-20."""


@dataclass(frozen=True)
class Privacy:
    """Whether user ids are replaced by pseudonyms: HMAC-SHA256 (RFC 2104), cut to 128 bits, as hex.

    The same user has the same pseudonym in every run with the same key. The key is never logged and is
    no part of any artefact.

    Attributes:
        pseudonymise: Replace user ids.
        key_file: File with the key (at least 16 bytes; white space at its ends is ignored); null reads it from the
            environment variable COLDCART_PSEUDONYM_KEY.

    """

    pseudonymise: bool = False
    key_file: str | None = None

    def pseudonyms(self, ids: pl.Series) -> pl.Series:
        """Pseudonyms of these user ids, in their order; the ids themselves where pseudonyms are off.

        Raises:
            ConfigError: There is no key, or it is too short.

        """
        if not self.pseudonymise:
            return ids
        keyed = hmac.new(self._key(), digestmod=hashlib.sha256)

        def pseudonym(user: str) -> str:
            own = keyed.copy()
            own.update(user.encode("utf-8"))
            return own.digest()[:PSEUDONYM_BYTES].hex()

        return pl.Series(ids.name, [pseudonym(user) for user in ids.cast(pl.String)], dtype=pl.String)

    def _key(self) -> bytes:
        if self.key_file is not None:
            named = f"privacy.key_file={self.key_file}"
            try:
                key = Path(self.key_file).expanduser().read_bytes().strip()
            except OSError as error:
                raise ConfigError(f"{named} cannot be read ({error.strerror}): name a file with the key") from error
        else:
            named = KEY_VARIABLE
            key = os.environ.get(KEY_VARIABLE, "").encode("utf-8").strip()
        if not key:
            raise ConfigError(
                f"privacy.pseudonymise=true needs a key, and {named} holds none: put one into {KEY_VARIABLE}, or into "
                "a file named by privacy.key_file (for example: openssl rand -hex 32 > key)"
            )
        if len(key) < SHORTEST_KEY:
            raise ConfigError(f"{named}: expected a key of at least {SHORTEST_KEY} bytes, got {len(key)}")
        return key
