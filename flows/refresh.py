"""Refresh: champion → new events → challenger → comparison → refit → promotion, or a refusal with the reason.

python -m flows.refresh model=models:/coldcart-ta_feng@champion
python -m flows.refresh model=models:/coldcart-ta_feng@champion rollback=true
python -m flows.refresh --help       # all settings
"""

import logging
from functools import partial
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from prefect import flow
from prefect.runtime import flow_run

from flows.arguments import start
from flows.artifacts import publish_mlflow, publish_refresh
from flows.orchestration import prefect_server
from flows.outcomes import show_refresh
from flows.progress import progress
from flows.steps import step
from flows.terminal import configure_terminal, one_error
from flows.train import obtain
from flows.watch import after_crash, watched
from tasks.config import load_settings
from tasks.errors import LockedError
from tasks.overrides import CONF_DIR
from tasks.refresh.outcome import Outcome
from tasks.refresh.settings import RefreshSettings
from tasks.refresh.turn import turn
from tasks.runs import CodeState, Home, Run, code_state, open_run
from tasks.stages.dead_runs import fail_tracked, write_configuration
from tasks.tracking import TrackedRun, run_tags, start_run
from tasks.tracking.promotion import roll_back, run_of
from tasks.tracking.store import connect

logger = logging.getLogger("flows.refresh")  # the module may be called __main__


def run_name() -> str:
    """A name a person can read, from the parameters of the flow run."""
    return "refresh " + " ".join(str(override) for override in flow_run.parameters.get("overrides") or [])


@flow(name="refresh", flow_run_name=run_name, on_crashed=[after_crash])
def refresh(overrides: list[str]) -> dict[str, Any]:
    """Bring new events into a registered model, and promote what is not worse.

    Args:
        overrides: Settings, for example model=models:/coldcart-ta_feng@champion; see conf/refresh.yaml.

    Returns:
        How it ended, as ``tasks.refresh.outcome.Outcome`` has it.
    """
    return refresh_with(load_settings(RefreshSettings, "refresh", overrides))


def refresh_with(settings: RefreshSettings) -> dict[str, Any]:
    """Roll back, or take the turn of this model and refresh it; one that finds the turn taken steps aside."""
    home = Home.current()
    if settings.rollback:
        ended = step("roll back", rolled_back, settings, home)
    else:
        try:
            with watched(home), turn(home, settings.name, settings.wait):
                ended = _refresh(settings, home)
        except LockedError as error:
            ended = Outcome("busy", str(error), settings.model)
    publish_refresh(ended)
    logger.info("%s: %s", ended.status, ended.reason)
    return ended.to_json()


def rolled_back(settings: RefreshSettings, home: Home) -> Outcome:
    """Move the alias back to the version before.

    It waits for nobody: a refresh at work sees in the end that the champion is another one, and does not promote.
    """
    moved = roll_back(settings.name, settings.alias, connect(settings.tracking, home))
    reason = f"{settings.model} is version {moved.after} again, instead of {moved.before}"
    return Outcome("rolled back", reason, settings.model, version=moved.after, before=moved.before)


