"""A store and its splits, preprocessed on demand and kept on a device from trial to trial."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config import DataConfig, Scaling, TrialConfig, Value
from airybench.data.loading.background import RunBackgrounds, store_reader, trained_background
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.masking import trained_mask
from airybench.data.split.fraction import training_fraction
from airybench.data.split.scorable import require_fraction
from airybench.data.split.split import PARTS, Split
from airybench.data.store.bad_pixels import BadPixels
from airybench.data.store.store import Store
from airybench.paths import checkpoint_folder
from airybench.provenance import Provenance, installed
from airybench.reporter import SILENT, Reporter
from airybench.tracking.dataset import DataInput
from airybench.training.checkpoint import EVERY, Checkpoints

KEPT = 2  # preprocessed copies of the data kept at once: raw counts and scaled ones alternate in a grid


class PreparedDataset:
    """A store and its split, preprocessed on demand and kept on the device from trial to trial.

    Args:
        store: the shots.
        split: which shot is in which part; or the splits of several folds, which trials take in turn.
        device: where to train.
        name: what runs call the data set.
        folds: how many there are, 0 without any.

    Attributes:
        splits: one, or those of the folds.
        by_fold: the data with each of them alone.
    """

    def __init__(
        self, store: Store, split: Split | Sequence[Split], device: torch.device, name: str, folds: int = 0
    ) -> None:
        self.store = store
        self.name = name
        self.splits = (split,) if isinstance(split, Split) else tuple(split)
        self.device = device
        self.folds = folds
        self.by_fold: tuple[PreparedDataset, ...] = (self,)
        if len(self.splits) > 1:
            self.by_fold = tuple(PreparedDataset(store, one, device, name, folds) for one in self.splits)
        self._kept: dict[tuple[object, ...], LoadedDataset] = {}
        self._background_rows: dict[str, NDArray[np.int64] | None] = {}
        self._masks: dict[tuple[bool, bool], tuple[NDArray[np.bool_] | None, BadPixels | None]] = {}

    @property
    def split(self) -> Split:
        """Which shot is in which part; of several folds the first."""
        return self.splits[0]

    def at(self, config: DataConfig) -> "PreparedDataset":
        """The data of a trial: those of its fold where a study runs every fold; what others had loaded is freed."""
        if len(self.splits) == 1:
            return self
        chosen = self.by_fold[config.fold]
        for other in self.by_fold:
            if other is not chosen:
                other.unload()
        return chosen

    def loaded_for(self, config: TrialConfig) -> LoadedDataset:
        """The three splits as the network of a trial sees them; see `loaded`."""
        return self.loaded(config.data, config.input_scaling, keep_counts=config.training.detector_jitter)

    def loaded(self, config: DataConfig, scaling: Scaling, *, keep_counts: bool = False) -> LoadedDataset:
        """The three splits as a network of this configuration sees them; preprocessed once, then kept.

        Args:
            config: image size, input and noise.
            scaling: of the input, which depends on the network.
            keep_counts: scale each batch only when it is needed, so that its counts can be changed before.
        """
        key = self._key(config, scaling, keep_counts=keep_counts)
        if key not in self._kept:
            self._keep(
                key,
                LoadedDataset.from_store(
                    self.store, self.split, config, scaling, self.device, keep_counts=keep_counts,
                    corrections=self._corrections(config),
                ),
            )  # fmt: skip
        everything = self._kept[key]
        if config.fraction == 1:
            return everything
        rows = self.training_rows(config)
        kept = np.flatnonzero(np.isin(self.split.train, rows))
        return replace(everything, train=everything.train.select(kept))

    def whole_for(self, config: TrialConfig) -> LoadedDataset:
        """What `loaded_for` takes from: all training shots, whatever fraction of them trains."""
        whole = config.data.model_copy(update={"fraction": 1.0})
        return self.loaded(whole, config.input_scaling, keep_counts=config.training.detector_jitter)

    def take(self, config: TrialConfig, data: LoadedDataset) -> None:
        """Keep what `whole_for` of another process gave for the same shots."""
        keep_counts = config.training.detector_jitter
        self._keep(self._key(config.data, config.input_scaling, keep_counts=keep_counts), data)

    def _key(self, config: DataConfig, scaling: Scaling, *, keep_counts: bool) -> tuple[object, ...]:
        """What the inputs of two configurations have in common where they are the same."""
        seen_as = (config.input, config.ccf_kind, config.ccf_delta, config.ccf_zero, config.ccf_centre, config.noise,
                   config.noise_seed)  # fmt: skip
        masked = (config.background, config.input_mask, config.find_bad_pixels)
        return (config.image_size, config.antialias, scaling, keep_counts, *seen_as, *masked)

    def _keep(self, key: tuple[object, ...], data: LoadedDataset) -> None:
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = data

    def training_rows(self, config: DataConfig) -> NDArray[np.int64]:
        """Rows of the store that a configuration trains on: the train split, or a fraction of it.

        Raises:
            DataError: all shots of a fraction have the same labels.
        """
        ids, labels = self.store.ids(), self.store.labels()
        hashes = self._hashes if config.fraction < 1 else None
        rows = training_fraction(self.split.train, ids, labels, config.fraction, config.split_seed, hashes)
        if config.fraction < 1:
            require_fraction(self.store.path, labels[rows], self.store.class_names, config.fraction)
        return rows

    def trained_mask(self, config: DataConfig) -> tuple[NDArray[np.bool_] | None, BadPixels | None]:
        """The mask that networks of a configuration take with them, and what was found in the training shots.

        All of the train split is looked at, whatever fraction of it trains. See `masking.trained_mask`.
        """
        key = (config.input_mask != "none", config.find_bad_pixels)
        if key not in self._masks:
            self._masks[key] = trained_mask(self.store, self.split.train, config)
        return self._masks[key]

    def background_rows(self, config: DataConfig) -> NDArray[np.int64] | None:
        """The shots that the backgrounds of a configuration are taken from; None where it subtracts none.

        All of the train split is asked for its labels, whatever fraction of it trains. See `trained_background`.
        """
        if config.background not in self._background_rows:
            self._background_rows[config.background] = trained_background(self.store, self.split.train, config)
        return self._background_rows[config.background]

    def _corrections(self, config: DataConfig) -> ShotCorrections:
        rows, store = self.background_rows(config), self.store
        background = None if rows is None else RunBackgrounds.of(store_reader(store), store.groups(), rows)
        return ShotCorrections.of(store, self.trained_mask(config)[0], config, background)

    @cached_property
    def _hashes(self) -> NDArray[np.uint64]:
        return self.store.image_hashes()

    def unload(self) -> None:
        """Free the preprocessed copies, where other processes do the training."""
        self._kept.clear()
        for one in self.by_fold if len(self.splits) > 1 else ():
            one.unload()

    @property
    def logged(self) -> dict[str, Value]:
        """Parameters as they are logged: count and simulator of the store itself, and a name in place of a path."""
        logged: dict[str, Value] = {"dataset": self.name, "count": self.store.count, "simulator": self.store.simulator}
        if self.folds:
            logged["folds"] = self.folds
        return logged

    @property
    def split_digest(self) -> str:
        """Digest of the split; of several folds one digest over theirs."""
        if len(self.splits) == 1:
            return self.split.digest
        return hashlib.sha256(" ".join(one.digest for one in self.splits).encode()).hexdigest()

    def provenance(self, config: TrialConfig | None = None) -> Provenance:
        """Where results on these data come from.

        Args:
            config: what is trained; left out for a study, which trains many configurations.
        """
        store = self.store
        return Provenance(
            dataset=self.name,
            source=store.source,
            data_sha256=store.content_sha256,
            split_digest=self.split_digest,
            image_shape=store.image_shape,
            config_digest=self.digest(config) if config else "",
            seed=config.training.seed if config else None,
            software=installed(),
            simulator=store.simulator,
        )

    def data_input(self) -> DataInput:
        """What MLflow shows of these data beside a run."""
        sizes = {part: len(getattr(self.split, part)) for part in PARTS}
        return DataInput(self.provenance(), self.store.path.name, self.store.class_names, sizes)

    def digest(self, config: TrialConfig) -> str:
        """Digest of a configuration on these data: equal digests give equal networks."""
        # The hash of the store and the digest of the split say more than versions, which older digests do not have.
        # A fold is the same training whether or not its study runs the other folds as well.
        chosen = config.model_dump(mode="json", exclude={"data": {"simulator", "split_version", "every_fold"}})
        content = [chosen, self.store.content_sha256, self.split.digest]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]

    def checkpoints(
        self, config: TrialConfig, scope: str, *, every: float = EVERY, reporter: Reporter = SILENT
    ) -> Checkpoints:
        """The checkpoints of a training of this configuration.

        Args:
            config: what is trained.
            scope: the study or command that it belongs to, which names their folder.
            every: least time between two checkpoints, seconds.
            reporter: receives a notice where one is damaged or cannot be written.
        """
        identity = self.digest(config)
        return Checkpoints(checkpoint_folder(scope) / identity, identity, every=every, reporter=reporter)

    def summary(self) -> str:
        """Name and number of shots, such as `helium (1024 simulated shots, version 2)`."""
        if self.store.simulated:
            return f"{self.name} ({self.store.count} simulated shots, version {self.store.simulator})"
        return f"{self.name} ({self.store.count} shots)"
