"""Modules put where they are on the detector, by a geometry file of CrystFEL."""

from dataclasses import dataclass, field
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.errors import ConfigError, DataError

_MOST_GAPS = 16
"""Places of an image for each pixel of the modules, beyond which positions make no sense."""

Panels = dict[str, dict[str, Any]]
"""What a geometry file says of each panel, by name."""


@dataclass(frozen=True)
class Placed:
    """Modules where they are on the detector, on a grid of whole pixels, as `position_modules` of extra-geom puts them.

    Attributes:
        path: of the geometry file.
        raw: (M, H, W) of the modules.
        pixels: for each pixel of the image its index among those of the modules, -1 for gaps and bad pixels.
    """

    path: Path
    raw: tuple[int, int, int]
    pixels: NDArray[np.int64] = field(compare=False, repr=False)

    @property
    def words(self) -> str:
        """See `Assembly`."""
        height, width = self.pixels.shape
        hidden = int(np.prod(self.raw)) - int((self.pixels >= 0).sum())
        left = f", without {hidden} pixels that it calls bad or puts below others" if hidden else ""
        return f"modules placed by {self.path.name} on {height} x {width} px{left}"

    def shape(self, raw: tuple[int, int, int]) -> tuple[int, int]:
        """See `Assembly.shape`."""
        if raw != self.raw:
            raise DataError(f"{self.path}: placed modules of {self.raw}, those found are {raw}")
        height, width = self.pixels.shape
        return height, width

    def apply(self, modules: NDArray[Any], fill: float) -> NDArray[Any]:
        """See `Assembly.apply`."""
        images = np.full((len(modules), *self.pixels.shape), fill, modules.dtype)
        covered = self.pixels >= 0
        images[:, covered] = modules.reshape(len(modules), -1)[:, self.pixels[covered]]
        return images


def placed(path: Path, raw: tuple[int, int, int]) -> Placed:
    """Where a geometry file puts the pixels of modules.

    Args:
        path: geometry file of CrystFEL, for modules along an axis of their own or along the slow axis.
        raw: (M, H, W) of the modules.

    Raises:
        ConfigError: extra-geom is not installed.
        DataError: the file is missing or damaged, or is for other modules.

    Source: CrystFEL's geometry format, https://www.desy.de/~twhite/crystfel/manual-crystfel_geometry.html.
    """
    panels, bad = _read(path)
    base = _library("extra_geom.base")
    numbers = np.arange(int(np.prod(raw)), dtype=np.int64).reshape(raw)
    parts = _parts(path, panels, raw)
    good = np.ones(raw, bool)
    for name, where in parts.items():
        good[where] &= not panels[name].get("no_index")
        for region in bad.values():
            good[where] &= ~_in_region(region, name, panels[name])
    unit = _pixel_size(panels)
    try:
        tiles = {name: base.GeometryFragment.from_panel_dict(panels[name]).snap(unit) for name in parts}
    except (AssertionError, ValueError, ZeroDivisionError) as error:
        raise DataError(
            f"{path}: its panels are not along the axes of the detector", "give another geometry"
        ) from error
    low = np.min([tile.corner_idx for tile in tiles.values()], axis=0)
    corners = {name: np.array(tile.corner_idx) - low for name, tile in tiles.items()}
    height, width = np.max([corners[name] + tile.pixel_dims for name, tile in tiles.items()], axis=0).tolist()
    if height * width > _MOST_GAPS * numbers.size:
        raise DataError(f"{path}: puts {numbers.size} pixels on {height} x {width} px", "give the right geometry")
    pixels = np.full((height, width), -1, np.int64)
    for name, tile in tiles.items():
        (y, x), (tall, wide) = corners[name], tile.pixel_dims
        pixels[y : y + tall, x : x + wide] = tile.transform(np.where(good, numbers, -1)[parts[name]])
    return Placed(path, raw, pixels)


