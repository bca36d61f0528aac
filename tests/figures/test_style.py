"""One style for every figure, which leaves the user's own settings alone."""

import struct
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_rgb

from airybench.figures.style import BLUE, GREEN, ORANGE, PURPLE, STYLE, heading, new_figure, save, save_for_print


def test_style_stays_inside(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    with rc_context(STYLE):
        figure = new_figure(2, 1)
        axes = figure.add_subplot()
    save(figure, tmp_path / "new" / "figure.png")
    assert not axes.spines["top"].get_visible()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    assert struct.unpack(">II", (tmp_path / "new" / "figure.png").read_bytes()[16:24]) == (300, 150)


def linear(colour: str) -> np.ndarray:
    """Linear RGB of an sRGB colour."""
    value = np.array(to_rgb(colour))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def test_colours_differ_for_readers_without_green_cones() -> None:
    """Deuteranopia in the model of Machado et al., IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009)."""
    seen = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    colours = [seen @ linear(colour) for colour in (BLUE, ORANGE, GREEN, PURPLE)]
    assert min(np.abs(one - other).max() for one, other in combinations(colours, 2)) > 0.15
    assert np.abs(seen @ (linear("#00B000") - linear("#D08000"))).max() < 0.15  # a green and an orange that do not


def test_a_figure_for_papers_is_vectors_too_and_large_ones_are_not_kept(tmp_path: Path) -> None:
    with rc_context(STYLE):
        figure = new_figure(3, 2)
        axes = figure.add_subplot()
        axes.plot([0, 1])
        axes.set_xlabel("macro_ap")
    paths = save_for_print(figure, tmp_path / "a" / "figure.png")
    assert [path.name for path in paths] == ["figure.png", "figure.pdf", "figure.svg"]
    before = [path.read_bytes() for path in paths]
    assert (before[1][:5], b"CreationDate" in before[1], b">macro_ap</text>" in before[2]) == (b"%PDF-", False, True)
    assert sum(map(len, before)) < 60_000
    save_for_print(figure, tmp_path / "b" / "figure.png")
    assert [(tmp_path / "b" / path.name).read_bytes() for path in paths] == before
    axes.plot(np.random.default_rng(0).normal(size=90_000), ".")
    assert [path.name for path in save_for_print(figure, tmp_path / "c" / "figure.png")] == ["figure.png"]


def test_a_long_title_stays_inside_its_figure() -> None:
    with rc_context(STYLE):
        figure = new_figure(4, 2)
        figure.add_subplot()
        heading(figure, "W" + " a study of many words on helium (simulated data)" * 4)
        figure.draw_without_rendering()
        box = figure.get_suptitle() and figure._suptitle.get_window_extent()
    assert box.x1 <= figure.bbox.x1
    assert figure.get_suptitle().count("\n") >= 2
