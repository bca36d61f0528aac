"""How fast correlation maps are made, against plain NumPy and against the appetite of a network."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.bench.measure import Elapsed, Measurement, elapsed, measurement
from airybench.config import NetworkConfig
from airybench.errors import ConfigError
from airybench.networks.build import build
from airybench.physics.correlation import MapKind, correlation_map
from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar_image
from airybench.training.loss import cross_entropy

LOOP_GOAL = 100.0
"""Times as fast as the plain loop that the batched maps should be."""

APPETITE = {"cuda": 1.0}
"""Maps per image that a ResNet-18 in training consumes: on a GPU the maps must not be what it waits for."""

CLASSES = 11
STEPS = 4


def bench_correlate(
    *,
    count: int = 64,
    image_size: int = 64,
    repeats: int = 5,
    kind: MapKind = "angular",
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> list[Measurement]:
    """Make the maps of one batch again and again, then once by plain NumPy, and train a ResNet-18 on them.

    Args:
        count: images in the batch.
        image_size: their edge in pixels.
        repeats: how often.
        kind: `angular` or `radial`.
        device: where maps are made and the network is trained.
        progress: handed (steps done, steps in all).

    Returns:
        Maps per second of the batch and of both NumPy loops, the ratios to them, images per second that a ResNet-18
        trains on, and maps per such image.

    Raises:
        ConfigError: count, repeats or image_size is too small.
    """
    if count < 1 or repeats < 1 or image_size < 32:
        raise ConfigError(f"count {count}, repeats {repeats}, image size {image_size}: at least 1, 1 and 32 are needed")
    where = torch.device(device)
    images = np.random.default_rng(0).poisson(20, (count, image_size, image_size)).astype(np.float32)
    batch = torch.from_numpy(images).to(where)
    steps, done = 2 * repeats + 2, 0

    def advance() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    def make() -> torch.Tensor:
        maps = correlation_map(batch, kind=kind, delta=60.0)
        _wait(where)
        return maps

    maps = make()
    taken: list[Elapsed] = []
    for _ in range(repeats):
        taken.append(elapsed(make))
        advance()
    rates = [count / one.wall for one in taken]
    loops: dict[str, Elapsed] = {}
    for name, row_of in (("double loop", _by_loop), ("loop with FFT", _by_fft)):
        loops[name] = elapsed(lambda: [plain_map(image, kind, row_of) for image in images])  # noqa: B023  (called at once)
        advance()
    fed = _appetite(maps, where, repeats, advance)
    subject = f"{kind} maps, {image_size} px"
    goal = APPETITE.get(where.type, float("nan"))
    per_image = [rate / eaten for rate, eaten in zip(rates, fed, strict=True)]
    found = [measurement(subject, f"throughput in batches of {count}", "maps/s", rates)]
    for name, loop in loops.items():
        wanted = LOOP_GOAL if name == "double loop" else float("nan")
        times = [loop.wall / one.wall for one in taken]
        found += [
            measurement(subject, f"throughput of a NumPy {name}", "maps/s", [count / loop.wall]),
            measurement(subject, f"batches over the {name}", "ratio", times, goal=wanted),
        ]
        if where.type == "cpu":  # other work on the machine takes wall time from either; the cores' own time it leaves
            times = [loop.cpu / one.cpu for one in taken]
            found.append(
                measurement(subject, f"the same in time that cores worked, {name}", "ratio", times, goal=wanted)
            )
    return [
        *found,
        measurement(subject, "ResNet-18 in training on such maps", "images/s", fed),
        measurement(subject, "maps over images that it consumes", "ratio", per_image, goal=goal),
    ]


Row = Callable[[NDArray[np.float32], NDArray[np.float32], list[int]], NDArray[np.float64]]


def plain_map(image: NDArray[np.float32], kind: MapKind, row_of: Row) -> NDArray[np.float64]:
    """The map of one image, ring by ring, as one would write it down first: the same numbers as `correlation_map`.

    Args:
        image: float32, shape (S, S).
        kind: `angular` or `radial` (at 60 degrees).
        row_of: handed two rings and a list of distances in samples, gives the mean product at each.

    Returns:
        Shape (S, S).
    """
    size = image.shape[-1]
    rings = polar_image(image, Rings.of(size))
    rings = rings - rings.mean(axis=1, keepdims=True)
    spread = rings.std(axis=1)
    result = np.zeros((size, size))
    lags = [step * ANGLES_PER_PIXEL for step in range(size)]
    sixty = round(ANGLES_PER_PIXEL * size / 6)
    for q in range(size):
        if kind == "angular":
            if spread[q] > 0:
                result[q] = row_of(rings[q], rings[q], lags) / spread[q] ** 2
            continue
        for other in range(size):
            if spread[q] > 0 and spread[other] > 0:
                (value,) = row_of(rings[q], rings[other], [sixty])
                result[q, other] = value / (spread[q] * spread[other])
    return result


def _by_loop(one: NDArray[np.float32], other: NDArray[np.float32], lags: list[int]) -> NDArray[np.float64]:
    return np.array([np.mean(one * np.roll(other, -lag)) for lag in lags])


def _by_fft(one: NDArray[np.float32], other: NDArray[np.float32], lags: list[int]) -> NDArray[np.float64]:
    everything = np.fft.irfft(np.conj(np.fft.rfft(one)) * np.fft.rfft(other), n=len(one)) / len(one)
    return np.asarray(everything[lags], np.float64)


def _appetite(maps: torch.Tensor, where: torch.device, repeats: int, advance: Callable[[], None]) -> list[float]:
    """Images per second that a ResNet-18 trains on: forward, backward and a step, as a study does on this device."""
    on_gpu = where.type == "cuda"
    layout = torch.channels_last if on_gpu else torch.contiguous_format
    network = build(NetworkConfig(), CLASSES).to(where)
    network = network.to(memory_format=layout)
    inputs = maps.unsqueeze(1).contiguous(memory_format=layout)
    labels = torch.zeros(len(maps), CLASSES, device=where)
    step = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, nesterov=True)

    def train() -> None:
        for _ in range(STEPS if on_gpu else 1):
            step.zero_grad(set_to_none=True)
            with torch.autocast(where.type, dtype=torch.bfloat16, enabled=on_gpu):
                loss = cross_entropy(network(inputs), labels)
            loss.backward()
            step.step()
        _wait(where)

    train()
    rates = []
    for _ in range(repeats):
        rates.append(len(maps) * (STEPS if on_gpu else 1) / elapsed(train).wall)
        advance()
    return rates


def _wait(where: torch.device) -> None:
    if where.type == "cuda":
        torch.cuda.synchronize(where)
