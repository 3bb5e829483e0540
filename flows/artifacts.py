"""What a run's page shows beside its log: a table of figures, a report in words, and the way to its MLflow run."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from flows.display import lists_in_words
from flows.orchestration import prefect_pages
from flows.ui.state import open_pages
from tasks.config import RunConfig
from tasks.refresh.outcome import COLUMNS, Outcome, as_markdown, table_rows
from tasks.runs import Home
from tasks.tracking import TrackedRun

if TYPE_CHECKING:
    from tasks.stages.fit import Fitted
    from tasks.stages.report import Measured

logger = logging.getLogger(__name__)


def mlflow_link(tracked: TrackedRun, home: Home, file: str | None = None) -> str | None:
    """Address of a run, or of one of its files, in MLflow; None without tracking or a known server of its pages."""
    pages = open_pages(home)
    return tracked.link(pages.mlflow if pages else None, file)


def flow_run_link(home: Home) -> str | None:
    """Address of this flow run in Prefect; None outside one, or where no server shows it."""
    from prefect.runtime import flow_run

    pages = prefect_pages(home)
    return f"{pages.rstrip('/')}/runs/flow-run/{flow_run.id}" if pages and flow_run.id else None


def publish_mlflow(tracked: TrackedRun, home: Home, holds: str = "Curves, figures, files, the model") -> None:
    """The way to the MLflow run, as soon as there is one, and back: it grows while the run goes on.

    Args:
        tracked: The MLflow run.
        home: Where state lives.
        holds: What is to be found there.
    """
    from prefect.runtime import flow_run

    if tracked.id is None:
        return
    if flow_run.id:
        tracked.set_tags({"prefect.flow_run_id": str(flow_run.id)})
    link, text = mlflow_link(tracked, home), f"MLflow run {tracked.id}"
    if link is not None:
        logger.info("MLflow run: %s", link)
        _publish("link", key="mlflow-run", link=link, link_text=text, description=holds)
    else:
        _publish("markdown", key="mlflow-run", markdown=f"{text}\n\n`make ui` starts MLflow's pages.")


def publish_accuracy(config: RunConfig, fitted: "Fitted", measured: "Measured", question: str) -> None:
    """HR@10 and NDCG@10 of validation users by number of shots, the baselines first."""
    from tasks.reporting.tables import shots_table
    from tasks.stages.report import headline

    table = shots_table(measured.half_b.cells, question, methods=headline(config, fitted))
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    _publish("table", key="accuracy", table=rows, description=f"{table.title}; validation users, half B")


def publish_configuration(plain: Mapping[str, Any]) -> None:
    """The whole configuration, as it was composed."""
    text = yaml.safe_dump(dict(plain), sort_keys=False, allow_unicode=True)
    markdown = f"```yaml\n{text}```\n"
    _publish("markdown", key="configuration", markdown=markdown, description="Every setting, as it was composed")


def publish_trials(summary: Mapping[str, Any]) -> None:
    """The trials of a sweep, the best first."""
    shown, objective = summary["table"], summary["objective_name"]
    # The whole name of the figure would leave no room for what varies.
    columns = ["objective" if column == objective else column for column in shown["columns"]]
    rows = [dict(zip(columns, row, strict=True)) for row in shown["rows"]]
    _publish("table", key="trials", table=rows, description=f"{shown['title']}, the best first, by {objective}")


def publish_refresh(outcome: Outcome) -> None:
    """How a refresh ended and why, with the comparison behind it."""
    _publish("markdown", key="refresh", markdown=as_markdown(outcome), description=f"{outcome.model}: {outcome.status}")
    verdict = outcome.compared
    if verdict is not None:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in table_rows(verdict)]
        _publish("table", key="comparison", table=rows, description=f"NDCG@10 of users new to both; {outcome.reason}")


def publish_failure(why: str) -> None:
    """Why a stage failed, and what to do, in one line; the log holds the traceback."""
    _publish("markdown", key="failure", markdown=f"**Failed.** {why}", description="What went wrong, and what to do")


def publish_lists(recommended: Mapping[str, Any]) -> None:
    """How many lists a batch of recommendations wrote, on what evidence, and where they are."""
    lines = [f"- **{label}**: {value}" for label, value in lists_in_words(recommended).items()]
    _publish("markdown", key="lists", markdown="\n".join(lines), description=f"Written to {recommended['output']}")


def publish_results(page: Path) -> None:
    """The page of a benchmark; its figures lie beside the file, where Prefect's page cannot see them."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith("![")]
    text = "\n".join([*lines, "", f"With figures: `{page}`", ""])
    _publish("markdown", key="results", markdown=text, description="Every method, measured")


