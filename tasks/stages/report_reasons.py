"""Whether the explanations of a run hold, and what they look like for some new users."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tasks.augmentation.generator import ProfileGenerator
from tasks.config import RunConfig
from tasks.domain import NO_ITEM, NewUsers
from tasks.evaluation.evaluation import MEAN
from tasks.explanation import Explained, ExplainedHybrid, ExplainedRecommender, claims_of, faithfulness
from tasks.explanation.curves import DELETION, FIRST, INSERTION, RANDOM
from tasks.explanation.explained import AttentionPart
from tasks.explanation.verdict import verdict
from tasks.hybrid.fit import FittedHybrid
from tasks.recommenders import FittedRecommender
from tasks.recommenders.collaborative import Profiles
from tasks.reporting.labels import explanation_label, scorer_label
from tasks.reporting.report.reasons import AttentionMap, Reasons, SimilarUsers
from tasks.stages.fit import Fitted, completion
from tasks.stages.prepare import Prepared
from tasks.stages.report_examples import choose

USERS = 80
"""Users per number of shots whose recommendations are held against the scores: half a minute on Ta-Feng."""
MAPS, RECOMMENDED, VIRTUAL_ITEMS, NEIGHBOURS = 3, 5, 5, 10
"""Users drawn; and of each, recommended items, virtual items and training users at most."""
_LONGEST = 12
"""Known items of a user who is drawn, at most."""


def reasons_of(
    config: RunConfig,
    prepared: Prepared,
    fitted: Fitted,
    augmented: FittedRecommender,
    hybrid: FittedHybrid | None,
    generator: ProfileGenerator,
    titles: Sequence[str],
) -> Reasons | None:
    """Hold explanations of what half B is recommended first against the scores, and draw some.

    Args:
        config: The run's configuration.
        prepared: Half B.
        fitted: Recommenders on real behaviour.
        augmented: The recommender on real + virtual rows.
        hybrid: Ranks in its place where there is one.
        generator: The evaluation fit's generator.
        titles: I titles of the catalogue.

    Returns:
        What came out; None where no new user has two known items, or no explanation says anything.

    """
    explained = explained_by(config, fitted, augmented, hybrid, generator)
    numbered = [one for one in prepared.half_b if one.shots is not None and one.shots >= 2]
    held = faithfulness(
        claims_of(explained),
        numbered,
        explained.top_k,
        explained.n_items,
        top=1,
        most_users=USERS,
        seed=config.seed,
    )
    if held.curves.is_empty():
        return None
    part, maps = explained.attention, []
    if part is not None:
        for one, rows in zip(numbered, choose(numbered, MAPS), strict=True):
            maps += [
                map_of(explained, part, one.users.select(rows[place : place + 1]), titles)
                for place in range(len(rows))
                if one.users.shots[rows[place]] <= _LONGEST
            ]
    return Reasons(held.curves, held.differences, findings_of(held.differences), tuple(maps))


def explained_by(
    config: RunConfig,
    fitted: Fitted,
    augmented: FittedRecommender,
    hybrid: FittedHybrid | None,
    generator: ProfileGenerator,
) -> Explained:
    """What a run recommends with: its hybrid, else its recommender on completed profiles."""
    if hybrid is not None:
        return ExplainedHybrid(hybrid.whole, config.seed)
    popularity = fitted.baselines[fitted.popularity]
    return ExplainedRecommender(augmented, popularity, completion(config, generator), generator, config.seed)


def findings_of(differences: pl.DataFrame) -> tuple[str, ...]:
    """One sentence per explanation and score, over all numbers of known events."""
    rows = differences.filter((pl.col("shots") == MEAN) & (pl.col("against") == RANDOM))
    sentences = []
    for own in rows.partition_by("explanation", "scorer", maintain_order=True):
        by_curve = {row["curve"]: row for row in own.iter_rows(named=True)}
        first = by_curve[FIRST]
        about = f"{explanation_label(first['explanation'])} against {scorer_label(first['scorer'])}"
        figures = "; ".join(
            f"{name} {row['value']:+.3f} ({row['ci_low']:+.3f} to {row['ci_high']:+.3f})"
            for name, row in (
                ("first item", first),
                ("deletion", by_curve[DELETION]),
                ("insertion", by_curve[INSERTION]),
            )
        )
        said = verdict([by_curve[curve] for curve in (DELETION, INSERTION)])
        sentences.append(f"{about} {said} ({figures}).")
    return tuple(sentences)


def map_of(explained: Explained, part: AttentionPart, user: NewUsers, titles: Sequence[str]) -> AttentionMap:
    """Attention for one user."""
    completed = part.completed(user)
    attention = part.fitted.attention(completed)
    # In the order of the support, then virtual items by attention.
    weights = dict(zip(attention.items.indices.tolist(), attention.items.data.tolist(), strict=True))
    real = [int(item) for item in user.items]
    made_up = sorted(set(weights) - set(real), key=lambda item: (-weights[item], item))[:VIRTUAL_ITEMS]
    shown = np.array([*real, *made_up], dtype=np.int64)
    recommended = explained.top_k(user, min(RECOMMENDED, len(titles))).ids[0]
    recommended = recommended[recommended != NO_ITEM]
    says = part.fitted.similar_shares[attention.items.indices][:, recommended].toarray() * attention.items.data[:, None]
    total = says.sum(axis=0)
    with np.errstate(invalid="ignore"):
        shares = np.where(total > 0, says / total, np.nan)
    place = np.searchsorted(attention.items.indices, shown)
    return AttentionMap(
        items=tuple(titles[item] for item in shown),
        is_virtual=np.arange(len(shown)) >= len(real),
        recommended=tuple(titles[item] for item in recommended),
        attention=attention.items.data[place] / max(float(attention.items.data.sum()), np.finfo(np.float32).tiny),
        speaks=shares[place],
        neighbours=_similar(part, completed),
    )


def _similar(part: AttentionPart, completed: NewUsers) -> SimilarUsers:
    fitted = part.fitted
    looks = fitted.neighbour_looks.of(completed, Profiles.of(completed, fitted.n_items))
    attention = fitted.attention(completed).neighbours.data
    best = np.argsort(-attention, kind="stable")[:NEIGHBOURS]
    similarity = np.exp(looks.features[best, 0].astype(np.float64))
    virtual = similarity * looks.virtual[best]
    return SimilarUsers(similarity - virtual, virtual, attention[best])
