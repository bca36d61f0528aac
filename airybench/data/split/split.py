"""Which shots belong to train, val and test: 70/15/15 or k-fold, stratified over label sets and keyed on ids."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from airybench.config import SEED
from airybench.data.split.group_split import by_group
from airybench.data.split.repeats_together import merged_groups, one_for_each_image
from airybench.data.store.ids import ShotIds, ids_from_json, same_ids
from airybench.data.store.repeats import first_of_each
from airybench.errors import DataError
from airybench.parsing import parse_mapping
from airybench.provenance import SPLIT_VERSION

PARTS = ("train", "val", "test")
SHARES = (0.70, 0.15, 0.15)
MIN_SHOTS = 20
AS_LOGGED = "use the file as a run logged it"
LARGE = 0.05
"""An image that more than this share of all shots has would fill much of a small part: it goes to train."""

SHARED = 7
"""From this many shots on, 15 % is at least one shot, so that a class or label set can be present in every part."""


@dataclass(frozen=True)
class Split:
    """The part of every shot of one store.

    Attributes:
        train: rows of the store that a network is trained on, sorted, int64, shape (n,).
        val: rows that choose the epoch and the network, likewise.
        test: rows that are scored once at the end, likewise.
        digest: hash over split seed and the ids of each part, independent of the order of rows.
        split_seed: seed that it was drawn with.
        store_sha256: content hash of the store it belongs to.
    """

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]
    digest: str
    split_seed: int
    store_sha256: str

    def to_json(self, ids: ShotIds) -> str:
        """The content of `split.json`: digest, seed, store hash and the sorted ids of each part.

        Args:
            ids: identifiers of the store's shots, shape (N,).
        """
        parts = {name: np.sort(ids[getattr(self, name)]).tolist() for name in PARTS}
        head = {"digest": self.digest, "split_seed": self.split_seed, "store_sha256": self.store_sha256}
        return json.dumps(head | parts) + "\n"

    @classmethod
    def from_json(cls, text: str, ids: ShotIds) -> Self:
        """Read a split, looking up the rows of a store by id.

        Args:
            text: what `to_json` returned.
            ids: identifiers of the store's shots, shape (N,), in any order.

        Raises:
            DataError: the text is no split, was changed, or names other shots than the store has.
        """
        try:
            content = parse_mapping(text)
            parts = ids_from_json([content[name] for name in PARTS])
            seed, digest, store = int(content["split_seed"]), str(content["digest"]), str(content["store_sha256"])
        except (ValueError, KeyError, TypeError, OverflowError, MemoryError) as error:
            raise DataError(f"not a split.json ({error!r})", AS_LOGGED) from error
        if _digest(parts, seed) != digest:
            raise DataError("split.json was changed: its digest does not match", AS_LOGGED)
        order = np.argsort(ids)
        if not same_ids(np.sort(np.concatenate(parts)), ids[order]):
            raise DataError("split.json names other shots than this store has", "use the store that it was made from")
        rows = [np.sort(order[np.searchsorted(ids, part, sorter=order)]) for part in parts]
        return cls(rows[0], rows[1], rows[2], digest=digest, split_seed=seed, store_sha256=store)


def make_split(
    ids: ShotIds,
    labels: NDArray[np.uint8],
    content_sha256: str,
    split_seed: int = SEED,
    version: int = SPLIT_VERSION,
    *,
    groups: NDArray[np.int32] | None = None,
    hashes: NDArray[np.uint64] | None = None,
) -> Split:
    """Split 70/15/15 by iterative stratification or by whole groups.

    All classes, and label sets of at least seven shots, are stratified. A label set that occurs once goes to train.
    Shots with the same image count as one there.
    Every class with at least seven shots, not counting those single ones, is present in each part.

    Args:
        ids: unique identifiers, shape (N,); the part of a shot depends on ids and labels, not on the order of rows.
        labels: 0 or 1, shape (N, C).
        content_sha256: hash of the store, kept in the split.
        split_seed: mixes the shots and decides between equals.
        version: of the split by shot. 1 does not mix them: it fills train with the first ids, so that val and test
            hold mostly the last runs of a set.
        groups: run or file of each shot, shape (N,), to keep together; the parts then have their shares as nearly as
            whole groups allow.
        hashes: of the images, shape (N,): shots with the same image stay in one part, and groups that share an image
            count as one.

    Raises:
        DataError: fewer than 20 shots, repeated ids, too few groups, or a part comes out empty.

    Source: Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011.
    """
    parts = _drawn(ids, labels, split_seed, version, groups, hashes, folds=0)
    return _as_split(parts, ids, split_seed, content_sha256)


def make_folds(
    ids: ShotIds,
    labels: NDArray[np.uint8],
    content_sha256: str,
    folds: int,
    split_seed: int = SEED,
    version: int = SPLIT_VERSION,
    *,
    groups: NDArray[np.int32] | None = None,
    hashes: NDArray[np.uint64] | None = None,
) -> tuple[Split, ...]:
    """The splits of a k-fold division, in the order of their folds: each shot is in test once over all of them.

    Of each split, one fold is test, the next one val, and all others are train. The arguments are those of
    `make_split`, beside `folds`, at least 3.

    Raises:
        DataError: as `make_split`.
    """
    drawn = _drawn(ids, labels, split_seed, version, groups, hashes, folds)
    return tuple(_as_split(_in_roles(drawn, folds, fold), ids, split_seed, content_sha256) for fold in range(folds))


def _drawn(
    ids: ShotIds,
    labels: NDArray[np.uint8],
    split_seed: int,
    version: int,
    groups: NDArray[np.int32] | None,
    hashes: NDArray[np.uint64] | None,
    folds: int,
) -> NDArray[np.int64]:
    """Part of every shot, 0, 1 or 2, or its fold, shape (N,)."""
    if len(ids) < MIN_SHOTS:
        raise DataError(f"{len(ids)} shots, at least {MIN_SHOTS} are needed for a 70/15/15 split", "take more shots")
    if len(np.unique(ids)) != len(ids):
        raise DataError("repeated ids: a split is keyed on ids, each shot needs its own", "import the store again")
    order = np.argsort(ids)
    sorted_labels = labels[order].astype(bool)
    first = np.arange(len(ids)) if hashes is None else first_of_each(hashes[order])
    if groups is not None:
        shares = np.full(folds, 1 / folds) if folds else SHARES
        parts_in_order = by_group(merged_groups(groups[order], first, len(shares)), sorted_labels, shares, split_seed)
    else:
        of_images, shots, image = one_for_each_image(sorted_labels, first)
        # iterstrat gives a part its shots in the order in which they come, and ids mostly follow the runs.
        mixed = np.random.default_rng(split_seed).permutation(len(shots)) if version > 1 else np.arange(len(shots))
        of_images, shots = of_images[mixed], shots[mixed]
        drawn = np.empty(len(shots), np.int64)
        drawn[mixed] = _folded(of_images, folds, split_seed) if folds else _stratified(of_images, shots, split_seed)
        parts_in_order = drawn[image]
    parts = np.empty(len(ids), np.int64)
    parts[order] = parts_in_order
    return parts


def _in_roles(drawn: NDArray[np.int64], folds: int, fold: int) -> NDArray[np.int64]:
    """Part of every shot where one fold is test and the next one val, from the fold of every shot."""
    roles = np.zeros(folds, np.int64)  # train
    roles[[(fold + 1) % folds, fold]] = 1, 2
    found: NDArray[np.int64] = roles[drawn]
    return found


def _as_split(parts: NDArray[np.int64], ids: ShotIds, split_seed: int, content_sha256: str) -> Split:
    rows = [np.flatnonzero(parts == part).astype(np.int64) for part in range(len(PARTS))]
    for name, members in zip(PARTS, rows, strict=True):
        if not len(members):
            raise DataError(f"the {name} part is empty: too many label sets occur only once", "take more shots")
    digest = _digest([ids[members] for members in rows], split_seed)
    return Split(rows[0], rows[1], rows[2], digest=digest, split_seed=split_seed, store_sha256=content_sha256)


def _stratified(labels: NDArray[np.bool_], shots: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Part 0, 1 or 2 of every image, shape (N,); `shots` says how many have it, and very many go to train."""
    _, members, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    members = members.reshape(-1)
    parts = np.zeros(len(labels), np.int64)
    total = int(shots.sum())
    free = np.flatnonzero((counts[members] > 1) & (shots <= max(LARGE * total, 1)))
    if not len(free):
        return parts
    # Shots with a unique label set are in train already; the others aim at what is left of each share.
    aims = np.array(SHARES) * total - np.array([total - int(shots[free].sum()), 0, 0])
    aims = np.maximum(aims, 0)
    # Label sets too small for every part would all end up in train; their shots are stratified by class only.
    sets = members[free, None] == np.flatnonzero(counts >= SHARED)
    parts[free] = _stratify(np.hstack([labels[free], sets]), aims / aims.sum(), seed)
    _require_presence(labels, parts, free, len(PARTS), SHARED)
    return parts


