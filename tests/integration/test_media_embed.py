"""Vectors of images by the built-in descriptor, and what stands in the way of a model."""

from __future__ import annotations

from pathlib import Path

import av
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
from tests.footage import make_plain_film, remake
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


def test_a_shot_encoded_again_small_finds_itself_first(tmp_path: Path) -> None:
    """100 of 100: each shot is a few frames of a film, and that film was made a third as large, at
    a low quality and with other colours."""
    each = 3
    frames = [shot for shot in pictures(100, (320, 180)) for _ in range(each)]
    film = make_plain_film(tmp_path / "film.mov", frames, "rgb24", "png", (1, 1, 0))
    look = "scale=106:60,eq=brightness=0.03,format=yuv420p"
    again = remake(film, tmp_path / "again.mp4", vf=look, crf=38)
    descriptor = LayoutDescriptor()
    first, second = (descriptor.encode_images(middles(path, each)) for path in (film, again))
    assert (second @ first.T).argmax(axis=1).tolist() == [*range(100)]


def middles(film: Path, each: int) -> list[Pixels]:
    """The middle frame of each shot."""
    with av.open(str(film)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [np.asarray(frame, np.uint8) for frame in decoded[each // 2 :: each]]


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
