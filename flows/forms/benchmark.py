"""The form of a benchmark."""

from typing import Annotated, Any, Literal

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.benchmark import benchmark_with
from flows.forms.fields import Dataset, chosen
from flows.steps import composing
from flows.watch import after_crash
from tasks.benchmark.methods import OWN, known_names
from tasks.benchmark.settings import BenchmarkSettings
from tasks.config import load_settings
from tasks.runs.home import Home

Datasets: Any = Annotated[list[Dataset], Field(min_length=1)]
# Own lists need a file, which is an override: with one they are measured whatever else is.
Method: Any = Literal[tuple(name for name in known_names() if name != OWN)]
Trials = Annotated[int, Field(ge=1, le=1000)]
Seeds = Annotated[int, Field(ge=1, le=100)]
Budget = Annotated[str, Field(pattern=r"^(\d+(\.\d+)?\s*[hms])?$")]


def run_name() -> str:
    """What is measured on what."""
    said: dict[str, Any] = flow_run.parameters
    methods = ", ".join(said["methods"]) or "all methods"
    rest = [f"{said['trials']} trials, {said['seeds']} seeds", said["evaluate"], *said["overrides"]]
    return " · ".join([f"benchmark {methods} on {', '.join(said['datasets'])}", *rest])


@flow(name="benchmark", flow_run_name=run_name, on_crashed=[after_crash])
def benchmark(
    datasets: Datasets = ["ml_100k"],  # noqa: B006 - only read
    methods: list[Method] = [],  # noqa: B006
    trials: Trials = 3,
    seeds: Seeds = 1,
    evaluate: Literal["validation", "test"] = "validation",
    budget: Budget = "",
    output: str = "",
    overrides: list[str] = [],  # noqa: B006
) -> dict[str, Any]:
    """Tune, fit and measure methods on users who are truly new; a benchmark that was stopped goes on.

    Args:
        datasets: Data sets, one or several.
        methods: Methods to compare, popularity for example; without any, all of them, which takes hours.
        trials: Settings that are tried for each method; the first is the default.
        seeds: Seeds 0 … N−1 of each method.
        evaluate: Whom the figures are about; every look at test users is written down.
        budget: Nothing new is begun after this time, such as 8h or 90m; empty: no limit.
        output: Folder of the results on the worker's machine; empty: benchmark/ in COLDCART_HOME.
        overrides: Any other setting of conf/benchmark.yaml, one key=value each.

    Returns:
        How many cells were computed and kept, what failed or is missing, and where the page is.
    """
    fields = {"datasets": list(datasets), "methods": list(methods), "trials": trials, "seeds": seeds}
    fields |= {"evaluate": evaluate, "budget": budget, "output": output or str(Home.current().root / "benchmark")}
    with composing():
        settings = load_settings(BenchmarkSettings, "benchmark", chosen(fields, overrides))
    return benchmark_with(settings)