def _folded(labels: NDArray[np.bool_], folds: int, seed: int) -> NDArray[np.int64]:
    """Fold of every shot, shape (N,), those with a unique label set included, so that each shot is tested once."""
    _, members, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    sets = members.reshape(-1, 1) == np.flatnonzero(counts >= folds)
    parts = _stratify(np.hstack([labels, sets]), np.full(folds, 1 / folds), seed)
    _require_presence(labels, parts, np.arange(len(labels)), folds, folds)
    return parts


def _stratify(labels: NDArray[np.bool_], shares: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Part of every shot, 0 to K - 1, shape (N,), by iterative stratification.

    Args:
        labels: columns to stratify, shape (N, C).
        shares: of each part, K of them, summing to 1.
        seed: decides between equals.
    """
    # Imported here, because scikit-learn takes a second. The classes of the package know equal or two-way shares only.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from iterstrat.ml_stratifiers import IterativeStratification

        parts = IterativeStratification(labels=labels, r=shares, random_state=np.random.RandomState(seed))
    return np.asarray(parts, np.int64)


def _require_presence(
    labels: NDArray[np.bool_], parts: NDArray[np.int64], free: NDArray[np.int64], number: int, least: int
) -> None:
    """Move single shots, in place, until every class of at least `least` shots is present in each part.

    Args:
        labels: shape (N, C).
        parts: part of every shot, shape (N,).
        free: shots that may move, shape (n,).
        number: of parts.
        least: shots of a class from which on it must be present in each part.
    """
    movable = np.zeros(len(labels), bool)
    movable[free] = True
    for column in np.argsort(labels.sum(axis=0), kind="stable"):
        shots = np.flatnonzero(labels[:, column])
        if len(shots) < least:
            continue
        for part in range(number):
            counts = np.bincount(parts[shots], minlength=number)
            able = np.bincount(parts[shots[movable[shots]]], minlength=number) > 0
            giver = int(np.where(able, counts, 0).argmax())
            if counts[part] == 0 and able[giver] and counts[giver] > 1:
                # Moving the shot with the fewest labels disturbs the other classes least.
                candidates = shots[movable[shots] & (parts[shots] == giver)]
                parts[candidates[labels[candidates].sum(axis=1).argmin()]] = part


def _digest(parts: Sequence[ShotIds], seed: int) -> str:
    content = {"split_seed": seed} | {name: np.sort(part).tolist() for name, part in zip(PARTS, parts, strict=True)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
