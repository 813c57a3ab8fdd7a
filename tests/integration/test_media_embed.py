"""Vectors of images by the built-in descriptor, and what stands in the way of a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.clips.embeddings import (
    LayoutDescriptor,
    ModelMissing,
    Pixels,
    decode_image,
    mean_vector,
    obstacle,
    open_embedder,
    read_image,
)
from tests.vectors import pictures


@pytest.fixture
def images() -> list[Pixels]:
    """A red-over-blue image, the same a little brighter, and a green one with stripes."""
    first = np.zeros((90, 160, 3), np.uint8)
    first[:45] = (200, 40, 40)
    first[45:] = (40, 40, 200)
    second = np.clip(first.astype(int) + 12, 0, 255).astype(np.uint8)
    third = np.full((90, 160, 3), (40, 160, 60), np.uint8)
    third[:, ::8] = (250, 250, 250)
    return [first, second, third]


def test_the_descriptor_puts_like_with_like(images: list[Pixels]) -> None:
    embedder = open_embedder(LAYOUT_MODEL)
    assert embedder.model == LAYOUT_MODEL
    vectors = embedder.encode_images(images)
    assert vectors.shape == (3, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    first, second, third = vectors
    assert first @ second > 0.98
    assert first @ third < 0.7
    assert np.array_equal(embedder.encode_images(images), vectors)
    assert embedder.encode_images([]).shape == (0, embedder.dimensions)
    with pytest.raises(InputError, match="knows no words"):
        embedder.encode_text(["red over blue"])


def test_a_flat_image_has_a_direction_too() -> None:
    flat = [np.full((9, 16, 3), level, np.uint8) for level in (0, 119, 255)]
    vectors = LayoutDescriptor().encode_images(flat)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(mean_vector(vectors)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("number", [25, pytest.param(100, marks=pytest.mark.whole)])
def test_a_picture_encoded_again_small_finds_itself_first(number: int) -> None:
    """Of so many scenes; a third of the size, at a low quality."""
    import cv2

    scenes = list(pictures(number, (320, 180)))
    again = []
    for scene in scenes:
        small = cv2.resize(scene, (106, 60), interpolation=cv2.INTER_AREA)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 25]
        again.append(decode_image(cv2.imencode(".jpg", small[:, :, ::-1], quality)[1].tobytes()))
    descriptor = LayoutDescriptor()
    nearness = descriptor.encode_images(again) @ descriptor.encode_images(scenes).T
    assert (nearness.argmax(axis=1) == np.arange(number)).all()


def test_an_image_is_read_and_what_is_none_is_named(tmp_path: Path, images: list[Pixels]) -> None:
    import cv2

    file = tmp_path / "still.png"
    cv2.imwrite(str(file), images[0][:, :, ::-1])
    assert np.array_equal(read_image(file), images[0])
    file.write_text("words")
    with pytest.raises(HeatersError, match=r"still.png is no image .* make it again"):
        read_image(file)
    for data in (b"", b"words"):
        with pytest.raises(InputError, match="choose a JPEG"):
            decode_image(data)


def test_nothing_takes_the_place_of_a_model_that_can_not_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ModelMissing, match="yet: there is no folder /no/such/model"):
        open_embedder("/no/such/model")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ModelMissing) as caught:
        open_embedder("clip-ViT-B-32")
    assert str(caught.value) == (
        "No vector by clip-ViT-B-32 yet: install the extra models, as in "
        "pip install 'heaters[models]'."
    )
    assert obstacle(LAYOUT_MODEL) is None
