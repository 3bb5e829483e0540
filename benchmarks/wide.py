"""The service over a million items: how long a list takes, and how much the candidates miss.

    python -m benchmarks.wide                          # 1,000,000 synthetic items in clusters, the whole hybrid
    python -m benchmarks.wide --items 100000           # fewer
    python -m benchmarks.wide --model <run folder>     # a model that is there; a catalogue of any size

Synthetic items lie in clusters of a thousand: a user takes items of three of them, popular ones more often. All of
the hybrid is fitted on that: popularity of several half-lives, filters by users, items and walks, alternating least
squares, attention, and a generator with 128 dimensions per item, trained for a few steps; every score weighs the same.
Vectors of items that the generator begins with are drawn around a centre per cluster, half of their variance within.
Two events per item, as here, would tell a factorisation next to nothing of 128 dimensions; `--factorised` takes what
it makes of them all the same. New users have three events. Lists of 20 of the service's ranker are compared with those
of the same hybrid that scores every item; then the service itself is asked, one request at a time, on one core.
`--keep` names a folder that the synthetic model is kept in.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.load import HEADER, Load
from benchmarks.serving import asked, cores, free_ports, ours, server

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tasks.domain import Posed, Training
    from tasks.model_format import Model

DIMENSIONS, K = 128, 20
RECALL, P99_MILLISECONDS = 0.98, 8.0
VISITS, BASKET, INTERESTS = 2, 10, 3
CLUSTER = 1000
DAY = 86_400_000_000
SEED = 0


def behaviour(users: int, items: int, clusters: int, seed: int) -> "NDArray[np.int32]":
    """Distinct items of each user, int32 (U, VISITS · BASKET), of a few clusters each."""
    import numpy as np

    random = np.random.default_rng(seed)
    size = items // clusters
    own = random.integers(0, clusters, (users, INTERESTS))
    length = VISITS * BASKET
    # More than are needed: what was drawn twice is dropped.
    place = np.minimum(random.exponential(size / 6, (users, 3 * length)).astype(np.int64), size - 1)
    cluster = own[np.arange(users)[:, None], random.integers(0, INTERESTS, place.shape)]
    drawn = cluster * size + place
    rank = np.argsort(drawn, axis=1, kind="stable")
    ordered = np.take_along_axis(drawn, rank, axis=1)
    again = np.zeros_like(drawn, dtype=np.bool_)
    np.put_along_axis(again, rank[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    chosen = np.argsort(again, axis=1, kind="stable")[:, :length]
    return np.take_along_axis(drawn, chosen, axis=1).astype(np.int32)


def training_of(users: int, items: int, clusters: int) -> "Training":
    """Warm users, and episodes of some of them."""
    import numpy as np
    import polars as pl

    from tasks.domain import Histories, ItemFeatures, Ragged, Training, UserFeatures, Warm

    length = VISITS * BASKET
    chosen = behaviour(users, items, clusters, SEED)
    random = np.random.default_rng(SEED + 1)
    visits = np.tile(np.arange(VISITS, dtype=np.int32).repeat(BASKET), users)
    first = (random.integers(0, 90, users) * DAY).repeat(length)
    histories = Histories(
        users=np.arange(users, dtype=np.int32),
        rows=Ragged.from_lengths(np.full(users, length)),
        items=chosen.ravel(),
        times=first + visits.astype(np.int64) * 3 * DAY + np.tile(np.arange(length), users),
        visits=visits,
        weights=np.ones(users * length, dtype=np.float32),
        is_target=np.ones(users * length, dtype=np.bool_),
        repeat_rows=Ragged.from_lengths(np.zeros(users, dtype=np.int64)),
        repeat_items=np.zeros(0, dtype=np.int32),
    )
    frame = pl.DataFrame({"user_id": [f"u{number}" for number in range(users)]})
    warm = Warm(histories, items, frame, np.ones(users, dtype=np.bool_), now=100 * DAY)
    episodes = tuple(_episode(histories, items, shots) for shots in (1, 3))
    return Training(warm, UserFeatures.none(users), ItemFeatures.none(items), episodes)


def _episode(histories: Any, items: int, shots: int, most: int = 2000) -> "Posed":
    """What the first users did in their first visit, and then."""
    import numpy as np
    from scipy.sparse import csr_array

    from tasks.domain import NewUsers, Posed, Ragged, UserFeatures

    length = VISITS * BASKET
    users = min(most, histories.rows.rows)
    items_of = histories.items[: users * length].reshape(users, length)
    times = histories.times[: users * length].reshape(users, length)
    supports = NewUsers(
        rows=Ragged.from_lengths(np.full(users, shots)),
        items=items_of[:, :shots].ravel(),
        times=times[:, :shots].ravel(),
        weights=np.ones(users * shots, dtype=np.float32),
        features=UserFeatures.none(users),
        now=times[:, 0],
        ids=np.arange(users, dtype=np.uint64),
    )
    targets = items_of[:, BASKET:]
    matrix = csr_array(
        (np.ones(targets.size, dtype=np.float32), (np.arange(users).repeat(targets.shape[1]), targets.ravel())),
        shape=(users, items),
    )
    nothing = np.zeros(users, dtype=np.int64)
    return Posed("next_visits", shots, np.arange(users), supports, matrix, nothing, nothing)


def network_of(factorised: bool) -> Any:
    """The generator's settings; of vectors that lie in clusters unless they are to be factorised."""
    from dataclasses import replace

    import numpy as np

    from lightning_modules.networks.conditional import Conditional

    class Clustered(Conditional):
        def build(self, catalogue: Any) -> Any:
            random = np.random.default_rng(SEED + 2)
            vectors = random.standard_normal((catalogue.n_items, DIMENSIONS), dtype=np.float32)
            centres = random.standard_normal((catalogue.n_items // CLUSTER + 1, DIMENSIONS), dtype=np.float32)
            vectors += centres[np.arange(catalogue.n_items) // CLUSTER]
            return super().build(replace(catalogue, item_vectors=vectors))

    return (Conditional if factorised else Clustered)(item_dimensions=DIMENSIONS)


def built(users: int, items: int, folder: Path, factorised: bool) -> "Model":
    """The whole hybrid of a synthetic shop, as it is shipped."""
    from dataclasses import replace

    import numpy as np
    import polars as pl

    from lightning_modules.networks.conditional import Conditional
    from lightning_modules.trainer_settings import TrainerSettings
    from tasks.augmentation.complete_profiles import CompleteProfiles
    from tasks.augmentation.shared_draws import SharedDraws
    from tasks.config import load_component
    from tasks.domain import LogRoles
    from tasks.features import FeatureSettings, UserEncoder
    from tasks.hybrid.gate import Gate
    from tasks.hybrid.hybrid import Hybrid
    from tasks.hybrid.scores import VirtualPart, scores_of
    from tasks.hybrid.settings import HybridSettings
    from tasks.method_names import BLEND
    from tasks.model_format import ComponentChoice, EventKinds, Header, ItemVocabulary, Model, TimeReader
    from tasks.training.clock import Clock
    from tasks.training.train import train

    training = training_of(users, items, max(items // CLUSTER, 1))
    settings = HybridSettings(filters=("user_knn_cosine", "item_knn_cosine", "rp3beta", "ials"))
    fitted: dict[str, Any] = {}
    for name in ("popularity", "late_popularity", *(f"{one}{BLEND}" for one in settings.filters)):
        began = time.perf_counter()
        fitted[name] = load_component("recommender", name).fit(training)
        print(f"  {name:<24}{time.perf_counter() - began:8.1f} s", flush=True)
    began = time.perf_counter()
    generator = train(
        training,
        network=network_of(factorised),
        loss=load_component("loss", "relativistic"),
        trainer=TrainerSettings(max_epochs=1, min_steps=40, tripwire_users=8, accelerator="cpu"),
        name="conditional",
        seed=SEED,
        clock=Clock(has_hours=False, time_zone="UTC"),
        folder=folder / "training",
    ).generator
    generator = replace(generator, network=Conditional(item_dimensions=DIMENSIONS))  # as it can be loaded
    print(f"  {'generator':<24}{time.perf_counter() - began:8.1f} s", flush=True)
    shared, way = SharedDraws(generator), CompleteProfiles()
    virtual = VirtualPart(shared, lambda asked: way.complete(shared, asked, SEED), SEED)
    sources = scores_of(settings, training, fitted, virtual)
    ones = np.ones(len(sources))
    components = {
        "recommender": ComponentChoice("user_knn_cosine", {}),
        "augmentation": ComponentChoice("complete_profiles", {}),
    }
    return Model(
        header=Header(
            coldcart="0", created="2026-01-01T00:00:00Z", question="next_visits", dataset="wide", seed=SEED,
            fit="refit", newest=99 * DAY, digest="wide", components=components,
        ),
        items=ItemVocabulary(pl.Series([f"item{row}" for row in range(items)])),
        encoder=UserEncoder.fit(training.warm.users, LogRoles(has_times=True), FeatureSettings()),
        times=TimeReader(has_times=True, has_hours=False),
        kinds=EventKinds({}, usual=1.0),
        recommender=fitted[f"user_knn_cosine{BLEND}"].base,
        popularity=fitted["popularity"],
        augmentation=way,
        generator=generator,
        hybrid=Hybrid(items, sources, Gate(tuple(one.name for one in sources), ones, ones)),
    )  # fmt: skip


def compared(model: "Model", users: list[tuple[str, list[str]]]) -> tuple[float, float]:
    """Mean share of the exact list that the candidates hold, and of lists that are the same."""
    import numpy as np

    from tasks.hybrid.wide.settings import WideSettings
    from tasks.serving.profile import Profile, ProfileEvent
    from tasks.serving.served_model import ServedModel

    served = ServedModel(model, "wide", WideSettings(from_items=1))
    if served.wide is None:
        sys.exit("the model ranks every item for every user: there is nothing to compare")
    recalls, same, milliseconds = [], [], {"among candidates": [], "every item": []}
    for user, items in users:
        one = served.encode(Profile(user, tuple(ProfileEvent(item) for item in items))).users
        lists = {}
        for name, ranker in (("among candidates", served.wide), ("every item", model.hybrid)):
            began = time.process_time()
            lists[name] = ranker.top_k(one, K, seed=model.header.seed).ids[0]
            milliseconds[name].append(1e3 * (time.process_time() - began))
        found, exact = lists.values()
        recalls.append(len(np.intersect1d(found, exact)) / K)
        same.append(bool((found == exact).all()))
    for name, taken in milliseconds.items():
        print(f"ranking {name:<20}{np.median(taken[5:]):9.2f} ms of a core, p99 {np.percentile(taken[5:], 99):9.2f} ms")
    return float(np.mean(recalls)), float(np.mean(same))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=100_000, help="warm users of the synthetic shop")
    parser.add_argument("--new", type=int, default=200, help="new users whose lists are compared")
    parser.add_argument("--seconds", type=float, default=20.0, help="of requests to the service")
    parser.add_argument("--model", type=Path, help="a run folder, in place of a synthetic shop")
    parser.add_argument("--factorised", action="store_true", help="vectors of the items as few events make them")
    parser.add_argument("--keep", type=Path, help="folder of the synthetic model; one that is there is used again")
    arguments = parser.parse_args()
    own, other = cores()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "2")
    from tasks.stages.ship import load_model

    with tempfile.TemporaryDirectory() as scratch, ExitStack() as servers:
        folder = arguments.model or arguments.keep or Path(scratch) / "wide"
        if not folder.exists():
            print(f"{platform.machine()}, {os.cpu_count()} cores; fitting {arguments.items:,} items:")
            built(arguments.users, arguments.items, Path(scratch), arguments.factorised).save(folder / "model")
        model = load_model(folder / "model")
        print(f"{len(model.items):,} items, {len(model.hybrid.sources) if model.hybrid else 0} scores")
        os.sched_setaffinity(0, {own})
        users = asked(folder / "model", arguments.new + 50_000)
        recall, same = compared(model, users[: arguments.new])
        del model
        port = free_ports(1)[0]
        command = ["flows.serve", f"model={folder}", f"port={port}", f"state.url=sqlite:///{scratch}/state.db"]
        more = ["limits.requests_per_second=0", "candidates.from_items=1"]
        log = Path(scratch) / "service.log"
        process = servers.enter_context(server([*command, *more], other, port, "/readyz", log))
        single = Load(port, 1, process)
        fresh = [ours(*one) for one in users[arguments.new :]]
        single.one_after_another(fresh[:50], 2)
        taken = single.one_after_another(fresh[50:], arguments.seconds)
    print(HEADER)
    print(taken.row("service, one request at a time"))
    print()
    print(f"recall@{K} of the candidates   {recall:8.4f}     (to hold: at least {RECALL:g})")
    print(f"lists that are the same      {100 * same:8.1f} %")
    print(f"p99 of the service           {taken.milliseconds(99):8.2f} ms  (to hold: at most {P99_MILLISECONDS:g})")


if __name__ == "__main__":
    main()
