"""Who saw what, so that an experiment can be read from it: pseudonyms and arms."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

PSEUDONYM_BYTES = 16
_KEY_BYTES = 32


class Pseudonyms:
    """Keyed pseudonyms (HMAC-SHA256, cut to 128 bits, as hex): the same user has the same one while the key lives.

    Args:
        key: The key.

    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, file: Path) -> "Pseudonyms":
        """With the key of a file, made with a random key, for its owner only, where it is missing."""
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(file.read_bytes())
        key = secrets.token_bytes(_KEY_BYTES)
        with os.fdopen(handle, "wb") as opened:
            opened.write(key)
            opened.flush()
            os.fsync(opened.fileno())
        return cls(key)

    def of_user(self, user_id: str) -> str:
        """The pseudonym of a user, 32 hex digits."""
        return hmac.new(self._key, user_id.encode(), hashlib.sha256).hexdigest()[: 2 * PSEUDONYM_BYTES]


def arm_of(pseudonym: str, arms: Mapping[str, float]) -> str | None:
    """The arm of a user, always the same; None where there is no experiment.

    Args:
        pseudonym: Of the user.
        arms: Weight, above 0, of each arm.

    """
    if not arms:
        return None
    digest = hashlib.blake2b(pseudonym.encode(), digest_size=8, person=b"arm").digest()
    place = int.from_bytes(digest, "big") / 2**64 * sum(arms.values())
    for arm, weight in arms.items():
        place -= weight
        if place < 0:
            return arm
    return list(arms)[-1]
