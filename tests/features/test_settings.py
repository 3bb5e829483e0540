import pytest

from tasks.config import load_component
from tasks.errors import ConfigError
from tasks.features import FeatureSettings, TextSettings


def test_the_file_writes_out_the_defaults():
    assert load_component("features", "standard") == FeatureSettings()


def test_a_sentence_encoder_is_chosen_by_its_folder():
    settings = load_component("features", "standard", {"text": {"model_path": "/models/tiny", "dimensions": None}})
    assert settings.text == TextSettings(model_path="/models/tiny", dimensions=None)


def test_a_typo_is_named():
    with pytest.raises(ConfigError, match=r"features\.text\.model_pat"):
        load_component("features", "standard", {"text": {"model_pat": "/models/tiny"}})
