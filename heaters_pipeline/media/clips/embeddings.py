"""Vectors of still images: a sentence-transformers model, or a small descriptor of our own."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.errors import HeatersError

Vectors = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
"""Of an image: (height, width, 3), RGB."""

LAYOUT_MODEL = "layout-v1"


class Embedder(Protocol):
    model: str
    dimensions: int

    def embed(self, images: Sequence[Path]) -> Vectors:
        """float32 (n, dimensions), each row of length 1. Raises HeatersError for a file that is
        no image."""
        ...


def open_embedder(model: str | None) -> Embedder:
    """The model by name or folder; the built-in descriptor for `layout-v1`, for None, and where
    sentence-transformers or Pillow, which gives it images, is not installed. Raises HeatersError
    where a model can't be loaded."""
    name = model_name(model)
    return LayoutDescriptor() if name == LAYOUT_MODEL else SentenceTransformerEmbedder(name)


def model_name(model: str | None) -> str:
    """The name under which the vectors of `open_embedder(model)` are kept; loads nothing."""
    installed = all(map(importlib.util.find_spec, ("sentence_transformers", "PIL")))
    return model if model is not None and installed else LAYOUT_MODEL


def mean_vector(keyframe_vectors: Vectors) -> Vectors:
    """A clip's vector, float32 (dimensions,): the mean of its keyframes' (n, dimensions), of
    length 1."""
    return _unit(keyframe_vectors.mean(axis=0, keepdims=True)).ravel()


class LayoutDescriptor:
    """Where an image has which colours and which edges: over a grid of 4 x 4 cells, the mean of
    CIE L*a*b* and a histogram of gradient orientations (Dalal and Triggs, 2005, without blocks).
    No weights, no network."""

    model = LAYOUT_MODEL
    _grid = 4
    _orientations = 8
    _side = 64
    dimensions = _grid * _grid * (3 + _orientations) + 1

    def embed(self, images: Sequence[Path]) -> Vectors:
        return self.describe(_read_image(image) for image in images)

    def describe(self, images: Iterable[Pixels]) -> Vectors:
        """The same of images that are read already."""
        rows = [self._describe(image) for image in images]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _describe(self, image: Pixels) -> Vectors:
        import cv2

        small = cv2.resize(image, (self._side, self._side), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        colors = cv2.resize(lab, (self._grid, self._grid), interpolation=cv2.INTER_AREA)
        colors = (colors - (50, 0, 0)) / (50, 50, 50)
        edges = self._edges(np.ascontiguousarray(lab[:, :, 0]))
        parts = [_unit_or_zero(colors.ravel()), _unit_or_zero(edges.ravel())]
        # Without the constant, a flat grey image would be a vector of no direction.
        return _unit(np.concatenate([*parts, [0.05]])[np.newaxis]).ravel()

    def _edges(self, lightness: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        import cv2

        right = cv2.Sobel(lightness, cv2.CV_32F, 1, 0)
        down = cv2.Sobel(lightness, cv2.CV_32F, 0, 1)
        strength, angle = np.hypot(right, down), np.arctan2(down, right) % np.pi
        orientation = (angle * self._orientations / np.pi).astype(int) % self._orientations
        cell = np.arange(self._side) * self._grid // self._side
        cells = cell[:, np.newaxis] * self._grid + cell
        histogram = np.bincount(
            (cells * self._orientations + orientation).ravel(),
            weights=strength.ravel(),
            minlength=self._grid * self._grid * self._orientations,
        )
        return np.sqrt(histogram)


def _read_image(path: Path) -> Pixels:
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise HeatersError(f"{path.name} is no image that can be read: make it again.")
    return np.asarray(image, np.uint8)


class SentenceTransformerEmbedder:
    """A sentence-transformers model that takes images, such as `clip-ViT-B-32`, by name or by
    folder."""

    def __init__(self, model: str) -> None:
        from PIL import Image  # type: ignore[import-not-found,unused-ignore]
        from sentence_transformers import SentenceTransformer

        self.model = model
        try:
            self._transformer: Any = SentenceTransformer(model)
            blank = self._encode([Image.new("RGB", (32, 32))])
        except Exception as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise HeatersError(
                f"The embedding model {model} can't be loaded ({reason}): check the name or folder "
                f"and the network, or set HEATERS_EMBEDDING_MODEL={LAYOUT_MODEL}."
            ) from error
        self.dimensions = int(blank.shape[1])

    def embed(self, images: Sequence[Path]) -> Vectors:
        batches = [
            self._encode([_open_image(image) for image in images[at : at + 16]])
            for at in range(0, len(images), 16)
        ]
        return np.concatenate([np.zeros((0, self.dimensions), np.float32), *batches])

    def _encode(self, images: list[Any]) -> Vectors:
        vectors = self._transformer.encode(images, convert_to_numpy=True, show_progress_bar=False)
        return _unit(np.asarray(vectors, dtype=np.float32))


def _open_image(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise HeatersError(f"{path.name} is no image that can be read: make it again.") from error


def _unit(rows: npt.NDArray[Any]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _unit_or_zero(vector: npt.NDArray[Any]) -> npt.NDArray[Any]:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-6 else vector * 0