def publish_report(summary: Mapping[str, Any], link: str | None, whole: str | None) -> None:
    """What ran, on what, what came out, and where to go on.

    Args:
        summary: As in summary.json.
        link: Address of the MLflow run, where it has one.
        whole: Address of the whole report, where a page shows it.
    """
    text = report_of(summary, link, whole)
    _publish("markdown", key="report", markdown=text, description="What ran and what came out")


def report_of(summary: Mapping[str, Any], link: str | None, whole: str | None) -> str:
    """The report of a run in Markdown; see ``publish_report``."""
    from tasks.reporting.labels import question_label

    counts, choices = summary["counts"], summary["choices"]
    groups = ("dataset", "network", "loss", "augmentation", "recommender", "trainer")
    lines = [f"# {summary['run_id']}", ""]
    if link is not None:
        lines += [f"- [MLflow run]({link})"]
        lines += [f"- [The full report, with figures]({whole})"] if whole is not None else []
        lines += [""]
    lines += [
        f"{', '.join(f'{group} {choices[group]}' for group in groups)}.",
        "",
        f"What is asked: {question_label(summary['question'])}.",
        "",
        f"{counts['rows_out']:,} of {counts['rows_in']:,} rows, {counts['users']:,} users, {counts['items']:,} items. "
        f"Split {counts['split']}: {counts['warm_users']:,} warm, {counts['validation_users']:,} validation and "
        f"{counts['test_users']:,} test users.",
        "",
    ]
    if counts["split_changed_because"]:
        lines += [f"**Not split as asked:** {counts['split_changed_because']}.", ""]
    lines += _narrow_tables(summary["table"])
    if summary["objective"] is not None:
        lines += [f"Chosen by `{summary['objective_name']}` = {summary['objective']:.4f} (half A).", ""]
    lines += ["## Where to go on", "", f"- Run folder `{summary['run_folder']}`"]
    if summary["registered"]:
        lines += [f"- Registered as `{summary['registered']}`"]
    lines += [f"- `python -m flows.recommend model={summary['run_folder']} events=<file> output=lists.parquet`", ""]
    return "\n".join(lines)


def _narrow_tables(shown: Mapping[str, Any]) -> list[str]:
    """A table per figure, in Markdown: Prefect's page has half its width for them, and prints over the rest."""
    from tasks.method_names import VIRTUAL
    from tasks.reporting.tables import Table, to_markdown

    figures, users = [row for row in shown["rows"] if row[1]], [row for row in shown["rows"] if not row[1]]
    tables = []
    for figure in dict.fromkeys(row[0] for row in figures):
        # Lines break at spaces only.
        rows = [
            (method.replace(VIRTUAL, " + virtual"), *(number.removeprefix("0") for number in numbers))
            for name, method, *numbers in figures
            if name == figure
        ]
        rows += [(name, *counts) for name, _, *counts in users]
        columns = (figure, *(column.replace(" = ", "=") for column in shown["columns"][2:]))
        tables.append(to_markdown(Table(f"{figure}, {shown['title']}", columns, tuple(rows))))
    return tables


def _publish(kind: str, **content: Any) -> None:
    """Put an artifact on this run's page; outside a flow run it does nothing."""
    from prefect import artifacts
    from prefect.runtime import flow_run

    if not flow_run.id:
        return
    create: Callable[..., Any] = getattr(artifacts, f"create_{kind}_artifact")
    try:
        create(**content)
    except Exception as error:
        # The same stands in the run folder and in MLflow: no reason to end a run.
        logger.warning("The run's page could not be given its %s: %s", content["key"], error)
