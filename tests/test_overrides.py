import pytest

from tasks.config import load_config
from tasks.errors import ConfigError
from tasks.overrides import check_overrides


@pytest.mark.parametrize(
    "text",
    [
        "loss._target_=os.system",
        "+loss._target_=os.system",
        "++network._target_=tasks.config.os.system",
        "loss={_target_: os.system, command: id}",
        "+anything={deep: {deeper: [{_target_: os.system}]}}",
        "+loss._partial_=true",
        "model_name=${oc.env:HOME}",
        "dataset.path=${oc.env:HOME}/x.csv",
        "+anything={deep: ['${oc.env:SECRET}']}",
        "hydra.searchpath=[file:///tmp]",
        "loss@loss._target_=hinge",
        "+dataset@x._target_=ta_feng",
        "dataset=../../etc/passwd",
        "+experiment=/tmp/evil",
        "loss._args_=[id]",
        "+loss={deep: [{_partial_: true}]}",
        "loss._convert_=all",
        "+x@_global_=y",
        "model_name=${hydra:runtime.cwd}",
        "model_name=${now:%Y}",
        "model_name=\\${oc.env:HOME}",
        "+model_name='${oc.decode:1}'",
        "seed=1,${oc.env:HOME}",
        "hydra={searchpath: [file:///tmp]}",
        "+hydra={searchpath: [file:///tmp]}",
        "++hydra.searchpath=[file:///tmp]",
        "+hydra.callbacks.evil={_target_: os.system}",
        "hydra.launcher._target_=os.system",
        "+dataset/../../etc=passwd",
        "+tuned/ml_100k=../../../etc/passwd",
        "+tuned/ml_100k=[rest,../../../etc/passwd]",
        "+tuned/ml_100k=rest,../../../etc/passwd",
    ],
)
def test_overrides_never_name_code_or_read_the_environment(text: str) -> None:
    with pytest.raises(ConfigError, match="override"):
        check_overrides([text])


@pytest.mark.parametrize(
    "text",
    [
        "hydra.job.env_set={A: b}",
        "hydra.run.dir=/tmp",
        "hydra/launcher=joblib",
        "+hydra/callbacks=x",
        "hydra.verbose=true",
    ],
)
def test_how_hydra_runs_is_for_the_command_line_alone(text: str) -> None:
    with pytest.raises(ConfigError, match="Hydra's own settings belong on the command line"):
        check_overrides([text])
    assert check_overrides([text], command=True) == (text,)


@pytest.mark.parametrize("text", ["+plugins.x=1", "+defaults=[evil]", "dataset@seed=block_world"])
def test_what_no_setting_takes_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match="there is no such setting"):
        load_config(["dataset=block_world", text])


@pytest.mark.parametrize(
    "text", ["seed=1", "dataset=ml_100k", "seed=1,2,3", "baselines=[popularity]", "experiment=demo"]
)
def test_ordinary_overrides_pass(text: str) -> None:
    assert check_overrides([text]) == (text,)


def test_a_broken_override_says_what_was_expected() -> None:
    with pytest.raises(ConfigError, match="expected key=value"):
        check_overrides(["seed"])


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="experiment can be demo"):
        check_overrides(["experiment=nope"])
