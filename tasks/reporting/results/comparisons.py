"""Placebos and ablations: is it the generator, and which part of it?"""

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.reporting.results.wording import ABSENT, gain, not_measured, number, p_value
from tasks.reporting.tables import Table, to_markdown
from tasks.results.claims import ABLATIONS, GAIN, GAIN_OVER_FILL, GAIN_OVER_HYBRID, LOSS_ABLATION
from tasks.results.goals import LEVEL, PLACEBOS
from tasks.results.lookup import Lookup


def placebo_table(lookup: Lookup) -> Table:
    """CF over profiles that the generator filled against the same filled by placebos."""
    rows = []
    for place in lookup.places:
        for name in place.of_role("placebo"):
            entry, over = lookup.at(place, name, MEAN), lookup.at(place, name, MEAN, GAIN_OVER_FILL)
            if entry is None:
                continue
            verdict = ABSENT
            if over is not None and entry.p_holm is not None:
                verdict = "no" if entry.p_holm > LEVEL else ("yes" if over.value > 0 else "no: worse")
            rows.append(
                (
                    place.dataset,
                    place.question,
                    name,
                    number(entry.value),
                    gain(over),
                    p_value(entry.p_value if over else None),
                    p_value(entry.p_holm if over else None),
                    verdict,
                )
            )
    heads = ("data set", "question", "placebo", "NDCG@10", "gain of the generator over it", "p", "p (Holm)", "better")
    return Table("Mean over s ≥ 1", heads, tuple(rows), words=3)


def ablation_table(lookup: Lookup) -> Table:
    """The hybrid without one of its parts."""
    rows = []
    for place in lookup.places:
        whole = lookup.at(place, HYBRID, MEAN)
        if whole and place.of_role("ablation"):
            reference = gain(lookup.at(place, HYBRID, MEAN, GAIN))
            rows.append((place.dataset, place.question, HYBRID, number(whole.value), ABSENT, reference))
        for name in place.of_role("ablation"):
            if entry := lookup.at(place, name, MEAN):
                against = [gain(lookup.at(place, name, MEAN, metric)) for metric in (GAIN_OVER_HYBRID, GAIN)]
                rows.append((place.dataset, place.question, name, number(entry.value), against[0], against[1]))
    heads = ("data set", "question", "method", "NDCG@10", "against `hybrid`", "against the reference")
    return Table("Mean over s ≥ 1; against `hybrid` over the seeds that both have", heads, tuple(rows), words=3)


def comparisons_section(lookup: Lookup) -> str:
    """Both tables, with what was not run."""
    run = {name for place in lookup.places for name in place.roles}
    lines = [
        "## Placebo fills",
        "",
        "Profiles are filled with something else than the generator's virtual behaviour, everything else is the same.",
        "A claim for the GAN stands only where collaborative filtering over its profiles beats each of these. One test",
        "per data set and question on the users' means over s ≥ 1; Holm's correction goes over each placebo's tests.",
        "",
    ]
    placebos, ablations = placebo_table(lookup), ablation_table(lookup)
    if placebos.rows:
        lines.append(to_markdown(placebos))
    if missing := [name for name in PLACEBOS if name not in run]:
        lines.append(not_measured("placebo fills", missing))
    lines += ["## Ablations", ""]
    if ablations.rows:
        lines.append(to_markdown(ablations))
    missing = [name for name in ABLATIONS if name not in run]
    if not any(name.startswith(LOSS_ABLATION) for name in run):
        missing.append(f"{LOSS_ABLATION}…")
    if missing:
        lines.append(not_measured("ablations", missing))
    return "\n".join(lines)
