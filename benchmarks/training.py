"""Fitting the small networks of the cut detector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.scratch import work_folder
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.perceptron import Perceptron
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.thumbnails import Thumbnails, open_thumbnails
from heaters_pipeline.media.products.transcode import Product, transcode
from heaters_pipeline.settings import get_settings

Labels = np.ndarray[Any, np.dtype[np.bool_]]

_BATCH, _RATE = 1024, 0.01


def thumbnails_of(film: Path) -> Thumbnails:
    """All of them in memory, made as the pipeline makes them."""
    with work_folder() as folder:
        made = transcode(
            film,
            probe(film),
            folder,
            frozenset({Product.FRAME_SCORES}),
            stall_seconds=get_settings().stall_seconds,
        )
        assert made.thumbnails
        return open_thumbnails(made.thumbnails)[:]


def fit(
    features: Floats,
    labels: Labels,
    units: int,
    *,
    epochs: int,
    weights: Floats,
    decay: float = 1e-3,
) -> Perceptron:
    """Least cross entropy, by Adam with decoupled weight decay (Loshchilov and Hutter, 2019); the
    same input gives the same network. `weights`, (n,): how much each row counts."""
    random = np.random.default_rng(0)
    count = features.shape[1]
    mean, scale = features.mean(axis=0), 1 / (features.std(axis=0) + 1e-6)
    inputs = np.concatenate(
        [(features - mean) * scale, np.ones((len(features), 1))], axis=1, dtype=np.float32
    )
    targets, weights = labels.astype(np.float32), weights.astype(np.float32)
    hidden = random.normal(0, count**-0.5, (units, count + 1)).astype(np.float32)
    output = random.normal(0, units**-0.5, units + 1).astype(np.float32)
    parameters: Sequence[Floats] = (hidden, output)
    first = [np.zeros_like(each) for each in parameters]
    second = [np.zeros_like(each) for each in parameters]
    turn = 0
    for epoch in tqdm(range(epochs), unit="epoch", disable=None):
        rate = _RATE * (1 - epoch / epochs)
        order = random.permutation(len(inputs))
        for begin in range(0, len(order), _BATCH):
            rows = order[begin : begin + _BATCH]
            gradients = _gradients(inputs[rows], targets[rows], weights[rows], hidden, output)
            turn += 1
            for each, gradient, low, high in zip(parameters, gradients, first, second, strict=True):
                low += 0.1 * (gradient - low)
                high += 0.001 * (gradient * gradient - high)
                step = low / (1 - 0.9**turn) / (np.sqrt(high / (1 - 0.999**turn)) + 1e-8)
                each -= rate * (step + decay * each)
    return Perceptron(mean, scale, hidden, output)


def _gradients(
    inputs: Floats, targets: Floats, weights: Floats, hidden: Floats, output: Floats
) -> Iterable[Floats]:
    inner = np.tanh(inputs @ hidden.T)
    said = inner @ output[:-1] + output[-1]
    wrong = weights * (1 / (1 + np.exp(-said)) - targets) / len(targets)
    back = wrong[:, np.newaxis] * output[:-1] * (1 - inner * inner)
    return back.T @ inputs, np.append(wrong @ inner, wrong.sum()).astype(np.float32)


def save_weights(network: Perceptron, module: ModuleType, user: str, script: str) -> None:
    numbers = np.concatenate([each.ravel() for each in network])
    words = [f"{number:.4g}" for number in numbers]
    rows = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
    assert module.__file__
    Path(module.__file__).write_text(
        f'''"""The weights of `{user}`, packed; written by
`python -m benchmarks.{script}`."""

import numpy as np

WEIGHTS = np.fromstring(
    """
{chr(10).join(rows)}
""",
    dtype=np.float32,
    sep=" ",
)
'''
    )
