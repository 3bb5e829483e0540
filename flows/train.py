"""Train: ingest → split → train → augment → evaluate → refit → report.

python -m flows.train dataset=online_retail network=conditional loss=hinge seed=1
python -m flows.train --cfg job        # print the resolved configuration, train nothing
python -m flows.train -m seed=0,1,2    # one run after another
"""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.arguments import start
from flows.artifacts import flow_run_link, mlflow_link, publish_accuracy, publish_mlflow, publish_report
from flows.display import show_configuration, show_summary
from flows.multirun import current_jobs, several_jobs
from flows.orchestration import prefect_server
from flows.progress import progress
from flows.steps import saying_why, step
from flows.terminal import configure_terminal, one_error
from flows.watch import after_crash, watched
from tasks.config import RunConfig, load_config
from tasks.errors import ColdcartError
from tasks.ingestion.download import DownloadError
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.raw import RawLog, check_source
from tasks.overrides import CONF_DIR
from tasks.runs import CodeState, Home, Run, code_state, open_run, run_key
from tasks.stages.dead_runs import fail_tracked, write_configuration
from tasks.sweeps.child import Child
from tasks.sweeps.labels import run_label
from tasks.tracking import TrackedRun, run_tags, start_run
from tasks.training.epoch_reports import EpochReport

logger = logging.getLogger(__name__)


def run_name() -> str:
    """A name a person can read, from the parameters of the flow run."""
    overrides = flow_run.parameters.get("overrides") or []
    return "train " + (" ".join(str(override) for override in overrides) or "with defaults")


@flow(name="train", flow_run_name=run_name, on_crashed=[after_crash])
def train(overrides: list[str] = []) -> dict[str, Any]:  # noqa: B006 - only read; a union would spoil the form
    """Train a generator of virtual behaviour and measure what it does for new users.

    Args:
        overrides: Choices and settings, for example dataset=ml_100k or trainer.max_epochs=5.

    Returns:
        The run's summary, as in summary.json.
    """
    return train_with(load_config(overrides))


def train_with(config: RunConfig, child: Child | None = None) -> dict[str, Any]:
    """Open the run of this configuration, data and code (or go on with it), and take it through its stages.

    Args:
        config: The run's configuration.
        child: Whose trial it is; None for a run of its own.
    """
    if config.tuned:
        logger.info("settings from conf/tuned: %s", ", ".join(config.tuned))
    raw, problem = obtain(config)
    home, code = Home.current(), code_state()
    key = run_key(config.plain, [file.sha256 for file in raw.files] if raw else [], code.version)
    name = "-".join([*(config.names[group] for group in ("dataset", "network", "loss")), f"seed{config.seed}"])
    with (
        watched(home),
        open_run(home, key, name=name, resume=config.resume, on_stale=partial(fail_tracked, home)) as run,
        _track(config, home, run, code, raw, child) as tracked,
    ):
        if child is not None:
            child.mark(run)
        publish_mlflow(tracked, home)
        if raw is None:
            raise problem or AssertionError
        summary = _stages(config, raw, run, tracked, code, child.on_epoch if child else None)
        if child is not None:
            tracked.log_metrics(child.figure(summary))
        link = mlflow_link(tracked, home)
        report = mlflow_link(tracked, home, Path(summary["report"]).name)
        publish_report(summary, link, report)
        return {**summary, "links": {"MLflow": link, "report": report, "Prefect": flow_run_link(home)}}


def obtain(config: RunConfig) -> tuple[RawLog | None, ColdcartError | None]:
    """The log, or why it cannot be had: a run that has no data is a failed run all the same."""

    @task(
        name="obtain",
        task_run_name=f"obtain {config.names['dataset']}",
        retries=2,
        retry_delay_seconds=[5, 20],
        retry_condition_fn=lambda _task, _run, state: isinstance(state.data, DownloadError),
        cache_policy=NO_CACHE,
    )
    @saying_why
    def download() -> RawLog:
        raw: RawLog = config.dataset.load(cache_folder())
        return raw

    try:
        return download(), None
    except ColdcartError as error:
        return None, error


