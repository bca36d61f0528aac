"""Whatever holds shots, labelled or not, as counts: a store, a deposit, a stack."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.binning import binning_factor
from airybench.data.formats.counts_rule import CountsRule
from airybench.data.formats.deposit import Deposit, is_deposit, scan
from airybench.data.formats.deposit_import import entry_counts
from airybench.data.formats.importer import blocks
from airybench.data.formats.stack import Stack, StackKeys, convention, is_cxi_stack, scan_stack
from airybench.data.store.store import Store, opened
from airybench.errors import ConfigError, DataError
from airybench.reporter import SILENT, Reporter

Read = Callable[[int, int], NDArray[np.uint16]]


@dataclass(frozen=True)
class Shots:
    """A source of shots.

    Attributes:
        path: the file.
        ids: int64, shape (N,).
        image_shape: (H, W) as they are read, pixels.
        class_names: of its labels; empty when it has none.
        identity: digest that changes when the content, or the way it is read, does.
        read: counts of the shots from `start` to before `stop`, uint16, shape (stop - start, H, W); it holds no open
            file, so that it may be pickled.
        block: shots that lie together, of which none is read without the others: stretches that begin at a multiple of
            it cost least.
    """

    path: Path
    ids: NDArray[np.int64]
    image_shape: tuple[int, int]
    class_names: tuple[str, ...]
    identity: str
    read: Read
    block: int = 1

    @property
    def count(self) -> int:
        """Number of shots N."""
        return len(self.ids)


def open_shots(
    path: Path,
    *,
    keys: StackKeys | None = None,
    rule: CountsRule | None = None,
    factor: int | None = None,
    labels: bool = True,
    reporter: Reporter = SILENT,
) -> Shots:
    """Open a store, a deposit in the layout of CXIDB id 94, a CXI file or a plain stack; labels are not needed.

    Args:
        path: the file.
        keys: where things are in a stack; `images` at least, unless it is a CXI file.
        rule: how values become counts; plain whole numbers only when left out.
        factor: width of the blocks to be averaged; what brings images to at most 259 px when left out.
        labels: leave labels that cannot be alone when False.
        reporter: receives notices.

    Raises:
        ConfigError: options that this kind of source does not take.
        DataError: the file is missing, damaged or none of these.
    """
    given, keys, rule = keys is not None and keys != StackKeys(), keys or StackKeys(), rule or CountsRule()
    convention(keys.mask_convention)
    if keys.images or is_cxi_stack(path):
        return _stack(path, keys, rule, factor, reporter)
    if is_deposit(path):
        if given:
            raise ConfigError(f"{path}: a deposit says all by itself; keys are for stacks, with --images KEY")
        return _deposit(path, rule, factor, labels=labels)
    if given or rule != CountsRule() or factor:
        raise ConfigError(f"{path}: a store is read as it is; keys and rules are for stacks, with --images KEY")
    return _store(path)


def _store(path: Path) -> Shots:
    try:
        store = Store.open(path)
    except DataError as error:
        if "airybench-store" not in str(error):
            raise
        raise DataError(
            f"{path}: neither a store nor a deposit nor a CXI file; for a plain stack say where its images are with "
            "--images KEY"
        ) from None
    return Shots(path, store.ids(), store.image_shape, store.class_names, store.content_sha256, _StoreRead(store))


@dataclass(frozen=True)
class _StoreRead:
    store: Store

    def __call__(self, start: int, stop: int) -> NDArray[np.uint16]:
        return self.store.read_images(np.arange(start, stop))


def _deposit(path: Path, rule: CountsRule, factor: int | None, *, labels: bool) -> Shots:
    try:
        deposit = scan(path, labels=labels)
    except DataError as error:
        if labels:
            scan(path, labels=False)  # else it is no matter of labels
        raise DataError(f"{str(error).rpartition(';')[0]}; add --ignore-labels to answer without them") from None
    factor = factor or binning_factor(deposit.image_shape)
    height, width = (-(-length // factor) for length in deposit.image_shape)
    identity, read = _identity(path, rule, factor), _DepositRead(deposit, rule, factor)
    return Shots(path, deposit.ids, (height, width), deposit.class_names, identity, read)


@dataclass(frozen=True)
class _DepositRead:
    deposit: Deposit
    rule: CountsRule
    factor: int

    def __call__(self, start: int, stop: int) -> NDArray[np.uint16]:
        with opened(self.deposit.path) as file:
            return entry_counts(self.deposit, file, self.deposit.entries[start:stop], self.rule, self.factor)[0]


def _stack(path: Path, keys: StackKeys, rule: CountsRule, factor: int | None, reporter: Reporter) -> Shots:
    stack = scan_stack(path, keys, reporter, energy_needed=False)
    width = factor or binning_factor(stack.shape)
    shape = (-(-stack.shape[0] // width), -(-stack.shape[1] // width))
    if stack.ids is None:
        reporter.notify("no ids: shots are numbered from 0 in the order of the file; --ids KEY takes the source's own")

    ids = np.arange(stack.count, dtype=np.int64) if stack.ids is None else stack.ids
    if len(np.unique(ids)) < len(ids):
        reporter.notify("ids repeat in this source; its shots are told apart by their order")
    read = _StackRead(stack, keys, rule, width)
    return Shots(path, ids, shape, (), _identity(path, keys, rule, width), read, stack.block)


@dataclass(frozen=True)
class _StackRead:
    stack: Stack
    keys: StackKeys
    rule: CountsRule
    factor: int

    def __call__(self, start: int, stop: int) -> NDArray[np.uint16]:
        keep = np.zeros(stop, bool)
        keep[start:] = True
        read = blocks(self.stack, self.keys, self.rule, self.factor, keep, stop, first=start)
        return np.concatenate([images for _, images, _ in read])


def _identity(path: Path, *ways: object) -> str:
    stat = path.resolve().stat()
    content = (path.name, stat.st_size, stat.st_mtime_ns, *ways)
    return hashlib.sha256(repr(content).encode()).hexdigest()
