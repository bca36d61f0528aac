"""What training loses beside other busy programs, and what it costs on an idle machine that threads spin briefly."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from airybench.bench.measure import Measurement, counted_steps, measurement, require_at_least
from airybench.config import TrialConfig
from airybench.cores import SPINS, WAITING, limit_threads, usable_cores
from airybench.networks.build import build
from airybench.reporter import SILENT, Reporter
from airybench.training.schedule import optimizer

FAIR_GOAL = 0.40
"""Share of the idle speed beside as many busy processes as cores; one half would be fair."""

IDLE_GOAL = 0.98
"""Speed with threads that spin briefly over that with threads that spin, both on the idle machine."""

CLASSES = 5

_BUSY = [sys.executable, "-S", "-c", "while True: pass"]
_POLICIES = {"briefly": {"GOMP_SPINCOUNT": str(SPINS)}, "by default": {}}
"""How long threads spin before they sleep: as everywhere in this package, and as the OpenMP library has it."""


def bench_contention(
    *,
    image_size: int = 64,
    batch_size: int = 24,
    seconds: float = 4.0,
    repeats: int = 5,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Train a ResNet-18 on the CPU beside 0, 1 and as many busy processes as there are cores.

    Two processes hold the same network, one whose threads spin briefly while they wait, as everywhere in this package,
    and one whose threads spin as long as they do by default. They train in turn, so that a drift of the machine affects
    both.

    Args:
        image_size: pixels.
        batch_size: shots in a step.
        seconds: shortest time of a measurement.
        repeats: of each measurement.
        reporter: shows progress.

    Raises:
        ConfigError: repeats is too small.
    """
    require_at_least(repeats=(repeats, 1), seconds=(int(seconds), 1))
    cores = usable_cores()
    numbers = sorted({0, 1, cores})
    speeds: dict[tuple[str, int], list[float]] = {(name, busy): [] for name in _POLICIES for busy in numbers}
    with ExitStack() as stack:
        trainers = {
            name: stack.enter_context(_trainer(environment, image_size, batch_size, seconds))
            for name, environment in _POLICIES.items()
        }
        advance = stack.enter_context(counted_steps(reporter, "training", repeats * len(speeds)))
        for _ in range(repeats):
            for (name, busy), found in speeds.items():
                with _busy(busy):
                    found.append(_rate(trainers[name]))
                advance()
    subject = f"resnet18 batch {batch_size} {image_size} px, {cores} cores"
    rows = []
    for (name, busy), found in speeds.items():
        rows.append(measurement(subject, f"spinning {name}, {busy} busy processes", "images/s", found))
        if busy:
            goal = FAIR_GOAL if busy == cores and name == "briefly" else float("nan")
            ratios = [here / idle for here, idle in zip(found, speeds[name, 0], strict=True)]
            rows.append(measurement(subject, f"spinning {name}, {busy} busy over none", "ratio", ratios, goal=goal))
    first, second = (speeds[name, 0] for name in _POLICIES)
    cost = [briefly / usual for briefly, usual in zip(first, second, strict=True)]
    return [*rows, measurement(subject, "briefly over by default, none busy", "ratio", cost, goal=IDLE_GOAL)]


@contextmanager
def _trainer(
    policy: dict[str, str], image_size: int, batch_size: int, seconds: float
) -> Iterator["subprocess.Popen[str]"]:
    """A process that trains for some seconds whenever it is sent a line, and answers with images per second."""
    environment = {name: value for name, value in os.environ.items() if name not in WAITING} | policy
    numbers = [str(image_size), str(batch_size), str(seconds)]
    # Torch is loaded before this package, which would choose the policy.
    code = "import sys, torch; from airybench.bench.contention import serve; serve(*map(float, sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        _rate(process)  # warms up
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _rate(process: "subprocess.Popen[str]") -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


@contextmanager
def _busy(number: int) -> Iterator[None]:
    """Some processes that keep a core busy each."""
    others = [subprocess.Popen(_BUSY) for _ in range(number)]
    try:
        yield
    finally:
        for one in others:
            one.kill()
            one.wait()


def serve(image_size: float, batch_size: float, seconds: float) -> None:
    """Train on one batch of noise for some seconds after every line of input, and print images per second."""
    limit_threads()
    size, batch = int(image_size), int(batch_size)
    config = TrialConfig()
    network = build(config.network, CLASSES, size).train()
    steps = optimizer(network, config.training)
    images, targets = torch.rand(batch, 1, size, size), torch.zeros(batch, CLASSES)
    for _ in sys.stdin:
        done, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            steps.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(network(images), targets).backward()
            steps.step()
            done += batch
        print(done / passed, flush=True)
