import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from flows.arguments import PATHS, quote_paths

PARSER = OverridesParser.create()


def read(argument: str) -> object:
    return PARSER.parse_override(argument).value()


@pytest.mark.parametrize("key", sorted(PATHS))
def test_names_of_files_are_typed_as_they_are(key: str) -> None:
    for name in (
        "a b.csv",
        "a=b.csv",
        "a,b.csv",
        "a (1).csv",
        "é.csv",
        "it's",
        'a"b',
        "~/x",
        "C:\\x\\",
        "12e45",
        "true",
    ):
        (quoted,) = quote_paths([f"{key}={name}"])
        assert read(quoted) == name


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
def test_any_name_survives(name: str) -> None:
    if name[0] in "'\"" or name == "null":
        return
    assert read(*quote_paths([f"events={name}"])) == name


def test_what_is_meant_for_hydra_stays() -> None:
    given = [
        "users=null",
        "events='a b.csv'",
        'model="x"',
        "events=",
        "seed=1",
        "--cfg",
        "job",
        "baselines=[a,b]",
        "k=3",
    ]
    assert quote_paths(given) == given
    assert quote_paths(["-m", "dataset.path=a.csv,b.csv"]) == ["-m", "dataset.path=a.csv,b.csv"]
    assert quote_paths(["+dataset.path=a=b"]) == ["+dataset.path='a=b'"]
