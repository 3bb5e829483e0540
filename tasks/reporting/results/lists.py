"""Beyond accuracy: what the lists look like together."""

from tasks.evaluation.evaluation import MEAN
from tasks.method_names import HYBRID
from tasks.reporting.labels import figure_label
from tasks.reporting.results.wording import not_measured, number
from tasks.reporting.tables import Table, to_markdown
from tasks.results.figures import REFERENCE
from tasks.results.lookup import Lookup

METRICS = ("coverage", "average_popularity", "gini", "novelty")


def lists_table(lookup: Lookup) -> Table:
    """Coverage, popularity, inequality and novelty of the hybrid's, the references', popularity's, the generator's."""
    rows = []
    for place in lookup.places:
        bars = dict.fromkeys(lookup.references(place).values())
        for name in dict.fromkeys((HYBRID, REFERENCE, *bars, "popularity", "generator")):
            entries = [lookup.at(place, name, MEAN, metric) for metric in METRICS]
            if any(entries):
                values = (number(entry.value if entry else None) for entry in entries)
                rows.append((place.dataset, place.question, name, *values))
    heads = ("data set", "question", "method", *(figure_label(metric, 10) for metric in METRICS))
    return Table("Mean over s ≥ 1; `reference` takes the reference of each s", heads, tuple(rows), words=3)


def lists_section(lookup: Lookup) -> str:
    """The table, with how to read it."""
    table = lists_table(lookup)
    lines = [
        "## Beyond accuracy",
        "",
        "Coverage: share of the catalogue that is recommended to anybody. Average popularity: mean share of warm users",
        "that hold the recommended items. Gini: 0 where all items are recommended alike. Novelty: bits.",
        "",
        to_markdown(table) if table.rows else not_measured("figures of lists"),
    ]
    return "\n".join(lines)
