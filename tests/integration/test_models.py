"""Models of sentence-transformers, with a tiny CLIP; nothing else imports torch, which takes its
time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import embeddings
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.vector_search import nearest
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.clips.embeddings import (
    ModelMissing,
    SentenceTransformerEmbedder,
    open_embedder,
)
from heaters_pipeline.orchestration.ended_runs import give_up
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.sensors import missing_vectors
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.vectors import fill_vectors
from tests.jobs import run_job, tick
from tests.vectors import in_library, pictures

pytestmark = pytest.mark.long


def test_a_model_has_pictures_and_words_in_one_space(tiny_clip: Path) -> None:
    model = open_embedder(str(tiny_clip))
    assert (model.model, model.dimensions, model.reads_words) == (str(tiny_clip), 24, True)
    shown = list(pictures(40))
    vectors = model.encode_images(shown)
    words = model.encode_text(["a red car", "a red car", "a blue boat " * 60])
    for found, number in ((vectors, 40), (words, 3)):
        assert found.shape == (number, 24)
        assert found.dtype == np.float32
        assert np.linalg.norm(found, axis=1) == pytest.approx([1] * number, abs=1e-5)
    assert np.allclose(words[0], words[1], atol=1e-5)
    assert not np.allclose(words[0], words[2], atol=1e-2)
    assert np.allclose(model.encode_images(shown[35:36]), vectors[35], atol=1e-5), "in any batch"
    assert model.encode_images([]).shape == model.encode_text([]).shape == (0, 24)


def test_one_thread_reads_words_and_all_see_pictures(
    tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    model = open_embedder(str(tiny_clip))
    assert isinstance(model, SentenceTransformerEmbedder)
    threads: list[int] = []
    encode = model._transformer.encode

    def noted(*given: Any, **options: Any) -> Any:
        threads.append(torch.get_num_threads())
        return encode(*given, **options)

    monkeypatch.setattr(model._transformer, "encode", noted)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        model.encode_text(["a red car"])
        model.encode_images(pictures(1))
    finally:
        torch.set_num_threads(before)
    assert threads == [1, 3]


def test_siglip_reads_words_as_it_was_trained_to(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"<pad>": 0, "<unk>": 1, "a": 2, "red": 3, "car": 4}, "<unk>")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=16,
        model_input_names=["input_ids"],
    )
    layer = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    layer |= {"num_attention_heads": 2}
    config = transformers.SiglipConfig(
        text_config={**layer, "vocab_size": 5, "max_position_embeddings": 16},
        vision_config={**layer, "image_size": 32, "patch_size": 16},
    )
    original = transformers.SiglipModel(config).eval()
    original.save_pretrained(tmp_path)
    images = transformers.SiglipImageProcessor(size={"height": 32, "width": 32})
    transformers.SiglipProcessor(images, tokenizer).save_pretrained(tmp_path)

    model = open_embedder(str(tmp_path))
    (vector,) = model.encode_text(["a red car"])
    given = tokenizer(["a red car"], padding="max_length", return_tensors="pt")
    with torch.no_grad():
        wanted = original.get_text_features(input_ids=given["input_ids"])
    wanted = getattr(wanted, "pooler_output", wanted)[0].numpy()
    assert vector == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-5)
    assert model.encode_images(pictures(2)).shape == (2, model.dimensions)


def test_a_model_that_can_not_be_loaded_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelMissing, match=r"^No vector by .* yet: it can't be loaded") as caught:
        open_embedder(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_after_a_change_of_model_a_run_fills_in_and_both_live_side_by_side(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    tiny_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = open_pipeline(pipeline, get_settings())
    _, clips = in_library(work, tmp_path)
    assert tick(missing_vectors, instance) == []
    model, broken = str(tiny_clip), tmp_path / "broken"
    broken.mkdir()

    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", str(broken))
    get_settings.cache_clear()
    assert len(tick(missing_vectors, instance)) == 1
    result = run_job(instance, "vectors", None)
    assert result.success
    assert tick(missing_vectors, instance) == [], "a model that could not be loaded rests"

    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", model)
    monkeypatch.setenv("HEATERS_EMBEDDING_STRATEGY", "frames")
    get_settings.cache_clear()
    assert len(tick(missing_vectors, instance)) == 1
    assert run_job(instance, "vectors", None).success
    assert tick(missing_vectors, instance) == []
    words = open_embedder(model).encode_text(["red"])[0].tolist()
    with transaction(pipeline) as session:
        assert embeddings.models(session) == sorted([LAYOUT_MODEL, model])
        for name in (LAYOUT_MODEL, model):
            near = embeddings.similar(session, clips[0], 10, name)
            assert {clip.id for clip, _ in near} == set(clips[1:])
        hits = nearest(session, words, model=model, strategy="frames", limit=10)
        assert {hit.clip_id for hit in hits} == set(clips)
        for hit in hits:
            frames = session.get_one(Clip, hit.clip_id).frames
            assert hit.frame in range(frames.start, frames.end)

    monkeypatch.setenv("HEATERS_EMBEDDING_STRATEGY", "single")
    get_settings.cache_clear()
    filled = fill_vectors(open_pipeline(pipeline, get_settings()))
    assert (sorted(filled.made), filled.failed, filled.missing) == (clips, [], None)


def test_after_a_run_that_died_the_model_rests(
    pipeline: Engine, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_library(open_pipeline(pipeline, get_settings()), tmp_path)
    monkeypatch.setenv("HEATERS_EMBEDDING_STRATEGY", "single")
    get_settings.cache_clear()
    assert len(tick(missing_vectors, instance)) == 1
    database = Database()
    database._engine = pipeline
    give_up(database, dg.DagsterRun(job_name="vectors"), "The run died.")
    assert tick(missing_vectors, instance) == []
