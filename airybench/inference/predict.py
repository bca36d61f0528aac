"""Answers of a trained network for any number of shots, in fixed memory and resumable part by part."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench.data.loading.prefetch import HELD, Prefetcher, readers_for, to_device
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.columns import as_text
from airybench.errors import DataError, already_exists
from airybench.inference.join import is_joined, join
from airybench.inference.lanes import lanes_for, side_by_side
from airybench.inference.logits import compiled_for, logits, placed
from airybench.inference.parts import EVENTS, Parts
from airybench.inference.plan import PART, Plan, model_digest, shard_of
from airybench.inference.predictor import Predictor
from airybench.inference.source_corrections import for_source
from airybench.paths import refuse_special
from airybench.reporter import SILENT, Reporter
from airybench.training.device import checked_memory
from airybench.training.metrics import decide
from airybench.version import __version__

BATCH = {"cpu": 64, "cuda": 256}
"""Shots per forward pass of the network."""

PREFETCHED = 2
"""Stretches of shots that each reader keeps ready."""


@dataclass(frozen=True)
class PredictOptions:
    """What a prediction writes, and how it is computed.

    Attributes:
        explain: add a Grad-CAM++ map for every positive answer.
        table: also write a CSV file.
        shard: (i, n) makes this process the i-th of n, from 1; its parts are left to be joined by `join`.
        force: replace an existing output, and delete parts of another prediction.
        readers: processes that read and decode; 0 reads in a thread of this process, None chooses by the device.
        compiled: compile the network, which pays for many shots on a GPU.
    """

    explain: bool = False
    table: bool = False
    shard: tuple[int, int] | None = None
    force: bool = False
    readers: int | None = None
    compiled: bool = False


@dataclass(frozen=True)
class Predicted:
    """What one call of `predict` has done.

    Attributes:
        output: the file, or the folder of parts if this was one shard of several.
        shots: number of shots in this process's share.
        done_before: number of those that an earlier, interrupted process had already answered.
        images_per_second: speed for the others; NaN if there were none.
        joined: whether the output is complete.
    """

    output: Path
    shots: int
    done_before: int
    images_per_second: float
    joined: bool


def predict(
    predictor: Predictor,
    shots: ShotSource,
    output: Path,
    *,
    device: torch.device,
    options: PredictOptions | None = None,
    reporter: Reporter = SILENT,
) -> Predicted:
    """Predict every shot; after an interruption the same call computes only the parts that are missing.

    While the network works on one batch, the next ones are read and decoded and the previous part is written, all in
    fixed memory. The answers do not depend on the number of readers.

    The output holds `id` (N,), `probability` (N, C) and `prediction` (N, C) in the order of the source, and `events/*`
    (N,) where the source has further identifiers; with `explain`
    also `map` (M, S, S) with `map_shot` (M,), the row of the shot, and `map_class` (M,), the column of the class.

    Args:
        predictor: the model.
        shots: the source of the counts.
        output: HDF5 file to write.
        device: where to compute.
        options: what to write and how to compute; the defaults of `PredictOptions` if left out.
        reporter: receives the progress over the shots of this process's share, and over the parts as they are joined.

    Raises:
        ConfigError: no such shard, or maps of a network that does not end in feature maps.
        DataError: the shots do not fit the model or cannot be read, or the output exists or cannot be written.
        ReaderError: a reader process was killed.
    """
    options = options or PredictOptions()
    _require_fit(predictor, shots)
    if options.shard is not None:
        shard_of("{}/{}".format(*options.shard))
    if output.resolve() in {path.resolve() for path in shots.paths}:
        raise DataError(f"{output}: cannot be replaced by its own prediction", "name another file with --output")
    refuse_special(output)
    parts = Parts(output)
    with parts.reserved(options.shard):
        return _complete(predictor, shots, parts, device, options, reporter)


def _complete(
    predictor: Predictor,
    shots: ShotSource,
    parts: Parts,
    device: torch.device,
    options: PredictOptions,
    reporter: Reporter,
) -> Predicted:
    """Compute the parts that are missing, and join them where this process makes the whole output."""
    exists = parts.output.exists() and not options.force
    if exists and not parts.folder.is_dir():
        raise already_exists(parts.output)
    ready, corrections = for_source(placed(predictor, device), shots)
    answerer = _Answerer(ready, device, options)
    plan = _plan(predictor, shots, maps=options.explain)
    if exists:
        if not (parts.belong_to(plan) and is_joined(parts, plan)):
            raise already_exists(parts.output)
        parts.remove()  # an earlier process was killed between joining the parts and removing them
        return Predicted(parts.output, plan.count, plan.count, float("nan"), True)
    if options.force and parts.folder.is_dir() and not parts.belong_to(plan):
        parts.remove()
    parts.begin(plan)
    share = plan.share(options.shard or (1, 1))
    missing = parts.missing(plan, share)
    wanted = [np.arange(*plan.rows(number)) for number in missing]
    total, left = (sum(map(plan.size, numbers)) for numbers in (share, missing))
    began = time.perf_counter()
    corrected = corrections.source(np.concatenate(wanted or [np.arange(0)]))
    with checked_memory(predictor.config), reporter.progress(f"predicting {shots.path.name}") as progress:
        progress(total - left, total)
        _answer_parts(parts, plan, missing, corrected, answerer, lambda done: progress(total - left + done, total))
    speed = left / max(time.perf_counter() - began, 1e-9) if left else float("nan")
    if options.shard is not None:
        return Predicted(parts.folder, total, total - left, speed, False)
    join(parts, table=options.table, reporter=reporter)
    return Predicted(parts.output, total, total - left, speed, True)


Batch = tuple[int, Tensor]
"""Row of the first shot in the source, and counts of shape (n, H, W) on the device."""


class _Answerer:
    """Turns the counts of a batch into columns of the output file.

    Args:
        predictor: on `device`, in evaluation mode.
        device: where to compute.
        options: whether maps are drawn, whether the network is compiled, and how many processes read.
    """

    def __init__(self, predictor: Predictor, device: torch.device, options: PredictOptions) -> None:
        self.device, self.readers = device, options.readers
        # Maps are drawn by hooks on the network, and a compiled one takes batches of one size.
        self.lanes = 1 if options.explain or options.compiled else lanes_for(device, predictor.config.data.image_size)
        self.batch = BATCH[device.type]
        self._predictor = predictor
        self._network = compiled_for(self.batch, predictor.network) if options.compiled else None
        self._explainer = None
        if options.explain:
            # pytorch-grad-cam is slow to import; only predictions with maps need it.
            from airybench.inference.gradcam import Explainer

            self._explainer = Explainer(predictor, device)

    def columns(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """Columns of one batch; several threads may ask at once where there are several lanes."""
        first, counts = batch
        found = logits(self._predictor, counts, self.device, network=self._network)
        answers = decide(found, self._predictor.label_kind).numpy().astype(np.uint8)
        columns: dict[str, NDArray[Any]] = {"probability": torch.sigmoid(found).numpy(), "prediction": answers}
        if self._explainer is not None:
            pairs = np.argwhere(answers)
            columns |= {
                "map": self._explainer.maps(counts, answers),
                "map_shot": pairs[:, 0] + first,
                "map_class": pairs[:, 1].astype(np.int32),
            }
        return columns


def _answer_parts(
    parts: Parts,
    plan: Plan,
    missing: list[int],
    shots: ShotSource,
    answerer: _Answerer,
    progress: Callable[[int], None],
) -> None:
    """Answer for the shots of the missing parts and write them, one part while the next one is computed.

    Args:
        parts: where the parts are written.
        plan: which shots belong to which part.
        missing: numbers of the parts to make.
        shots: the source of the counts.
        answerer: computes the columns.
        progress: called with the number of shots answered so far.
    """
    batch, left = answerer.batch, sum(map(plan.size, missing))
    step = max(shots.block, batch // shots.block * shots.block)
    stretches = {number: list(_stretches(*plan.rows(number), step)) for number in missing}
    requests = [stretch for number in missing for stretch in stretches[number]]
    readers = answerer.readers
    if readers is None:
        bytes_held = 2 * (PREFETCHED + HELD) * step * shots.image_shape[0] * shots.image_shape[1]
        readers = readers_for(answerer.device, left, PART, bytes_held)
    reading = Prefetcher(shots.read, readers=min(readers, len(requests)), depth=PREFETCHED)(requests)
    at_once = -(-batch // answerer.lanes)
    with (
        closing(to_device(reading, answerer.device)) as batches,
        side_by_side(answerer.lanes) as mapped,
        ThreadPoolExecutor(1) as writer,
    ):
        answers = mapped(answerer.columns, _cut(requests, batches, at_once))
        written: Future[None] | None = None
        done = 0
        for number in missing:
            start, stop = plan.rows(number)
            columns: list[dict[str, NDArray[Any]]] = []
            while start < stop:
                columns.append(next(answers))
                start += len(columns[-1]["prediction"])
                done += len(columns[-1]["prediction"])
                progress(done)
            joined = {key: np.concatenate([some[key] for some in columns]) for key in columns[0]}
            if written:
                written.result()  # at most two parts are in memory: one being written, one being computed
            written = writer.submit(parts.write, number, _identifiers(shots, slice(*plan.rows(number))) | joined)
        if written:
            written.result()


def _cut(requests: list[tuple[int, int]], batches: Iterator[Tensor], size: int) -> Iterator[Batch]:
    """What was read for each request, in batches of at most `size` shots."""
    for (start, _), counts in zip(requests, batches, strict=True):
        for offset, some in enumerate(counts.split(size)):
            yield start + offset * size, some


def _identifiers(shots: ShotSource, rows: slice) -> dict[str, NDArray[Any]]:
    """Columns that tell which shots a part answers for."""
    return {"id": shots.ids[rows]} | {f"{EVENTS}/{key}": as_text(values[rows]) for key, values in shots.events.items()}


def _stretches(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Cut the rows of a part into stretches that end at multiples of `step`."""
    while start < stop:
        until = min(stop, (start // step + 1) * step)
        yield start, until
        start = until


def _plan(predictor: Predictor, shots: ShotSource, *, maps: bool) -> Plan:
    """The plan of a prediction: same model, same shots and same contents give an equal plan."""
    tensors = {key: value.cpu().numpy() for key, value in predictor.tensors().items()}
    return Plan(
        model=model_digest(predictor.description(), tensors),
        source=shots.identity,
        source_name=shots.path.name,
        count=shots.count,
        class_names=predictor.class_names,
        label_kind=predictor.label_kind,
        map_side=predictor.config.data.image_size if maps else 0,
        part=PART,
        version=__version__,
    )


def _require_fit(predictor: Predictor, shots: ShotSource) -> None:
    """Refuse shots of another image size than the model was trained on, or labelled with other classes."""
    predictor.require_fit(shots.path, shots.image_shape, "bin them to that size (--bin)")
    if shots.class_names and shots.class_names != predictor.class_names:
        raise DataError(
            f"{shots.path} is labelled with {', '.join(shots.class_names)}, the model knows "
            f"{', '.join(predictor.class_names)}; choose a model for these shots, or add --ignore-labels"
        )
