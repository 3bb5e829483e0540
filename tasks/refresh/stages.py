"""The stages of a refresh: each is done once, however often its run is killed and started again."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.errors import LeakageError
from tasks.refresh.champion import EVENTS, ITEMS, SUMMARY, Champion
from tasks.refresh.comparison import compared, users_with_targets
from tasks.refresh.fit import Watching, fit_and_ship
from tasks.refresh.ground import Collected, Judges, ground_until
from tasks.refresh.outcome import Outcome, as_markdown
from tasks.refresh.settings import RefreshSettings
from tasks.refresh.verdict import MEAN, Verdict
from tasks.runs import Home, Run, RunStatus
from tasks.runs.key import digest_of, relevant
from tasks.runs.state import all_states
from tasks.splitting.temporal import moment
from tasks.stages.ship import load_model
from tasks.tracking import TrackedRun
from tasks.tracking.packaging import MODEL_FOLDER
from tasks.tracking.promotion import promote
from tasks.tracking.store import connect

if TYPE_CHECKING:
    from lightning_modules.progress import Shown

logger = logging.getLogger(__name__)

CHALLENGER, COMPARE, REFIT, DECIDED = "challenger", "compare", "refit", "decided"
"""Names of stages in the run's state."""


@dataclass(frozen=True, slots=True)
class Work:
    """What all stages of a refresh share.

    Attributes:
        settings: What was asked for.
        champion: What stands.
        collected: All events.
        judges: Users whom neither model sees.
        home: Where state lives.

    """

    settings: RefreshSettings
    champion: Champion
    collected: Collected
    judges: Judges
    home: Home

    def key(self, code_version: str) -> str:
        """Two refreshes of one key would end alike: the same champion, events, settings and code."""
        settings = self.settings
        decides = ("cut", "minimum_users", "margin", "replay", "epochs", "minutes", "resamples", "listed_items")
        return digest_of(
            {
                "refresh": {name: getattr(settings, name) for name in decides},
                "champion": [self.champion.name, self.champion.version, settings.alias, self.champion.run_id],
                "configuration": relevant(self.champion.config.plain),
                "data": self.collected.digest,
                "newest": self.collected.period.newest,
                "code": code_version,
            }
        )

    def outcome(self, status: Any, reason: str, **more: Any) -> Outcome:
        """How it ended, with what is known of any end."""
        period = self.collected.period
        told = {"version": self.champion.version, "new": period.described(), "parent_run_id": self.champion.run_id}
        cut = None if period.cut is None else moment(period.cut)
        return Outcome(status, reason, self.settings.model, **{"cut": cut, **told, **more})

    def lineage(self) -> dict[str, str]:
        """Where a refresh comes from, as tags."""
        period = self.collected.period
        return {
            "refresh.model": self.settings.model,
            "refresh.parent_run_id": self.champion.run_id,
            "refresh.parent_version": str(self.champion.version),
            "refresh.watermark_before": moment(period.watermark),
            "refresh.watermark_after": moment(period.newest),
            "refresh.cut": "" if period.cut is None else moment(period.cut),
        }


def too_few(work: Work) -> str | None:
    """Why nothing can be decided yet; None where enough users can judge."""
    least = work.settings.minimum_users
    if work.collected.period.users:
        asked = users_with_targets(work.judges.asked(work.collected, work.champion.model))
    else:
        asked = 0
    if asked >= least:
        return None
    return (
        f"{asked} users first seen since T took something afterwards, minimum_users={least} are needed to compare: the "
        "champion stays, and the events wait for the next refresh (or name an earlier cut)"
    )


def decided_before(home: Home, key: str) -> Outcome | None:
    """How the same refresh ended before; None where it did not."""
    for state in all_states(home.runs):
        if state.key == key and state.status is RunStatus.FINISHED and DECIDED in state.stages:
            return Outcome(**state.stages[DECIDED])
    return None


def challenger_stage(work: Work, run: Run, tracked: TrackedRun, shown: "Shown | None" = None) -> int:
    """Fit the challenger on events before T; returns the epochs its generator was trained for."""
    done = run.stage_done(CHALLENGER)
    if done is None:
        epochs = _fit(work, run, CHALLENGER, work.judges.cut, work.settings.epochs, _watching(tracked, shown))
        done = {"epochs": epochs}
        run.mark_done(CHALLENGER, done)
    return int(done["epochs"])


