"""How a source of shots is to be read, as keyword arguments."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

from airybench.api.arguments import whole
from airybench.data.reading.contradictions import refuse_contradictions
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.options import FrameOptions, LabelOptions, Selection, SourceOptions, StackKeys
from airybench.errors import ConfigError, unknown


class ReadOptions(TypedDict, total=False):
    """Keyword arguments of `open_shots` and `import_data`, named as the options of `airybench data import`.

    A source whose layout is recognised needs few of them, often none.

    Attributes:
        kind: of the source, such as `eiger` or `stack`; recognised when left out.
        images: key of the images, shape (N, H, W) or with modules (N, M, H, W); with `*` it names many data sets.
        labels: key of the labels, shape (N, C) or (N,).
        ids: key of the identifiers, shape (N,), or several that make one together.
        energy: key of the photon energy.
        wavelength: key of the wavelength, in place of an energy.
        unit: of that energy or wavelength: `eV`, `keV`, `J`, `nm`, `angstrom`, `m` or `pm`.
        photon_energy: photon energy of all shots in eV, in place of a key.
        column_ids: key of ids by which energies, groups and events are listed, where their order is another one.
        groups: key of the run of each shot.
        group_by: in place of a key, `folder`, `file` or a regular expression for the path, with one group.
        events: key or keys of further identifiers.
        mask: key of a pixel mask, shape (H, W) or (N, H, W); `FILE:KEY` for one in another file.
        mask_convention: how the mask marks good pixels: `cxi`, `euxfel`, `good-is-one` or `nxmx`.
        stack_modules: put the modules of a frame below one another.
        geometry: file in the format of CrystFEL that says where the modules are.
        index: number of the one module to take, from 0.
        channel: plane of raw frames (2, H, W) to take: 0 intensity, 1 gain.
        axis: of the stack that counts the shots, `first` or `last`.
        shape: (H, W) of an image in pixels, or as text `H,W`, for a source that lists its pixels row by row.
        keep: key or keys; shots whose value is not 0 are taken.
        drop: key or keys; shots whose value is not 0 are left out.
        select: file that lists the ids to take.
        every: period of background bunches, or its key; ids that are a multiple of it are left out; 0 for none.
        skip: with `every`, the remainder of the id that is left out.
        drop_blank: leave out frames whose pixels all have one value.
        invalid: values that mean no measurement: numbers, `max`, `negative`, `nan` or `none`. They are masked.
        counts_per_photon: divide values by this number of detector units per photon, for counts in photons.
        clip: clip values to 0..65535 instead of refusing them.
        nan: `mask` masks pixels that are NaN.
        find_bad_pixels: look for dead, stuck, hot, noisy and dim pixels in a sample of the shots and mask them.
        bin: width of the blocks to average, pixels.
        labels_csv: list of ids and labels, in place of a key.
        class_names: in order.
        labelled_only: leave out shots that the list does not name.
        ignore_labels: do not read the labels of the source.
        fold_case: `ROUND` and `Round` are one class.
        label_separators: characters between the names of several classes in one cell; `;` by default.
        unsure: what `MAYBE`, `?` and `nan` mean: `unlabelled`, `class` or `refuse`.
        on_conflict: identical images with different labels: `drop` leaves all of them out, `first` keeps the first.
        name: of the data set.
        swmr: read a file that is being written, as far as it is written.
        wait: seconds to wait for a file that is being written.
    """

    kind: str
    images: str
    labels: str
    ids: str | Sequence[str]
    energy: str
    wavelength: str
    unit: str
    photon_energy: float
    column_ids: str
    groups: str
    group_by: str
    events: str | Sequence[str]
    mask: str
    mask_convention: str
    stack_modules: bool
    geometry: str | Path
    index: int
    channel: int
    axis: str
    shape: str | Sequence[int]
    keep: str | Sequence[str]
    drop: str | Sequence[str]
    select: str | Path
    every: str | int
    skip: int
    drop_blank: bool
    invalid: str | float | Sequence[str | float]
    counts_per_photon: float
    clip: bool
    nan: str
    find_bad_pixels: bool
    bin: int
    labels_csv: str | Path
    class_names: Sequence[str]
    labelled_only: bool
    ignore_labels: bool
    fold_case: bool
    label_separators: str
    unsure: str
    on_conflict: str
    name: str
    swmr: bool
    wait: float


KEYS = (
    "images", "labels", "energy", "wavelength", "unit", "photon_energy", "column_ids", "groups", "group_by",
    "mask", "mask_convention",
)  # fmt: skip
"""Keys of which there is one each."""


def source_options(given: ReadOptions) -> SourceOptions:
    """The options of a source from keyword arguments. Those that are None count as left out.

    Raises:
        ConfigError: an unknown argument, a value that cannot be, or arguments that contradict each other.

    >>> source_options({"images": "patterns", "bin": 2}).keys.images
    'patterns'
    """
    said = {name: value for name, value in cast(Mapping[str, Any], given).items() if value is not None}
    for name in said:
        if name not in ReadOptions.__annotations__:
            raise unknown("option", name, ReadOptions.__annotations__)
    options = SourceOptions(
        kind=said.get("kind"),
        keys=StackKeys(
            **{key: said[key] for key in KEYS if key in said},
            ids=_several(said.get("ids", ())),
            events=_several(said.get("events", ())),
        ),
        frames=FrameOptions(
            stack_modules=said.get("stack_modules", False),
            geometry=_path(said.get("geometry")),
            index=_whole(said, "index", 0),
            channel=_whole(said, "channel", 0),
            axis=said.get("axis"),
            shape=_shape(said.get("shape")),
        ),
        selection=_selection(said),
        rule=CountsRule.from_options(
            said.get("counts_per_photon"),
            clip=said.get("clip", False),
            nan=said.get("nan"),
            invalid=_several(said.get("invalid", ())),
        ),
        find_bad_pixels=said.get("find_bad_pixels", False),
        factor=_whole(said, "bin", 1),
        labels=_labels(said),
        name=said.get("name"),
        swmr=said.get("swmr", False),
        wait=_seconds(said.get("wait", 0.0)),
    )
    refuse_contradictions(options)
    return options


def _selection(said: Mapping[str, Any]) -> Selection:
    every = said.get("every")
    return Selection(
        keep=_several(said.get("keep", ())),
        drop=_several(said.get("drop", ())),
        select=_path(said.get("select")),
        every=None if every is None else str(every),
        skip=_whole(said, "skip", 0) or 0,
        drop_blank=said.get("drop_blank", False),
    )


def _labels(said: Mapping[str, Any]) -> LabelOptions:
    names, unsure = said.get("class_names"), said.get("unsure")
    return LabelOptions(
        csv=_path(said.get("labels_csv")),
        class_names=None if names is None else tuple(names),
        labelled_only=said.get("labelled_only", False),
        ignore=said.get("ignore_labels", False),
        fold_case=said.get("fold_case", False),
        separators=said.get("label_separators", LabelOptions.separators),
        unsure=None if unsure == "refuse" else unsure,
        conflicts=said.get("on_conflict"),
    )


def _several(given: Any) -> tuple[str, ...]:
    return (str(given),) if isinstance(given, str | int | float) else tuple(map(str, given))


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _whole(said: Mapping[str, Any], name: str, least: int) -> int | None:
    return None if said.get(name) is None else whole(name, said[name], least)


def _shape(given: str | Sequence[int] | None) -> tuple[int, int] | None:
    """Height and width, both above 0.

    >>> _shape("12,9"), _shape("12 x 9"), _shape((12, 9))
    ((12, 9), (12, 9), (12, 9))
    """
    if given is None:
        return None
    parts = re.split("[,x]", given) if isinstance(given, str) else given
    try:
        height, width = (int(part) for part in parts)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise ConfigError(f"shape is {given!r}, expected height and width in pixels, such as 512,1024")
    return height, width


def _seconds(given: Any) -> float:
    """A time that is not below 0."""
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"wait is {given!r}, expected a number of seconds from 0")
    return seconds
