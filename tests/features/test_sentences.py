import json
import socket

import numpy as np
import pytest

from tasks.errors import ConfigError
from tasks.features import TextSettings
from tasks.features.text import fit_text_encoder, text_encoder_from_state

pytest.importorskip("sentence_transformers")
WORDS = ["[UNK]", "red", "blue", "scarf", "shovel"]
TEXTS = ["red scarf", "blue scarf", None, "shovel"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sentence encoder whose vector is the mean of its words' unit vectors."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({word: row for row, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    path = tmp_path_factory.mktemp("encoder")
    SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=np.eye(len(WORDS), dtype=np.float32))], device="cpu"
    ).save(str(path), create_model_card=False)
    return path


def test_vectors_are_those_of_the_model_and_no_network_is_asked(folder, monkeypatch):
    def refuse(*arguments, **named):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    vectors = fit_text_encoder(TEXTS, TextSettings(dimensions=None, model_path=str(folder))).transform(TEXTS)
    half = 0.5**0.5
    assert vectors == pytest.approx(
        np.array([[0, half, 0, half, 0], [0, 0, half, half, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]), abs=1e-6
    )


def test_fewer_dimensions_keep_what_is_alike_together(folder):
    encoder = fit_text_encoder(TEXTS, TextSettings(dimensions=2, model_path=str(folder)))
    vectors = encoder.transform(TEXTS)
    assert vectors.shape == (4, 2)
    assert vectors[0] @ vectors[1] > 0.9
    assert abs(vectors[0] @ vectors[3]) < 0.1
    state, arrays = encoder.state()
    again = text_encoder_from_state(json.loads(json.dumps(state)), arrays)
    assert again.transform(TEXTS).tobytes() == vectors.tobytes()


def test_a_folder_without_a_model_is_named(tmp_path):
    (tmp_path / "modules.json").write_text("{")
    with pytest.raises(ConfigError, match=r"features\.text\.model_path"):
        fit_text_encoder(TEXTS, TextSettings(model_path=str(tmp_path)))
