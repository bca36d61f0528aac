"""How a file of shots is to be read, as keyword arguments."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

from airybench.api.arguments import whole
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.errors import unknown


class ReadOptions(TypedDict, total=False):
    """Keyword arguments of `open_shots` and `import_data`; a store, deposit or CXI file needs none of them.

    Attributes:
        images: key of the images in a stack, shape (N, H, W).
        labels: key of the labels, shape (N, C) or (N,).
        ids: key of the identifiers, shape (N,), or several that make one together.
        energy: key of the photon energy, eV or joule.
        photon_energy: photon energy of all shots in eV, in place of a key.
        groups: key of the run number.
        events: keys of further identifiers.
        mask: key of a pixel mask, shape (H, W) or (N, H, W).
        mask_convention: how the mask marks good pixels: `cxi`, `euxfel` or `good-is-one`.
        counts_per_photon: divide values by this number of detector units per photon, for counts in photons.
        clip: clip values to 0..65535 instead of refusing them.
        nan: `mask` masks pixels that are NaN.
        bin: width of the blocks to average, pixels.
        labels_csv: CSV file of ids and labels, in place of a key.
        class_names: names of the label columns, in order.
        labelled_only: leave out shots that the CSV file does not name.
        ignore_labels: do not read the labels of the source.
        name: name of the data set.
    """

    images: str
    labels: str
    ids: str | Sequence[str]
    energy: str
    photon_energy: float
    groups: str
    events: str | Sequence[str]
    mask: str
    mask_convention: str
    counts_per_photon: float
    clip: bool
    nan: str
    bin: int
    labels_csv: str | Path
    class_names: Sequence[str]
    labelled_only: bool
    ignore_labels: bool
    name: str


KEYS = ("images", "labels", "energy", "photon_energy", "groups", "mask", "mask_convention")


def source_options(given: ReadOptions) -> SourceOptions:
    """The options of a source from keyword arguments.

    Raises:
        ConfigError: an unknown argument, or a value that cannot be.

    >>> source_options({"images": "patterns", "bin": 2}).keys.images
    'patterns'
    """
    options = cast(Mapping[str, Any], given)
    for name in options:
        if name not in ReadOptions.__annotations__:
            raise unknown("option", name, ReadOptions.__annotations__)
    csv, names = options.get("labels_csv"), options.get("class_names")
    keys = {key: options[key] for key in KEYS if key in options}
    return SourceOptions(
        keys=StackKeys(**keys, ids=_several(options.get("ids", ())), events=_several(options.get("events", ()))),
        rule=CountsRule.from_options(
            options.get("counts_per_photon"), clip=options.get("clip", False), nan=options.get("nan")
        ),
        factor=None if options.get("bin") is None else whole("bin", options["bin"], 1),
        labels=LabelOptions(
            csv=None if csv is None else Path(csv),
            class_names=None if names is None else tuple(names),
            labelled_only=options.get("labelled_only", False),
            ignore=options.get("ignore_labels", False),
        ),
        name=options.get("name"),
    )


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
