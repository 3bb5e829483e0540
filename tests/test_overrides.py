import pytest

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
    ],
)
def test_overrides_never_name_code_or_read_the_environment(text: str) -> None:
    with pytest.raises(ConfigError, match="override"):
        check_overrides([text])


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
