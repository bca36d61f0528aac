"""The plate shows every class, reads well for weak and bright shots, and says where the patterns come from."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from typer.testing import CliRunner

from airybench.cli.data import app
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError
from airybench.figures.gallery import FEWEST_DECADES, ShotPanel, ShotRow, choose, gallery, limits, store_gallery


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def panels(figure: Figure) -> list[NDArray[np.float32]]:
    """What each panel shows; the last axes are the colour scale."""
    return [axes.images[0].get_array() for axes in figure.axes[:-1]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return simulated_store(Series("cxidb", 3), 20, output=tmp_path_factory.mktemp("gallery") / "small.h5")


def test_chosen_shots_carry_their_class_and_differ_where_they_can() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 5)) < (0.9, 0.5, 0.1, 0.02, 0.0)).astype(np.uint8)
    chosen = choose(labels, 6, seed=1)
    for column, shots in enumerate(chosen):
        assert len(shots) == min(6, labels[:, column].sum())
        assert (labels[shots, column] == 1).all()
        assert (np.diff(shots) > 0).all()
    everything = np.concatenate(chosen)
    assert len(set(everything)) == len(everything)
    assert [s.tolist() for s in choose(labels, 6, seed=1)] == [s.tolist() for s in chosen]
    assert [s.tolist() for s in choose(labels, 6, seed=2)] != [s.tolist() for s in chosen]
    same = choose(np.ones((3, 2), np.uint8), 3, seed=1)
    assert [s.tolist() for s in same] == [[0, 1, 2]] * 2


@pytest.mark.parametrize("offset", [0, 100, 5000])
def test_an_offset_does_not_wash_a_pattern_out(offset: int) -> None:
    rng = np.random.default_rng(0)
    signal = 2000 * np.exp(-np.hypot(*np.mgrid[-40:40, -40:40]) / 4)
    counts = (signal + offset + 6 * rng.standard_normal(signal.shape)).astype(np.float32)
    background, low, high = limits(counts, np.ones(counts.shape, np.bool_))
    assert background == pytest.approx(offset - 2 * 6, abs=4)
    assert low == pytest.approx(2 * 6, rel=0.25)
    assert high == pytest.approx(1400, rel=0.25)


def test_weak_and_bright_patterns_have_limits_of_their_own() -> None:
    rng = np.random.default_rng(1)
    rings = 1 + np.cos(np.hypot(*np.mgrid[-40:40, -40:40]) / 2)
    everywhere = np.ones(rings.shape, np.bool_)
    tops = [limits(rng.poisson(scale * rings).astype(np.float32), everywhere)[2] for scale in (20, 2000)]
    assert tops[1] > 50 * tops[0]


def test_noise_alone_stays_dark() -> None:
    noise = np.random.default_rng(2).normal(100, 5, (80, 80)).astype(np.float32)
    background, low, high = limits(noise, np.ones(noise.shape, np.bool_))
    assert high == pytest.approx(low * 10**FEWEST_DECADES)
    assert np.median(noise) - background < 2 * low


@pytest.mark.parametrize("value", [0.0, 70.0])
def test_a_pattern_without_contrast_or_pixels_can_be_drawn(value: float, tmp_path: Path) -> None:
    flat = np.full((9, 9), value, np.float32)
    rows = [
        ShotRow(
            "$x_$", 2, [ShotPanel(flat, np.full((9, 9), seen), ("1 · 20 eV", "a_b, $c$")) for seen in (True, False)]
        ),
        ShotRow("none", 0, []),
    ]
    figure = gallery(rows, columns=2, title="flat", note="Flat.")
    figure.savefig(tmp_path / "flat.png")
    assert {"$x_$", "2 shots", "none", "0 shots"} <= set(texts(figure))
    assert np.ma.getmaskarray(panels(figure)[1]).all()


def test_a_store_is_shown_class_by_class(store: Store) -> None:
    figure = store_gallery(store, columns=2)
    assert texts(figure)[0] == "cxidb - simulated, 20 shots, seed 3"
    for name, count in zip(store.class_names, store.labels().sum(axis=0), strict=True):
        assert name in texts(figure)
        assert f"{count} shots" in texts(figure) or count == 1
    shown = panels(figure)
    assert len(shown) == np.minimum(store.labels().sum(axis=0), 2).sum()
    assert shown[0].shape == (259, 259)
    assert np.ma.getmaskarray(shown[0])[129].sum() > 200  # the gap between the halves of the detector
    small = store_gallery(store, columns=2, panel=0.9, dpi=100)
    assert panels(small)[0].shape == (86, 86)


def test_the_command_writes_a_png_and_refuses_what_it_must(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> str:
        words = [str(argument) for argument in ("gallery", *arguments)]
        return CliRunner().invoke(app, words, catch_exceptions=False).stdout

    assert run(store.path, "--columns", 1) == "small-gallery.png\n"
    assert (tmp_path / "small-gallery.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DataError, match="exists already; add --force"):
        run(store.path)
    assert run(store.path, "--force", "--columns", 1) == "small-gallery.png\n"
    with pytest.raises(DataError, match=r"ends in \.png, \.pdf or \.svg"):
        run(store.path, "--output", "plate.jpg")
    with pytest.raises(DataError, match="no such file"):
        run(tmp_path / "none.h5", "--output", "x.png")
    with pytest.raises(ConfigError, match="unknown data set 'helum'"):
        run("helum")
