"""Answers for any number of shots through fixed memory, resumable part by part."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from airybench import __version__
from airybench.data.formats.shot_source import ShotSource
from airybench.data.loading.prefetch import ReadAhead, brought, readers_for
from airybench.errors import ConfigError, DataError
from airybench.inference.logits import Network, compiled_for, logits, placed
from airybench.inference.parts import PART, Parts, Plan, model_digest
from airybench.inference.predictor import Predictor
from airybench.paths import require_absent
from airybench.reporter import SILENT, Reporter
from airybench.training.device import memory
from airybench.training.metrics import decide

BATCH = {"cpu": 64, "cuda": 256}
"""Shots that the network sees at once."""

AHEAD = 2
"""Stretches of shots that each reader keeps ready."""


class Explain(Protocol):
    """Who draws maps; see `airybench.inference.gradcam.Explainer`."""

    def maps(self, counts: Tensor, answers: NDArray[np.integer[Any]]) -> NDArray[np.float16]:
        """One map for every answer, shape (M, S, S)."""


@dataclass(frozen=True)
class Predicted:
    """What a prediction came to.

    Attributes:
        output: the file, or the folder of parts while other shards are at work.
        shots: shots of this share.
        done_before: those of them that an earlier, interrupted process had answered.
        images_per_second: of the others; NaN where there were none.
        joined: whether the output is whole.
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
    shard: tuple[int, int] | None = None,
    explain: Callable[[Predictor, torch.device], Explain] | None = None,
    table: bool = False,
    force: bool = False,
    ignore_labels: bool = False,
    readers: int | None = None,
    compiled: bool = False,
    reporter: Reporter = SILENT,
) -> Predicted:
    """Answer for every shot; interrupted or killed, the same call goes on with the parts that are missing.

    While the network works on one batch, others are read and decoded ahead of it and the part before is written, all in
    fixed memory. Answers do not depend on the number of readers.

    The output holds `id`, `probability` (N, C) and `prediction` (N, C) in the order of the source; with `explain` also
    `map` (M, S, S) with `map_shot` (row of the shot) and `map_class` (column of the answer).

    Args:
        predictor: the model.
        shots: where the counts come from.
        output: HDF5 file to make.
        device: where to compute.
        shard: (i, n): this process is the i-th of n, from 1, and leaves its parts to be joined.
        explain: makes the one who draws maps.
        table: write a CSV file as well.
        force: replace an existing output, and drop parts of another prediction.
        ignore_labels: answer even for shots whose labels are other classes than the model's.
        readers: processes that read ahead; 0 reads in a thread of this one, None is as many as pay.
        compiled: compile the network.
        reporter: receives progress over the shots of this share.

    Raises:
        ConfigError: no such shard.
        DataError: the shots do not fit the model or cannot be read, or the output cannot be written.
        ReaderError: a reader was killed.
    """
    _require_fit(predictor, shots, ignore_labels=ignore_labels)
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise ConfigError(f"--shard {shard[0]}/{shard[1]}: expected I/N with I from 1 to N")
    output = output.absolute()
    parts = Parts(output)
    taken = output.exists() and not force
    if not parts.folder.is_dir():
        require_absent(output, force=force)
    predictor = placed(predictor, device)
    drawer = explain(predictor, device) if explain else None
    plan = _plan(predictor, shots, maps=drawer is not None)
    if taken:
        if not (_same(parts, plan) and parts.joined(plan)):
            require_absent(output, force=False)
        parts.remove()  # all was done but this
        return Predicted(output, plan.count, plan.count, float("nan"), True)
    if force and parts.folder.is_dir() and not _same(parts, plan):
        parts.remove()
    parts.begin(plan)
    mine = plan.share(shard or (1, 1))
    missing = parts.missing(plan, mine)
    total = sum(_size(plan, number) for number in mine)
    before = done = total - sum(_size(plan, number) for number in missing)
    batch = BATCH[device.type]
    step = max(shots.block, batch // shots.block * shots.block)
    if readers is None:
        held = 2 * AHEAD * step * shots.image_shape[0] * shots.image_shape[1]
        readers = readers_for(device, total - before, PART, held)
    stretches = {number: list(_cut(*plan.rows(number), step)) for number in missing}
    wanted = [one for number in missing for one in stretches[number]]
    reading = ReadAhead(shots.read, readers=min(readers, len(wanted)), ahead=AHEAD)(wanted)
    network = compiled_for(batch, predictor.network) if compiled else None
    began = time.perf_counter()
    with (
        reporter.progress(f"predicting {shots.path.name}") as progress,
        memory(predictor.config),
        closing(brought(reading, device)) as batches,
        ThreadPoolExecutor(1) as writer,
    ):
        progress(done, total)
        written: Future[None] | None = None
        for number in missing:
            columns: list[dict[str, NDArray[Any]]] = []
            for start, stop in stretches[number]:
                read = next(batches)
                firsts = range(start, stop, batch)
                for first, counts in zip(firsts, read.split(batch), strict=True):
                    columns.append(_answer(predictor, network, counts, device, drawer, first))
                done += stop - start
                progress(done, total)
            joined = {key: np.concatenate([some[key] for some in columns]) for key in columns[0]}
            if written:
                written.result()  # one part is being written while another is made: two in memory, and no more
            start, stop = plan.rows(number)
            written = writer.submit(parts.write, number, {"id": shots.ids[start:stop], **joined})
        if written:
            written.result()
    speed = (total - before) / max(time.perf_counter() - began, 1e-9) if total > before else float("nan")
    if shard is None:
        parts.join(table=table)
    return Predicted(output if shard is None else parts.folder, total, before, speed, shard is None)


def _cut(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Stretches of a part that end at multiples of `step`."""
    while start < stop:
        until = min(stop, (start // step + 1) * step)
        yield start, until
        start = until


def _answer(
    predictor: Predictor,
    network: Network | None,
    counts: Tensor,
    device: torch.device,
    drawer: Explain | None,
    first: int,
) -> dict[str, NDArray[Any]]:
    """Columns of one batch whose first shot is row `first` of the source."""
    found = logits(predictor, counts, device, network=network)
    answered = decide(found, predictor.label_kind).numpy().astype(np.uint8)
    columns: dict[str, NDArray[Any]] = {"probability": torch.sigmoid(found).numpy(), "prediction": answered}
    if drawer is not None:
        pairs = np.argwhere(answered)
        columns |= {
            "map": drawer.maps(counts, answered),
            "map_shot": pairs[:, 0] + first,
            "map_class": pairs[:, 1].astype(np.int32),
        }
    return columns


def _plan(predictor: Predictor, shots: ShotSource, *, maps: bool) -> Plan:
    tensors = {key: value.cpu().numpy() for key, value in predictor.network.state_dict().items()}
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


def _require_fit(predictor: Predictor, shots: ShotSource, *, ignore_labels: bool) -> None:
    if predictor.origin is not None and shots.image_shape != predictor.origin.image_shape:
        raise DataError(
            f"{shots.path} has images of {shots.image_shape[0]} x {shots.image_shape[1]} px, the model was trained on "
            f"{predictor.origin.image_shape[0]} x {predictor.origin.image_shape[1]} px; bin them to that size (--bin)"
        )
    if shots.class_names and shots.class_names != predictor.class_names and not ignore_labels:
        raise DataError(
            f"{shots.path} is labelled with {', '.join(shots.class_names)}, the model knows "
            f"{', '.join(predictor.class_names)}; choose a model for these shots, or add --ignore-labels"
        )


def _same(parts: Parts, plan: Plan) -> bool:
    try:
        return parts.plan() == plan
    except DataError:
        return False


def _size(plan: Plan, number: int) -> int:
    start, stop = plan.rows(number)
    return stop - start
