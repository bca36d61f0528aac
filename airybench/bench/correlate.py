"""How fast correlation maps are made, against plain NumPy and against what a network consumes."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.bench.measure import (
    Elapsed,
    Measurement,
    counted_steps,
    elapsed,
    measurement,
    require_at_least,
    wait_for,
)
from airybench.config import NetworkConfig
from airybench.networks.build import build
from airybench.physics.correlation import MapKind, correlation_map
from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar_image
from airybench.reporter import SILENT, Reporter
from airybench.training.loss import cross_entropy

LOOP_GOAL = 100.0
"""Factor by which batched maps should be faster than the plain loop."""

SUPPLY_GOAL = {"cuda": 1.0}
"""Maps made per image that a ResNet-18 in training consumes. On a GPU, training must not wait for maps."""

CLASSES = 11
STEPS = 4


def bench_correlate(
    *,
    count: int = 64,
    image_size: int = 64,
    repeats: int = 5,
    kind: MapKind = "angular",
    device: torch.device,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Make the maps of one batch repeatedly and once with plain NumPy, and train a ResNet-18 on them.

    Args:
        count: images in the batch.
        image_size: their side in pixels.
        repeats: number of repeats.
        kind: `angular` or `radial`.
        device: where maps are made and the network is trained.
        reporter: shows progress.

    Returns:
        Maps per second of the batch and of both NumPy loops, the ratios to them, images per second that a ResNet-18
        trains on, and maps per such image.

    Raises:
        ConfigError: count, repeats or image_size is too small.
    """
    require_at_least(count=(count, 1), repeats=(repeats, 1), image_size=(image_size, 32))
    images = np.random.default_rng(0).poisson(20, (count, image_size, image_size)).astype(np.float32)
    batch = torch.from_numpy(images).to(device)

    def make() -> torch.Tensor:
        maps = correlation_map(batch, kind=kind, delta=60.0)
        wait_for(device)
        return maps

    maps = make()
    taken: list[Elapsed] = []
    loops: dict[str, Elapsed] = {}
    with counted_steps(reporter, "correlating", 2 * repeats + 2) as advance:
        for _ in range(repeats):
            taken.append(elapsed(make))
            advance()
        for name, row_of in (("double loop", _by_loop), ("loop with FFT", _by_fft)):
            loops[name] = elapsed(partial(_plain_maps, images, kind, row_of))
            advance()
        consumed = _training_rates(maps, device, repeats, advance)
    subject = f"{kind} maps, {image_size} px"
    rates = [count / one.wall for one in taken]
    supply = [rate / needed for rate, needed in zip(rates, consumed, strict=True)]
    goal = SUPPLY_GOAL.get(device.type, float("nan"))
    return [
        measurement(subject, f"throughput in batches of {count}", "maps/s", rates),
        *(row for name, loop in loops.items() for row in _against_loop(subject, name, count, loop, taken, device)),
        measurement(subject, "ResNet-18 in training on such maps", "images/s", consumed),
        measurement(subject, "maps over images that it consumes", "ratio", supply, goal=goal),
    ]


def _against_loop(
    subject: str, name: str, count: int, loop: Elapsed, taken: Sequence[Elapsed], device: torch.device
) -> Iterator[Measurement]:
    """The throughput of a NumPy loop, and by what factor batches are faster."""
    goal = LOOP_GOAL if name == "double loop" else float("nan")
    yield measurement(subject, f"throughput of a NumPy {name}", "maps/s", [count / loop.wall])
    times = [loop.wall / one.wall for one in taken]
    yield measurement(subject, f"batches over the {name}", "ratio", times, goal=goal)
    if device.type == "cpu":  # other work on the machine changes wall times, but not the time that the cores worked
        times = [loop.cpu / one.cpu for one in taken]
        yield measurement(subject, f"the same in time that cores worked, {name}", "ratio", times, goal=goal)


Row = Callable[[NDArray[np.float32], NDArray[np.float32], list[int]], NDArray[np.float64]]


def _plain_maps(images: NDArray[np.float32], kind: MapKind, row_of: Row) -> list[NDArray[np.float64]]:
    return [plain_map(image, kind, row_of) for image in images]


def plain_map(image: NDArray[np.float32], kind: MapKind, row_of: Row) -> NDArray[np.float64]:
    """The map of one image, ring by ring, as a first version would be written; it equals `correlation_map`.

    Args:
        image: float32, shape (S, S).
        kind: `angular` or `radial` (at 60 degrees).
        row_of: takes two rings and a list of lags in samples, returns the mean product at each lag.

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


def _training_rates(maps: torch.Tensor, device: torch.device, repeats: int, advance: Callable[[], None]) -> list[float]:
    """Images per second that a ResNet-18 trains on: forward, backward and a step, as in a study on this device."""
    on_gpu = device.type == "cuda"
    steps = STEPS if on_gpu else 1
    layout = torch.channels_last if on_gpu else torch.contiguous_format
    network = build(NetworkConfig(), CLASSES).to(device)
    network = network.to(memory_format=layout)
    inputs = maps.unsqueeze(1).contiguous(memory_format=layout)
    labels = torch.zeros(len(maps), CLASSES, device=device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, nesterov=True)

    def train() -> None:
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=on_gpu):
                loss = cross_entropy(network(inputs), labels)
            loss.backward()
            optimizer.step()
        wait_for(device)

    train()
    rates = []
    for _ in range(repeats):
        rates.append(len(maps) * steps / elapsed(train).wall)
        advance()
    return rates
