"""Vectors of pictures and of words: sentence-transformers models, and a descriptor of our own.

A model that can't be had is an error (`ModelMissing`); nothing takes its place.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.vectors import LAYOUT_MODEL

Vectors = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
"""Of an image: (height, width, 3), RGB."""

AT_ONCE = 32
"""Pictures that go through a model together."""


class ModelMissing(HeatersError):
    """A model can't be had. `reason` says why, and what to do."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"No vector by {model} yet: {reason}.")
        self.reason = reason


class Embedder(Protocol):
    """Pictures and words as float32 (n, dimensions), each row of length 1, in one space."""

    model: str
    """The name under which its vectors are kept."""
    dimensions: int
    reads_words: bool

    def encode_images(self, images: Iterable[Pixels]) -> Vectors: ...

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """Raises InputError where the model knows no words."""
        ...


def open_embedder(model: str) -> Embedder:
    """The model by name or folder, loaded; the built-in descriptor for `layout-v1`. Raises
    ModelMissing where it can't be had."""
    if model == LAYOUT_MODEL:
        return LayoutDescriptor()
    reason = obstacle(model)
    if reason is not None:
        raise ModelMissing(model, reason)
    return SentenceTransformerEmbedder(model)


def obstacle(model: str) -> str | None:
    """Why the model can't be had, as far as that can be told without loading it."""
    if model == LAYOUT_MODEL:
        return None
    if not all(map(importlib.util.find_spec, ("sentence_transformers", "PIL"))):
        return "install the extra models, as in pip install 'heaters[models]'"
    if model.startswith(("/", ".", "~")) and not Path(model).is_dir():
        return f"there is no folder {model}"
    return None


def has_weights(model: str) -> bool:
    """Whether a model that nothing stands in the way of is on this machine already."""
    if model == LAYOUT_MODEL or Path(model).is_dir():
        return True
    from huggingface_hub import try_to_load_from_cache

    full_name = model if "/" in model else f"sentence-transformers/{model}"
    found = (try_to_load_from_cache(full_name, name) for name in ("modules.json", "config.json"))
    return any(isinstance(each, str) for each in found)


def mean_vector(vectors: Vectors) -> Vectors:
    """The mean of (n, dimensions), float32 (dimensions,) of length 1."""
    return _unit(vectors.mean(axis=0, keepdims=True)).ravel()


def read_image(path: Path) -> Pixels:
    """Raises HeatersError for a file that is no image."""
    try:
        return decode_image(path.read_bytes())
    except InputError as error:
        raise HeatersError(f"{path.name} is no image that can be read: make it again.") from error


def decode_image(data: bytes) -> Pixels:
    """The image in a file's bytes, turned as its Exif data say. Raises InputError for anything
    else."""
    import cv2

    image = None
    if data:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise InputError("This is no image that can be read: choose a JPEG, PNG or WebP file.")
    return np.asarray(image, np.uint8)


class LayoutDescriptor:
    """Where an image has which colours and which edges: over a grid of 4 x 4 cells, the mean of
    CIE L*a*b* and a histogram of gradient orientations (Dalal and Triggs, 2005, without blocks).
    No weights, no network."""

    model = LAYOUT_MODEL
    _grid = 4
    _orientations = 8
    _side = 64
    dimensions = _grid * _grid * (3 + _orientations) + 1
    reads_words = False

    def encode_images(self, images: Iterable[Pixels]) -> Vectors:
        rows = [self._describe(image) for image in images]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def encode_text(self, texts: Sequence[str]) -> Vectors:  # noqa: ARG002
        raise InputError(
            f"{self.model} knows no words: set HEATERS_EMBEDDING_MODEL to a model that does, such "
            "as clip-ViT-B-32."
        )

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


class SentenceTransformerEmbedder:
    """A sentence-transformers model that takes pictures, such as `clip-ViT-B-32` or SigLIP, by name
    or by folder; on a GPU where torch has one."""

    def __init__(self, model: str) -> None:
        self.model = model
        try:
            from sentence_transformers import SentenceTransformer

            self._transformer: Any = SentenceTransformer(model)
            blank = self.encode_images([np.zeros((32, 32, 3), np.uint8)])
        except Exception as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise ModelMissing(
                model,
                f"it can't be loaded ({reason}), so check its name or folder, and the network",
            ) from error
        self.dimensions = int(blank.shape[1])
        self.reads_words = bool(self._transformer.supports("text"))
        kind = getattr(getattr(self._transformer[0], "config", None), "model_type", "")
        # SigLIP was trained on words that are padded to its full length.
        self._as_words = {"text": {"padding": "max_length"}} if "siglip" in kind else None

    def encode_images(self, images: Iterable[Pixels]) -> Vectors:
        from PIL import Image  # type: ignore[import-not-found,unused-ignore]

        batches = [self._encode([Image.fromarray(each) for each in some]) for some in _some(images)]
        return np.concatenate(batches) if batches else np.zeros((0, self.dimensions), np.float32)

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        if not self.reads_words:
            raise InputError(f"{self.model} knows no words: name another HEATERS_EMBEDDING_MODEL.")
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        options = {} if self._as_words is None else {"processing_kwargs": self._as_words}
        with _one_thread():
            return self._encode(list(texts), **options)

    def _encode(self, things: list[Any], **options: Any) -> Vectors:
        vectors = self._transformer.encode(
            things, batch_size=AT_ONCE, convert_to_numpy=True, show_progress_bar=False, **options
        )
        return _unit(np.asarray(vectors, dtype=np.float32))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Has torch compute in this thread alone. A few words are hundreds of small steps: threads that
    share each of them wait for one another, and where the machine is busy that takes seconds."""
    import torch  # type: ignore[import-not-found,unused-ignore]

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _some(images: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    left = iter(images)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _unit(rows: npt.NDArray[Any]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _unit_or_zero(vector: npt.NDArray[Any]) -> npt.NDArray[Any]:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-6 else vector * 0
