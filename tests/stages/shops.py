"""A small shop whose every row can be altered, and what a fit makes of it."""

import datetime
import json
from typing import Any

import numpy as np
import polars as pl

from tasks.config import RunConfig, load_component, load_config
from tasks.domain import LogRoles
from tasks.features.item_vectors import item_vectors
from tasks.ingestion.raw import RawLog
from tasks.splitting import warm_rows
from tasks.stages.ingest import ingest_log
from tasks.stages.prepare import prepare
from tests.ingestion.logs import raw_log

FIRST = datetime.datetime(2024, 3, 1, 12, tzinfo=datetime.UTC)
CUT = FIRST + datetime.timedelta(days=20)
SECOND_CUT = FIRST + datetime.timedelta(days=32)
WORDS = ("red", "blue", "scarf", "cup", "tea", "large", "small", "vintage")
ROLES = LogRoles(
    has_times=True,
    has_hours=True,
    has_cancellations=True,
    user_categories=("town",),
    user_numbers=("age",),
    item_categories=("shelf",),
    item_text="title",
)
SETTINGS = (
    "tracking=off",
    "features.text.min_documents=1",
    "features.text.dimensions=3",
    "features.rarest_category=1",
    "cleaning.outliers={lower: 0.25, upper: 0.75, multiplier: 1.0}",
)
TEMPORAL = (
    "dataset=online_retail",
    f"split.first_cut='{CUT.isoformat()}'",
    f"split.second_cut='{SECOND_CUT.isoformat()}'",
    "split.burn_in_days=1",
)
HOLDOUT = ("dataset=ml_100k",)


def config(*overrides: str) -> RunConfig:
    return load_config([*SETTINGS, *overrides])


def words(random: np.random.Generator) -> dict[str, Any]:
    """What a row may say, apart from who, what and when."""
    return {
        "title": " ".join(random.choice(WORDS, 2)) if random.random() < 0.8 else None,
        "shelf": str(random.choice(["north", "south", "east"])),
        "price": float(random.integers(1, 9)),
        "quantity": float(random.integers(1, 5)),
        "cancellation": False,
        "town": str(random.choice(["Bath", "York", "Hull"])),
        "age": float(random.integers(20, 70)),
    }


def shop(seed: int) -> list[dict[str, Any]]:
    """Events of 40 users with three visits of three items each, some of them taken back or far too dear."""
    random = np.random.default_rng(seed)
    rows = []
    for user in range(40):
        days = int(random.integers(0, 45)) + np.cumsum([0, *random.integers(1, 6, 2)])
        for day in days:
            for item in random.choice(15, 3, replace=False):
                row = {
                    "user_id": f"u{user}",
                    "item_id": f"i{item:02}",
                    "timestamp": FIRST + datetime.timedelta(days=int(day), hours=int(random.integers(0, 6))),
                    **words(random),
                }
                rows.append(row | ({"price": 500.0} if random.random() < 0.05 else {}))
                if random.random() < 0.1:
                    later = row["timestamp"] + datetime.timedelta(days=int(random.integers(0, 30)))
                    rows.append(row | {"timestamp": later, "cancellation": True})
    return rows


def altered(
    rows: list[dict[str, Any]],
    which: list[bool],
    random: np.random.Generator,
    *,
    items: bool = True,
    gone: float = 0.0,
) -> list[dict[str, Any]]:
    """Change anything but user and time in some of the rows: words, prices, features of users.

    With ``items`` also what is bought, how much of it and whether it is taken back; a share ``gone`` is missing.
    """
    changed = []
    for row, change in zip(rows, which, strict=True):
        if not change:
            changed.append(row)
        elif random.random() >= gone:
            new = words(random) | {"title": str(random.choice(["unheard", "of", *WORDS]))}
            new |= {"price": float(10.0 ** random.integers(0, 6)), "quantity": float(10.0 ** random.integers(0, 4))}
            item = f"i{random.integers(0, 15):02}{random.choice(['', 'x'])}"
            what = {"item_id": item, "cancellation": bool(random.random() < 0.2)}
            changed.append(
                row | new | (what if items else {"cancellation": row["cancellation"], "quantity": row["quantity"]})
            )
    return changed


def raw(rows: list[dict[str, Any]], *, times: bool = True) -> RawLog:
    columns = {name: [row[name] for row in rows] for name in rows[0] if times or name != "timestamp"}
    types = {"title": pl.String, "age": pl.Float32}
    roles = ROLES if times else LogRoles(**{**_fields(ROLES), "has_times": False, "has_hours": False})
    return raw_log(columns, roles=roles, types=types)


def warm_users(rows: list[dict[str, Any]], settings: RunConfig, *, times: bool = True) -> set[str]:
    """Ids of the users that anything may be fitted on."""
    ingested = ingest_log(raw(rows, times=times), settings)
    seen = warm_rows(ingested.log, ingested.resolved.settings, settings.seed, ingested.resolved.cuts)
    users = np.unique(ingested.log.events["user"].to_numpy()[seen])
    return set(ingested.log.users["user_id"].gather(users).to_list())


def fitted(log: RawLog, settings: RunConfig) -> dict[str, bytes]:
    """Everything the evaluation fit stands on, as bytes by name; users and items by their ids."""
    ingested = ingest_log(log, settings)
    prepared = prepare(ingested, settings)
    clean, ground = ingested.log, prepared.ground
    training, warm = ground.training, ground.training.warm
    encoder, arrays = ground.items.state()
    rows = clean.events.filter(
        pl.Series(warm_rows(clean, ingested.resolved.settings, settings.seed, ingested.resolved.cuts))
    )
    found: dict[str, Any] = {
        "question": [prepared.question, prepared.max_shots, warm.now],
        "catalogue": clean.items["item_id"].gather(ground.catalogue).to_list(),
        "warm users": warm.users.rows(),
        "amounts within the fences": rows.select("price", "quantity").rows(),
        "item encoder": _without_users(encoder),
        "item encoder arrays": arrays,
        "user encoder": _without_users(ground.users.to_json()),
        "item features": training.item_features,
        "user features": training.user_features,
        "item vectors": item_vectors(training, 4, seed=0),
        "behaviour": warm.matrix(),
    }
    for name in ("popularity", "decayed_popularity", "late_popularity"):
        found[name] = load_component("recommender", name).fit(training).scores
    for posed in training.episodes:
        who = warm.users["user_id"].gather(posed.population).to_list()
        asked = [posed.targets, posed.outside_targets, posed.outside_support]
        shown = [posed.users.items, posed.users.times, posed.users.weights, posed.users.now, posed.users.ids]
        found[f"episodes {posed.shots_name}"] = [who, *asked, *shown, posed.users.features]
    return {name: _bytes(value) for name, value in found.items()}


def _without_users(state: dict[str, Any]) -> dict[str, Any]:
    """Without the digest of user numbers, which move when a new user goes."""
    return state | {"provenance": {**state["provenance"], "users_digest": None}}


def _bytes(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, list) and any(not isinstance(one, str | int | float | tuple | type(None)) for one in value):
        return b"|".join(_bytes(one) for one in value)
    if isinstance(value, dict) and any(isinstance(one, np.ndarray) for one in value.values()):
        return b"|".join(name.encode() + _bytes(value[name]) for name in sorted(value))
    if hasattr(value, "indptr"):
        return value.indptr.tobytes() + value.indices.tobytes() + value.data.tobytes()
    if hasattr(value, "__dataclass_fields__"):
        return b"|".join(_bytes(one) for one in _fields(value).values())
    return json.dumps(value, default=str).encode()


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
