"""From profiles to users as the model sees them: what ``RequestReader`` does to tables, for one user at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import NewUsers, Ragged, UserFeatures
from tasks.features.identity import as_text
from tasks.model_format import Model, TimeReader
from tasks.serving.profile import FeatureValue, Profile
from tasks.splitting.ties import id_hash, id_hashes, pair_hashes

GUEST = ""
"""Seeds ties and noise of guests: two guests with the same events get the same list."""
_DAY = 86_400_000_000
_FEW = 32
"""Events that are looked at one by one, quicker than as arrays."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One user, ready to be ranked.

    Attributes:
        users: The user, alone.
        unknown: Items of the profile that the model does not know, distinct, in order.

    """

    users: NewUsers
    unknown: tuple[str, ...]


class ProfileEncoder:
    """Encodes profiles for a model.

    Args:
        model: The model.

    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._newest = model.header.newest or 0
        ids = as_text(model.items.ids)
        # Of ids that differ in outer blanks only the first counts, as in ``ItemVocabulary``.
        self.rows = {item: row for row, item in reversed(list(enumerate(ids.to_list())))}
        self._item_hashes = id_hashes(model.items.ids)
        self._unknown_features = model.encoder.unknown(1)
        self._quantise = Quantiser(model.times)
        self._features = lru_cache(maxsize=4096)(self._encode_features)
        self._hash = lru_cache(maxsize=65536)(user_hash)

    def encode(self, profile: Profile) -> Encoded:
        """Encode one user: items distinct in order of first touch, each with the weight of its heaviest event."""
        weighed = [(event, self._model.kinds.weight(event.kind)) for event in profile.events]
        counting = [(event, weight) for event, weight in weighed if weight > 0]
        told = [event.at for event, _ in counting if event.at is not None] if self._model.times.has_times else []
        user = self._hash(GUEST if profile.user_id is None else profile.user_id)
        # The first event dates the user, even one of an item unknown to the model.
        first = self._quantise(min(told)) if told else self._newest
        rows: list[int] = []
        times: list[int] = []
        weights: list[float] = []
        unknown: dict[str, None] = {}
        for event, weight in counting:
            row = self.rows.get(event.item_id)
            if row is None:
                unknown[event.item_id] = None
                continue
            rows.append(row)
            times.append(self._quantise(event.at) if told and event.at is not None else self._newest)
            weights.append(weight)
        entries = (
            np.array(rows, dtype=np.int32), np.array(times, dtype=np.int64), np.array(weights, dtype=np.float32)
        )  # fmt: skip
        if told or len(set(rows)) < len(rows):
            entries = _first_touches(*entries, self._ties(user, rows) if told else None)
        encoded = self._users(entries, profile, user, first)
        return Encoded(self._with_history(encoded, profile), tuple(unknown))

    def _users(
        self,
        entries: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]],
        profile: Profile,
        user: np.uint64,
        first: int,
    ) -> NewUsers:
        items, times, weights = entries
        has_times = self._model.times.has_times
        features = self._unknown_features
        if profile.features:
            features = self._features(tuple(sorted(profile.features.items())))
        return NewUsers(
            rows=_alone(len(items)),
            items=items,
            times=times if has_times else None,
            weights=weights,
            features=features,
            now=np.array([first], dtype=np.int64) if has_times else None,
            ids=np.array([user], dtype=np.uint64),
        )

    def _with_history(self, users: NewUsers, profile: Profile) -> NewUsers:
        """A user the model was fitted on has what it saw of them, too; what is told now comes after it."""
        customers = self._model.customers
        if customers is None or not profile.customer or profile.user_id is None:
            return users
        row = customers.row_of(profile.user_id)
        if row is None:
            return users
        known = customers.users.select(np.array([row]))
        features = users.features if profile.features else known.features
        if len(users.items) == 0:
            return replace(known, features=features)
        with_times = known.times is not None and users.times is not None
        none = np.zeros(len(known.items) + len(users.items), dtype=np.int64)
        items, times, weights = _first_touches(
            np.concatenate([known.items, users.items]),
            np.concatenate([known.times, users.times]) if with_times else none,
            np.concatenate([known.weights, users.weights]),
            None,
        )
        return replace(
            known, rows=Ragged(np.array([0, len(items)], dtype=np.int64)), items=items, weights=weights,
            times=times if with_times else None, features=features,
        )  # fmt: skip

    def _ties(self, user: np.uint64, rows: list[int]) -> NDArray[np.uint64]:
        return pair_hashes(np.full(len(rows), user, dtype=np.uint64), self._item_hashes[rows])

    def _encode_features(self, values: tuple[tuple[str, FeatureValue], ...]) -> UserFeatures:
        return self._model.encoder.transform(pl.DataFrame({name: [value] for name, value in values}))


@lru_cache(maxsize=4096)
def _alone(length: int) -> Ragged:
    """Boundaries of a single row; to be read only."""
    return Ragged(np.array([0, length], dtype=np.int64))


class Quantiser:
    """Brings moments to the resolution of a log: where it tells days only, to midnight (UTC) of the shop's day."""

    def __init__(self, times: TimeReader) -> None:
        self._zone = None if times.has_hours else ZoneInfo(times.time_zone)

    def __call__(self, at: int) -> int:
        """A moment at that resolution, both microseconds since 1970-01-01 UTC."""
        if self._zone is None:
            return at
        day = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(self._zone).date()
        return (day.toordinal() - _EPOCH) * _DAY


_EPOCH = datetime(1970, 1, 1).toordinal()


def moment(value: datetime, times: TimeReader) -> int:
    """Microseconds since 1970-01-01 UTC; a time without an offset is one of the shop's clock."""
    zoned = value if value.tzinfo is not None else value.replace(tzinfo=ZoneInfo(times.time_zone))
    apart = zoned.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds


def user_hash(user_id: str) -> np.uint64:
    """The stable hash of an id, as tables of users get it."""
    return id_hash(user_id)


def together(users: Sequence[NewUsers]) -> NewUsers:
    """Several users, each alone, as one block."""
    if len(users) == 1:
        return users[0]
    has_times = users[0].times is not None
    return NewUsers(
        rows=Ragged.from_lengths(np.array([len(one.items) for one in users], dtype=np.int64)),
        items=np.concatenate([one.items for one in users]),
        times=np.concatenate([one.times for one in users]) if has_times else None,
        weights=np.concatenate([one.weights for one in users]),
        features=UserFeatures(
            np.concatenate([one.features.categories for one in users]),
            np.concatenate([one.features.numbers for one in users]),
        ),
        now=np.concatenate([one.now for one in users]) if has_times else None,
        ids=np.concatenate([one.ids for one in users]),
    )


def _first_touches(
    items: NDArray[np.int32],
    times: NDArray[np.int64],
    weights: NDArray[np.float32],
    ties: NDArray[np.uint64] | None,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
    """Each item once, in order of first touch, with its greatest weight."""
    if len(items) < 2:
        return items, times, weights
    order = np.argsort(times, kind="stable") if ties is None else np.lexsort((ties, times))
    if len(items) <= _FEW and len(set(items.tolist())) == len(items):
        return items[order], times[order], weights[order]
    distinct, first, place = np.unique(items[order], return_index=True, return_inverse=True)
    heaviest = np.zeros(len(distinct), dtype=np.float32)
    np.maximum.at(heaviest, place, weights[order])
    by_time = np.argsort(first)
    chosen = order[first[by_time]]
    return items[chosen], times[chosen], heaviest[by_time]
