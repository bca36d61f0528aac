"""Opening sources in tests: values, notices and refusals of formats, without a store."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.formats.dispatch import open_source
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import EXIT_INPUT, InputError


def opened(*paths: Path, options: SourceOptions = DEFAULT_OPTIONS) -> tuple[ShotSource, list[str]]:
    """A source, and what was said while it was opened."""
    reporter = CollectingReporter()
    return open_source(paths, options, reporter), reporter.notices


def counts(source: ShotSource) -> np.ndarray:
    """All counts, by a reader that went to another process; any stretch of them is the same."""
    reader = pickle.loads(pickle.dumps(source.read))
    everything = reader(0, source.count)
    middle = source.count // 2
    np.testing.assert_array_equal(reader(middle, source.count), everything[middle:])
    return everything


def good(source: ShotSource) -> np.ndarray:
    """Good pixels of all shots, shape (N, H, W)."""
    blocks = list(source.read.blocks(np.arange(source.count)))
    if source.mask is not None:
        return np.broadcast_to(source.mask, (source.count, *source.image_shape))
    return np.concatenate([np.ones(block.counts.shape, bool) if block.good is None else block.good for block in blocks])


def refused(*paths: Path, options: SourceOptions = DEFAULT_OPTIONS, read: bool = True) -> str:
    """The line with which a source is refused, on opening or on reading."""
    with pytest.raises(InputError) as caught:
        _read(*paths, options=options, read=read)
    assert caught.value.exit_code == EXIT_INPUT
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _read(*paths: Path, options: SourceOptions, read: bool) -> None:
    source, _ = opened(*paths, options=options)
    if read:
        source.read(0, source.count)
