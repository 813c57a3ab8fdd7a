"""Vectors of images: the built-in descriptor, and a real (tiny) CLIP model."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.clips.embeddings import (
    LAYOUT_MODEL,
    LayoutDescriptor,
    mean_vector,
    open_embedder,
)


def save(picture: np.ndarray, path: Path) -> Path:
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png")
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """A red-over-blue image, the same a little brighter, and a green one with stripes."""
    first = np.zeros((90, 160, 3), np.uint8)
    first[:45] = (200, 40, 40)
    first[45:] = (40, 40, 200)
    second = np.clip(first.astype(int) + 12, 0, 255).astype(np.uint8)
    third = np.full((90, 160, 3), (40, 160, 60), np.uint8)
    third[:, ::8] = (250, 250, 250)
    made = zip(("first", "second", "third"), (first, second, third), strict=True)
    return [save(picture, tmp_path / f"{name}.png") for name, picture in made]


@pytest.mark.parametrize("model", [None, LAYOUT_MODEL])
def test_the_descriptor_puts_like_with_like(model: str | None, images: list[Path]) -> None:
    embedder = open_embedder(model)
    assert embedder.model == LAYOUT_MODEL
    vectors = embedder.embed(images)
    assert vectors.shape == (3, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    first, second, third = vectors
    assert first @ second > 0.98
    assert first @ third < 0.7
    assert np.array_equal(embedder.embed(images), vectors)
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_a_flat_image_has_a_direction_too(tmp_path: Path) -> None:
    pictures = [np.full((9, 16, 3), level, np.uint8) for level in (0, 119, 255)]
    files = [save(each, tmp_path / f"{at}.png") for at, each in enumerate(pictures)]
    vectors = LayoutDescriptor().embed(files)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(mean_vector(vectors)) == pytest.approx(1, abs=1e-5)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    file = tmp_path / "still.jpg"
    file.write_text("words")
    with pytest.raises(HeatersError, match="is no image"):
        LayoutDescriptor().embed([file])


def test_a_sentence_transformers_model_is_loaded_from_its_folder(
    tiny_clip: Path, images: list[Path]
) -> None:
    embedder = open_embedder(str(tiny_clip))
    assert embedder.model == str(tiny_clip)
    assert embedder.dimensions == 24
    vectors = embedder.embed(images)
    assert vectors.shape == (3, 24)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert np.allclose(embedder.embed(images[1:2]), vectors[1], atol=1e-5)
    assert embedder.embed([]).shape == (0, 24)


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(HeatersError) as caught:
        open_embedder(str(tmp_path))
    sentence = str(caught.value)
    assert "can't be loaded" in sentence and "\n" not in sentence and sentence.endswith(".")
