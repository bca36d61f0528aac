"""The page of histograms: every quantity that a store has, all shots and run by run."""

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from airybench.cli.data import app
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.figures.histograms import store_histograms


@pytest.fixture
def store(write_store, tmp_path) -> Store:
    made = write_store(tmp_path / "runs.h5", count=80)
    rng = np.random.default_rng(2)
    with h5py.File(made.path, "a") as file:
        del file["truth"]
        file["truth/photons"] = np.append(10 ** rng.uniform(3, 6, 79), np.nan).astype(np.float32)
        file["truth/radius"] = (300 * np.exp(0.4 * rng.standard_normal(80))).astype(np.float32)
        file["truth/odd_part"] = rng.random(80).astype(np.float32)
        file["groups"][...] = np.repeat([3, 5], [50, 30])
    return Store.open(made.path)


def heights(axis) -> list[float]:
    return [patch.get_height() for patch in axis.patches if hasattr(patch, "get_height")]


def test_the_filled_histograms_hold_every_known_shot(store) -> None:
    figure = store_histograms(store)
    shown = {axis.get_xlabel(): axis for axis in figure.axes if axis.get_visible()}
    assert list(shown) == [
        "photons on the sensitive area", "volume-equivalent radius, nm", "odd part A", "photon energy, eV", "run",
    ]  # fmt: skip
    assert sum(heights(shown["photons on the sensitive area"])) == 79
    assert sum(heights(shown["odd part A"])) == 80
    assert heights(shown["run"]) == [50, 30]
    radius = store.columns("truth")["radius"]
    median = shown["volume-equivalent radius, nm"].lines[-1].get_xdata()[0]
    assert median == pytest.approx(np.median(radius.astype(np.float64)))
    # one thin line a run, in bins four times as wide, scaled to all shots
    runs = [line.get_ydata() for line in shown["odd part A"].lines[:-1]]
    assert [4 * np.nansum(line) for line in runs] == pytest.approx([80, 80])


def test_a_store_without_parameters_is_refused(write_store, tmp_path) -> None:
    made = write_store(tmp_path / "plain.h5", count=10)
    with h5py.File(made.path, "a") as file:
        del file["truth"]
    with pytest.raises(DataError, match="holds no parameters of a simulation"):
        store_histograms(Store.open(made.path))


def test_the_command_writes_a_picture_once(store, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    answer = runner.invoke(app, ["histograms", str(store.path)])
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "runs-histograms.png").read_bytes().startswith(b"\x89PNG")
    again = runner.invoke(app, ["histograms", str(store.path)])
    assert isinstance(again.exception, DataError)