def _library(name: str) -> ModuleType:
    """A module that comes with extra-geom."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            "--geometry needs extra-geom, which is not installed; pip install 'airybench[euxfel]'"
        ) from error


def _read(path: Path) -> tuple[Panels, Panels]:
    """Panels and bad regions of a geometry file."""
    library = _library("cfel_fmt.geometry")
    if not path.is_file():
        raise DataError(f"{path}: no such file", "give a geometry file of CrystFEL with --geometry FILE")
    try:
        detector = library.load_crystfel_geometry(StringIO(_plain(path.read_text("utf-8", "replace")))).detector
        panels = dict(detector["panels"])
        for panel in panels.values():
            corner = [panel[key] for key in ("cnx", "cny", "coffset", "res", "ssx", "ssy", "fsx", "fsy")]
            if not np.isfinite(np.array(corner, float)).all() or panel["res"] <= 0:
                raise ValueError("a panel without its corner or resolution")
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError) as error:
        why = str(error).split("\n")[0]
        raise DataError(f"{path}: not a geometry file of CrystFEL ({why})", "give the right one") from error
    return panels, dict(detector["bad"])


def _plain(text: str) -> str:
    """A geometry file in the words that cfel_fmt reads as CrystFEL does.

    It passes over lines without blanks around the equals sign, and what a direction does not name it leaves as it was.

    >>> _plain("p0/fs=-y ; up")
    'p0/fs = 0x+0y+0z-y'
    """
    lines = []
    for line in text.splitlines():
        key, equals, value = (part.strip() for part in line.split(";")[0].partition("="))
        if equals and key.rpartition("/")[2] in ("fs", "ss"):
            value = f"0x+0y+0z{'' if value[:1] in ('+', '-') else '+'}{value}"
        lines.append(f"{key} = {value}" if equals else key)
    return "\n".join(lines)


def _parts(path: Path, panels: Panels, raw: tuple[int, int, int]) -> dict[str, tuple[int, slice, slice]]:
    """Which pixels of the modules each panel is, in the order of the modules."""
    count, height, width = raw
    found: dict[str, tuple[int, slice, slice]] = {}
    held = np.zeros(raw, np.int64)
    for name, panel in panels.items():
        numbers = [one for one in panel["dim_structure"] if isinstance(one, int)]
        if len(numbers) > 1:
            raise DataError(f"{path}: panel {name} has several numbers in its dims", "give a geometry of one a module")
        first, stop = panel["orig_min_ss"], panel["orig_max_ss"] + 1
        # Without a number, modules follow one another along the slow axis.
        module = numbers[0] if numbers else first // height
        shift = 0 if numbers else module * height
        left, right = panel["orig_min_fs"], panel["orig_max_fs"] + 1
        if module >= count or not 0 <= first - shift < stop - shift <= height or not 0 <= left < right <= width:
            raise DataError(
                f"{path}: panel {name} is not on {count} modules of {height} x {width} px", "give their own geometry"
            )
        found[name] = (module, slice(first - shift, stop - shift), slice(left, right))
        held[found[name]] += 1
    if (held != 1).any():
        raise DataError(
            f"{path}: {int((held != 1).sum())} of the pixels of {count} modules of {height} x {width} px are in no "
            f"panel or in several",
            "give their own geometry",
        )
    return dict(sorted(found.items(), key=lambda one: (one[1][0], one[1][1].start, one[1][2].start)))


def _pixel_size(panels: Panels) -> NDArray[np.float64]:
    """Size of a pixel along x and y, metres; they differ where pixels are not square."""
    sizes: list[list[float]] = [[], []]
    for panel in panels.values():
        for way in ("ss", "fs"):
            step = np.array([panel[way + axis] for axis in "xyz"])
            sizes[int(abs(step[1]) > abs(step[0]))].append(float(np.linalg.norm(step)))
    resolution = float(next(iter(panels.values()))["res"])
    steps = [float(np.median(one)) if one else 1.0 for one in sizes]
    return np.array([1.0 if abs(step - 1) < 0.01 else step for step in steps]) / resolution


def _in_region(region: dict[str, Any], name: str, panel: dict[str, Any]) -> NDArray[np.bool_]:
    """Which pixels (ss, fs) of a panel are in a bad region; its borders belong to it."""
    slow = np.arange(panel["orig_min_ss"], panel["orig_max_ss"] + 1)[:, None]
    fast = np.arange(panel["orig_min_fs"], panel["orig_max_fs"] + 1)[None]
    if region["panel"] not in ("", name):
        return np.zeros((slow.size, fast.size), bool)
    if region["is_fsss"] == 1:
        rows = (slow >= region["min_ss"]) & (slow <= region["max_ss"])
        return np.asarray(rows & (fast >= region["min_fs"]) & (fast <= region["max_fs"]), bool)
    slow, fast = slow - slow[0], fast - fast[:, :1]
    x = panel["cnx"] + fast * panel["fsx"] + slow * panel["ssx"]
    y = panel["cny"] + fast * panel["fsy"] + slow * panel["ssy"]
    inside = (x >= region["min_x"]) & (x <= region["max_x"]) & (y >= region["min_y"]) & (y <= region["max_y"])
    return np.asarray(inside, bool)