def compare_stage(work: Work, run: Run, tracked: TrackedRun) -> Verdict:
    """Challenger and champion before users whom neither has seen."""
    done = run.stage_done(COMPARE)
    if done is not None:
        return Verdict.from_json(dict(done))
    challenger, champion = load_model(_challenger(run)), work.champion.model
    newest = challenger.header.newest
    if newest is None or newest >= work.judges.cut:
        raise LeakageError(
            f"the challenger saw an event of {newest} µs, T is {work.judges.cut} µs: a defect, report it"
        )
    found = compared(
        (champion, work.judges.asked(work.collected, champion)),
        (challenger, work.judges.asked(work.collected, challenger)),
        margin=work.settings.margin,
        resamples=work.settings.resamples,
    )
    gain = found.gain
    tracked.log_metrics(
        {"refresh/gain": gain.value, "refresh/gain_low": gain.low, "refresh/gain_high": gain.high}
        | {"refresh/users": found.users, "refresh/new_events": work.collected.period.events}
        | {f"refresh/{name}/ndcg_at_10/{_place(row.shots)}": getattr(row, name)
           for row in found.rows for name in ("champion", "challenger")}
    )  # fmt: skip
    run.mark_done(COMPARE, found.to_json())
    return found


def refuse_stage(work: Work, run: Run, tracked: TrackedRun, found: Verdict) -> Outcome:
    """Keep the challenger with its run, and say why the champion stays."""
    ended = work.outcome("refused", found.reason(), verdict=found.to_json(), **_where(run, tracked))
    tracked.log_model(_challenger(run))
    _leave(work, run, tracked, ended)
    run.mark_done(DECIDED, ended.to_json())
    return ended


def refit_stage(work: Work, run: Run, epochs: int, shown: "Shown | None" = None) -> None:
    """The same settings on everything there is: what is promoted."""
    if run.stage_done(REFIT) is None:
        _fit(work, run, REFIT, None, max(1, epochs), Watching(shown=shown))
        run.mark_done(REFIT)


def promote_stage(work: Work, run: Run, tracked: TrackedRun, found: Verdict) -> Outcome:
    """Hand everything to MLflow, register, and let the alias name the new version: one step, and the last."""
    reason = found.reason()
    tracked.log_model(run.folder / MODEL_FOLDER)
    _leave(work, run, tracked, work.outcome("promoted", reason, verdict=found.to_json(), **_where(run, tracked)))
    store = connect(work.settings.tracking, work.home)
    moved = promote(tracked, work.champion.name, work.settings.alias, work.champion.version, store)
    ended = work.outcome(
        "promoted",
        reason,
        verdict=found.to_json(),
        **_where(run, tracked) | {"version": moved.after, "before": moved.before},
    )
    run.mark_done(DECIDED, ended.to_json())
    return ended


def _fit(work: Work, run: Run, stage: str, until: int | None, epochs: int, watching: Watching) -> int:
    ground = ground_until(work.collected, work.champion, until, work.judges.max_shots)
    return fit_and_ship(
        _challenger(run) if stage == CHALLENGER else run.folder / MODEL_FOLDER,
        run.stage_folder(stage),
        work.collected,
        ground,
        work.champion,
        work.settings,
        "evaluation" if stage == CHALLENGER else "refit",
        epochs,
        watching,
    )


def _challenger(run: Run) -> Path:
    """The challenger's model; MLflow finds a model by the name of its folder."""
    return run.folder / CHALLENGER / MODEL_FOLDER


def _watching(tracked: TrackedRun, shown: "Shown | None") -> Watching:
    epoch_logger = tracked.epoch_logger()
    return Watching([epoch_logger] if epoch_logger is not None else [], shown)


def _where(run: Run, tracked: TrackedRun) -> dict[str, Any]:
    return {"run_folder": str(run.folder), "mlflow_run_id": tracked.id}


def _leave(work: Work, run: Run, tracked: TrackedRun, ended: Outcome) -> None:
    """What the next refresh and people need, in the run's folder and in MLflow."""
    champion, further = work.champion, work.collected.further
    summary = {
        "run_id": run.id,
        "run_folder": str(run.folder),
        "mlflow_run_id": tracked.id,
        "question": champion.model.header.question,
        "popularity_at_zero_shots": champion.popularity,
        "refresh": ended.to_json(),
        "configuration": dict(champion.config.plain),
        "choices": dict(champion.config.names),
    }
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    (run.folder / SUMMARY).write_text(text, encoding="utf-8")
    for name, frame in ((EVENTS, further.events), (ITEMS, further.items)):
        if frame is not None and frame.height:
            path = run.folder / name
            path.parent.mkdir(exist_ok=True)
            frame.write_parquet(path)
            tracked.log_file(path, str(Path(name).parent))
    tracked.log_text(as_markdown(ended), "refresh.md")
    note = {"mlflow.note.content": as_markdown(ended)[:4500]}
    tracked.set_tags({"refresh.decision": ended.status, "refresh.reason": ended.reason, **note})
    tracked.log_text(text, SUMMARY)


def _place(shots: str) -> str:
    return shots if shots == MEAN else f"shots_{shots}"