def _track(
    config: RunConfig, home: Home, run: Run, code: CodeState, raw: RawLog | None, child: Child | None
) -> TrackedRun:
    """The MLflow run: a new one, or the one that an interrupted run left."""
    question = config.question or config.dataset.questions[0]
    tags = run_tags(
        stage="train",
        names=config.names,
        config=config.plain,
        question=question,
        code=code,
        data_digest="" if raw is None else ",".join(file.sha256 for file in raw.files),
        run_key=run.state.key,
        run_id=run.id,
    )
    # The question may turn out to be another one once the log is read; a failed ingestion is a run all the same.
    experiment = config.tracking.experiment_name(config.names["dataset"])
    if child is None:
        name, parent = run_label(config, run.number), None
    else:
        name, parent, experiment, tags = child.name, child.parent_run_id, child.experiment, tags | child.all_tags
    tracked = start_run(
        config.tracking,
        home,
        name=name,
        experiment=experiment,
        tags=tags,
        run_id=run.mlflow_run_id,
        parent_run_id=parent,
    )
    run.set_mlflow_run(tracked.id)
    # What is fitted by name stands in config.yaml: as parameters it would hide the others.
    tracked.log_parameters({key: value for key, value in config.plain.items() if key != "recommenders"})
    tracked.log_file(write_configuration(run.folder, config))
    tracked.watch_machine()
    return tracked


def _stages(
    config: RunConfig, raw: RawLog, run: Run, tracked: TrackedRun, code: CodeState, on_epoch: EpochReport | None
) -> dict[str, Any]:
    # Torch, Lightning and scikit-learn take seconds to import; --help and a typo should not wait for them.
    from tasks.stages.evaluation_fit import augment_stage, evaluate_stage, train_stage
    from tasks.stages.ingest import ingest_log
    from tasks.stages.logged_data import logged_data
    from tasks.stages.prepare import prepare
    from tasks.stages.refit import refit_stage
    from tasks.stages.report import report_stage

    ingested = step("ingest", ingest_log, raw, config)
    tracked.set_tags({"question": ingested.question})
    tracked.log_json(ingested.quality.to_dict(), "data_quality.json")
    tracked.log_text(ingested.quality.to_markdown(), "data_quality.md")
    prepared = step("split", prepare, ingested, config)
    tracked.set_tags({"split": prepared.split.name, "split_asked": config.names["split"]})
    tracked.log_datasets(logged_data(ingested, prepared))
    with progress("training", "training") as shown:
        trained = step("train", train_stage, config, ingested, prepared, run, tracked, on_epoch=on_epoch, shown=shown)
    fitted, generator, history = trained.fitted, trained.result.generator, trained.result.history
    augmented = step("augment", augment_stage, config, prepared, trained, run)
    measured = step("evaluate", evaluate_stage, config, prepared, trained, augmented, run, tracked, code)
    publish_accuracy(config, fitted, measured, prepared.question)
    with progress("refit", "training on everything") as shown:
        step("refit", refit_stage, config, ingested, prepared, fitted, augmented, generator, trained.epochs, run, shown)
    made = (fitted, augmented, generator)
    return step("report", report_stage, config, ingested, prepared, *made, history, measured, run, tracked)


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="config")
@one_error
def run(_: object) -> float | None:
    """One run from the command line; returns the figure that sweeps maximise."""
    configure_terminal()
    overrides = list(HydraConfig.get().overrides.task)
    jobs = current_jobs()
    if jobs is not None:
        return jobs.run(HydraConfig.get().job.num, overrides, train_with)
    config = load_config(overrides)
    check_source(config.dataset)
    show_configuration(config)
    with prefect_server(meanwhile=_import_ahead):
        summary = train(overrides)
    show_summary(summary, Home.current())
    objective = summary["objective"]
    return None if objective is None else float(objective)


def main() -> None:
    """What is typed: one run, or with -m several under one parent."""
    with several_jobs(sys.argv[1:]):
        run()


def _import_ahead() -> None:
    """What the first stages need takes seconds to import: done while the server starts."""
    import tasks.stages.evaluation_fit
    import tasks.stages.report  # noqa: F401


if __name__ == "__main__":
    start(main)
