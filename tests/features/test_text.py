import json

import numpy as np
import pytest

from tasks.errors import ConfigError
from tasks.features import TextSettings
from tasks.features.text import fit_text_encoder, text_encoder_from_state

ENGLISH = ["red wool scarf", "blue wool scarf", "garden shovel steel", "steel garden rake", None, ""]
CHINESE = ["紅色羊毛圍巾", "藍色羊毛圍巾", "花園鋼鏟子", "花園鋼耙子"]


def cosine(vectors: np.ndarray) -> np.ndarray:
    return vectors @ vectors.T


@pytest.mark.parametrize("texts", [ENGLISH[:4], CHINESE])
def test_like_texts_point_the_same_way(texts):
    likeness = cosine(fit_text_encoder(texts, TextSettings(dimensions=2)).transform(texts))
    assert likeness[0, 1] > 0.9
    assert likeness[2, 3] > 0.9
    assert abs(likeness[0, 2]) < 0.5


def test_chinese_is_read_by_characters_and_english_by_words():
    assert fit_text_encoder(CHINESE, TextSettings()).analyzer == "char_wb"
    assert fit_text_encoder(ENGLISH, TextSettings()).analyzer == "word"
    assert fit_text_encoder(ENGLISH, TextSettings(analyzer="char_wb")).analyzer == "char_wb"


def test_vectors_have_length_one_or_zero_where_there_is_no_text():
    encoder = fit_text_encoder(ENGLISH, TextSettings(dimensions=8))
    vectors = encoder.transform([*ENGLISH, "nothing known here"])
    assert vectors.shape == (7, 8)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 1, 0, 0, 0])


def test_the_fit_repeats_byte_for_byte():
    first, second = (fit_text_encoder(ENGLISH, TextSettings()).transform(ENGLISH) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("texts", [[], [None, ""], ["one", "two"]])
def test_texts_without_a_shared_term_give_zeros(texts):
    vectors = fit_text_encoder(texts, TextSettings(dimensions=3)).transform(["one", None])
    assert vectors.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_loaded_encoder_gives_the_same_vectors():
    encoder = fit_text_encoder(ENGLISH, TextSettings(dimensions=4))
    state, arrays = encoder.state()
    again = text_encoder_from_state(json.loads(json.dumps(state)), arrays)
    assert again.transform(ENGLISH).tobytes() == encoder.transform(ENGLISH).tobytes()


def test_settings_out_of_range_name_the_field():
    with pytest.raises(ValueError, match="dimensions"):
        TextSettings(dimensions=None)
    with pytest.raises(ValueError, match="min_documents"):
        TextSettings(min_documents=0)
    with pytest.raises(ValueError, match="analyzer"):
        TextSettings(analyzer="sentence")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"os\.system"):
        text_encoder_from_state({"kind": "os.system"}, {})


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        fit_text_encoder(ENGLISH, TextSettings(model_path=str(tmp_path / "absent")))


def test_a_missing_package_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("tasks.features.sentences.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[text\]'"):
        fit_text_encoder(ENGLISH, TextSettings(model_path=str(tmp_path)))
