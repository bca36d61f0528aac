"""Selections by columns, where a format has columns and where it has none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from airybench.data.formats.dispatch import open_source
from airybench.data.reading.options import FrameOptions, Selection, SourceOptions, StackKeys
from airybench.errors import ConfigError, DataError

IMAGES = np.random.default_rng(8).integers(0, 50, (9, 12, 12)).astype(np.uint16)


@pytest.mark.parametrize("selection", [Selection(keep=("hit",)), Selection(drop=("dark",)), Selection(every="5")])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".cxi"])
def test_a_selection_that_would_be_ignored_is_refused(
    tmp_path: Path, write_deposit: Callable[..., Path], selection: Selection, suffix: str
) -> None:
    path = tmp_path / f"run{suffix}"
    if suffix == ".cxi":
        write_deposit(path, IMAGES, [(0,) * 10 + (1,)] * len(IMAGES))
    elif suffix == ".npy":
        np.save(path, IMAGES)
    else:
        np.savez(path, images=IMAGES, ids=np.arange(len(IMAGES)))
    assert open_source([path]).count == len(IMAGES)
    with pytest.raises(ConfigError, match=r"--(keep|drop|every) needs a column, .*; give --select FILE"):
        open_source([path], SourceOptions(selection=selection))


def test_numpy_files_are_not_grouped_by_what_they_do_not_have(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", IMAGES)
    with pytest.raises(DataError, match="too few axes for --stack-modules"):
        open_source([tmp_path / "run.npy"], SourceOptions(frames=FrameOptions(stack_modules=True)))
    with pytest.raises(DataError, match="is neither in its path nor in"):
        open_source([tmp_path / "run.npy"], SourceOptions(keys=StackKeys(group_by=r"scan(\d+)")))