def _refresh(settings: RefreshSettings, home: Home) -> Outcome:
    # Torch, Lightning and scikit-learn take seconds to import; --help and a typo should not wait for them.
    from tasks.refresh.champion import read_champion
    from tasks.refresh.further import further
    from tasks.refresh.ground import collect_events, judges_of
    from tasks.refresh.stages import Work, decided_before, too_few

    champion = step("read champion", read_champion, settings, home)
    logger.info("%s is version %d, of run %s", settings.model, champion.version, champion.run_id)
    raw, problem = obtain(champion.config)
    if raw is None:
        raise problem or AssertionError
    more = step("read events", further, settings, champion, raw.roles, home)
    collected = step("collect", collect_events, raw, more, champion, settings)
    if collected.period.events == 0:
        reason = f"no event is newer than what version {champion.version} has seen"
        return Outcome("nothing new", reason, settings.model, version=champion.version)
    logger.info("new: %s", collected.period.described())
    judges = None if collected.period.cut is None else step("find judges", judges_of, collected, champion)
    if judges is None:
        reason = "no user is new since the champion, so nobody can compare: the champion stays, and the events wait"
        return Outcome("too few users", reason, settings.model, champion.version, new=collected.period.described())
    work = Work(settings, champion, collected, judges, home)
    few = too_few(work)
    if few is not None:
        return work.outcome("too few users", few)
    code = code_state()
    key = work.key(code.version)
    before = decided_before(home, key)
    if before is not None:
        return work.outcome(
            before.status if before.status == "refused" else "refused",
            f"these events were tried before ({before.status}, {before.run_folder}): {before.reason}. Newer events or "
            "other settings try again",
            verdict=before.verdict, run_folder=before.run_folder, mlflow_run_id=before.mlflow_run_id,
        )  # fmt: skip
    name = f"refresh-{champion.name}-from-{champion.version}"
    with (
        open_run(home, key, name=name, on_stale=partial(fail_tracked, home)) as run,
        _track(work, home, run, code) as tracked,
    ):
        publish_mlflow(tracked, home, "The comparison, the challenger or the promoted model")
        return _stages(work, run, tracked)


def _track(work: Any, home: Home, run: Run, code: CodeState) -> TrackedRun:
    champion, settings = work.champion, work.settings
    config = champion.config
    tags = run_tags(
        stage="refresh",
        names=config.names,
        config=config.plain,
        question=champion.model.header.question,
        code=code,
        data_digest=work.collected.digest,
        run_key=run.state.key,
        run_id=run.id,
    )
    tracked = start_run(
        settings.tracking,
        home,
        name=f"refresh of version {champion.version}",
        experiment=settings.tracking.experiment_name(config.names["dataset"]),
        tags=tags | work.lineage(),
        run_id=run.mlflow_run_id,
    )
    run.set_mlflow_run(tracked.id)
    asked = (
        "cut",
        "minimum_users",
        "margin",
        "replay",
        "epochs",
        "minutes",
        "events",
        "items",
        "store",
        "listed_items",
    )
    tracked.log_parameters({"refresh": {name: getattr(settings, name) for name in asked}})
    tracked.log_parameters({key: value for key, value in config.plain.items() if key != "recommenders"})
    tracked.log_file(write_configuration(run.folder, config))
    tracked.watch_machine()
    return tracked


def _stages(work: Any, run: Run, tracked: TrackedRun) -> Outcome:
    from tasks.refresh.stages import challenger_stage, compare_stage, promote_stage, refit_stage, refuse_stage

    with progress("challenger", "training the challenger") as shown:
        epochs = step("challenger", challenger_stage, work, run, tracked, shown=shown)
    verdict = step("compare", compare_stage, work, run, tracked)
    logger.info(verdict.reason())
    if not verdict.not_worse:
        return step("refuse", refuse_stage, work, run, tracked, verdict)
    with progress("refit", "training on everything") as shown:
        step("refit", refit_stage, work, run, epochs, shown)
    return step("promote", promote_stage, work, run, tracked, verdict)


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="refresh")
@one_error
def main(_: object) -> None:
    """One refresh from the command line."""
    configure_terminal()
    overrides = list(HydraConfig.get().overrides.task)
    # What can be wrong with settings and the registry is said before a server starts.
    settings = load_settings(RefreshSettings, "refresh", overrides)
    run_of(settings.name, settings.alias, connect(settings.tracking, Home.current()))
    with prefect_server(meanwhile=_import_ahead):
        show_refresh(Outcome(**refresh(overrides)))


def _import_ahead() -> None:
    """What the stages need takes seconds to import: done while the server starts."""
    import tasks.refresh.stages  # noqa: F401


if __name__ == "__main__":
    start(main)
