"""What a user says about a source: where things are in it, how values become counts, where labels come from."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from airybench.data.reading.counts_rule import CountsRule


@dataclass(frozen=True)
class StackKeys:
    """Where things are in a stack; None where they are absent, or where the format of the file tells.

    Attributes:
        images: stack of shape (N, H, W) or with modules (N, M, H, W), or one image (H, W). With wildcards (`*`) it
            names several data sets, which are joined in natural order; where each is one image, the part of its name
            that the last wildcard stands for is its id (all parts joined by `:` where those repeat). The keys of
            columns may have wildcards too; their data sets are joined in the same order.
        labels: 0 or 1, shape (N, C), or class numbers from 0, shape (N,).
        ids: integers or text, shape (N,), (N, 1) or scalar; several keys together make one identifier, joined by `:`.
        energy: photon energy of every shot (N,) or of all (scalar); its attribute `units` or `unit` says in what.
        wavelength: wavelength of every shot (N,) or of all (scalar), in place of an energy.
        unit: of energy or wavelength, one of UNITS, where the file does not say.
        photon_energy: one energy for all shots, eV, in place of a key.
        column_ids: ids by which the columns (energy, wavelength, groups, events) are given, shape (M,), where they are
            in another order or of another length than the images; without it they are in the order of the images.
        groups: run of every shot (N,) or of the file (scalar), integers or text.
        group_by: in place of a key, `folder` or `file`, or a regular expression with one group that is searched for in
            the path of each file, and where that has none in the key of each image.
        events: further identifiers, each of shape (N,).
        mask: shape (H, W) or (N, H, W), modules as the images have them; `FILE:KEY` for a mask in another file.
        mask_convention: one of CONVENTIONS; needed with a mask where the format does not tell.
    """

    images: str | None = None
    labels: str | None = None
    ids: tuple[str, ...] = ()
    energy: str | None = None
    wavelength: str | None = None
    unit: str | None = None
    photon_energy: float | None = None
    column_ids: str | None = None
    groups: str | None = None
    group_by: str | None = None
    events: tuple[str, ...] = ()
    mask: str | None = None
    mask_convention: str | None = None

    def completed(self, known: Self) -> Self:
        """These keys, with what is absent taken from those that the format of a file tells.

        >>> keys = StackKeys(images="mine").completed(StackKeys(images="theirs", mask="m"))
        >>> keys.images, keys.mask
        ('mine', 'm')
        """
        taken = {
            one.name: getattr(known, one.name)
            for one in fields(self)
            if getattr(self, one.name) in (None, ()) and getattr(known, one.name) not in (None, ())
        }
        if self.photon_energy is not None or self.energy or self.wavelength:
            for name in ("energy", "wavelength", "photon_energy"):
                taken.pop(name, None)
        if self.group_by:
            taken.pop("groups", None)
        if self.groups:
            taken.pop("group_by", None)
        if self.mask:
            taken.pop("mask_convention", None)
        return replace(self, **taken)


@dataclass(frozen=True)
class FrameOptions:
    """How one frame of a source becomes one image.

    Attributes:
        stack_modules: modules (M, H, W) are put below one another to (M H, W).
        geometry: file in the format of CrystFEL, by which modules are put where they are on the detector.
        index: number of the one module to take, from 0.
        channel: number of the plane to take from raw frames (2, H, W): 0 intensity, 1 gain.
        axis: where the shots are in the shape of a stack, `first` or `last`; None where the shape decides.
        shape: (H, W) of an image, pixels, where a source lists its pixels row by row and says no shape.
    """

    stack_modules: bool = False
    geometry: Path | None = None
    index: int | None = None
    channel: int | None = None
    axis: str | None = None
    shape: tuple[int, int] | None = None


@dataclass(frozen=True)
class Selection:
    """Which shots of a source are taken.

    Attributes:
        keep: keys of columns (N,); shots with a value other than 0 in each of them are taken.
        drop: keys of columns (N,); shots with a value other than 0 in any of them are left out.
        select: file that lists the ids to take, in any form that `data.labelling.shot_list` reads.
        every: period of bunches without sample, or the key of a scalar that holds it: shots whose id is a multiple of
            it are left out; 0 for none. Needs integer ids.
        skip: which remainder is left out, with `every`.
        drop_blank: frames whose pixels all hold one value are left out.
    """

    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    select: Path | None = None
    every: str | None = None
    skip: int = 0
    drop_blank: bool = False


@dataclass(frozen=True)
class LabelOptions:
    """Where labels come from and what they are called.

    Attributes:
        csv: file of ids and labels in any dialect of CSV, in place of a key.
        class_names: in order; from the source or the columns of the file when left out.
        labelled_only: leave out shots that the file does not name.
        ignore: do not read the labels of the source.
        fold_case: `ROUND` and `Round` are one class.
        separators: characters between the names of several classes in one cell.
        unsure: what `MAYBE`, `?` and `nan` mean: `unlabelled` leaves those shots out, `class` makes each a class of its
            own, None refuses them.
        conflicts: what is done with identical images that have different labels: `drop` leaves all of them out, `first`
            keeps the first, None refuses them.
    """

    csv: Path | None = None
    class_names: tuple[str, ...] | None = None
    labelled_only: bool = False
    ignore: bool = False
    fold_case: bool = False
    separators: str = ";"
    unsure: str | None = None
    conflicts: str | None = None


@dataclass(frozen=True)
class SourceOptions:
    """How a source is to be read.

    Attributes:
        kind: of the format, one of `data.formats.known.KINDS`; recognised when left out.
        keys: where things are in a stack.
        frames: how one frame becomes one image.
        selection: which shots are taken.
        rule: how values become counts; by default only whole numbers from 0 to 65535 are accepted.
        find_bad_pixels: dead, stuck, hot, noisy and dim pixels are looked for and masked.
        factor: width of the blocks to average, pixels; by default what brings images to at most 259 px.
        labels: where labels come from.
        name: of the data set; by default from the source.
        swmr: read a file that is still being written, as far as it is written.
        wait: seconds to wait for a file that is being written.
    """

    kind: str | None = None
    keys: StackKeys = StackKeys()
    frames: FrameOptions = FrameOptions()
    selection: Selection = Selection()
    rule: CountsRule = field(default_factory=CountsRule)
    find_bad_pixels: bool = False
    factor: int | None = None
    labels: LabelOptions = LabelOptions()
    name: str | None = None
    swmr: bool = False
    wait: float = 0.0


DEFAULT_OPTIONS = SourceOptions()
"""Nothing is said about the source."""
