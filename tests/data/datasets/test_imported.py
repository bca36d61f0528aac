"""Every kind of file is a data set: imported once, again when it changed, and asked about where it does not say all."""

import os
from pathlib import Path

import field_files
import numpy as np
import pytest
from field_files import Truth
from reporters import CollectingReporter

from airybench.cli.main import run
from airybench.config import DataConfig
from airybench.data.datasets.catalog import display_name, open_dataset
from airybench.data.datasets.outline import outline
from airybench.errors import DataError, MissingOptionError


def times_imported(reporter: CollectingReporter) -> int:
    return sum(" once, into " in line for line in reporter.notices)


@pytest.mark.parametrize("make", [field_files.cheetah_cxi, field_files.eiger_master, field_files.sacla_run])
def test_files_of_facilities_are_data_sets(make, tmp_path: Path, folder: Path) -> None:
    truth: Truth = make(tmp_path)
    reporter = CollectingReporter()
    store = open_dataset(str(truth.path), count=1, seed=1, reporter=reporter)
    assert store.path.parent == folder
    good = True if truth.good is None else truth.good
    np.testing.assert_array_equal(store.read_images(), np.where(good, truth.images, 0))
    assert open_dataset(str(truth.path), count=1, seed=1, reporter=reporter) == store
    assert times_imported(reporter) == 1
    assert outline(str(truth.path), DataConfig()).size == (len(truth.images), 0)
    assert display_name(str(truth.path)) == truth.path.stem


def test_a_folder_is_a_data_set_that_is_imported_again_when_a_file_in_it_changes(tmp_path: Path, folder: Path) -> None:
    truth = field_files.fermi_runs(tmp_path / "beamtime")
    reporter = CollectingReporter()
    store = open_dataset(str(tmp_path / "beamtime"), count=1, seed=1, reporter=reporter)
    np.testing.assert_array_equal(store.read_images(), truth.images)
    assert display_name(str(tmp_path / "beamtime")) == "beamtime"
    os.utime(truth.path, ns=(1, 1))
    open_dataset(str(tmp_path / "beamtime"), count=1, seed=1, reporter=reporter)
    assert times_imported(reporter) == 2


def test_a_file_behind_a_link_counts_as_well(tmp_path: Path, folder: Path) -> None:
    truth = field_files.eiger_master(tmp_path)
    reporter = CollectingReporter()
    store = open_dataset(str(truth.path), count=1, seed=1, reporter=reporter)
    later = store.path.stat().st_mtime_ns + 10**9
    os.utime(tmp_path / "w_data_000002.h5", ns=(later, later))
    open_dataset(str(truth.path), count=1, seed=1, reporter=reporter)
    assert times_imported(reporter) == 2


def test_what_a_file_does_not_say_is_asked_for_with_the_command(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = field_files.swissfel_run(tmp_path).path
    with pytest.raises(MissingOptionError, match=f"makes: airybench data import {path} --photon-energy EV$"):
        open_dataset(str(path), count=1, seed=1)
    assert run(["train", "--dataset", str(path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert f"airybench data import {path} --photon-energy EV" in said[-1]
    assert not list(folder.glob("*.h5"))


def test_what_is_no_data_set(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "notes.txt").write_text("no data")
    with pytest.raises(DataError, match="notes"):
        open_dataset(str(tmp_path / "notes.txt"), count=1, seed=1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty"):
        open_dataset(str(tmp_path / "empty"), count=1, seed=1)
