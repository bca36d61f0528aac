"""What a user says about a source: where things are in it, how values become counts, where labels come from."""

from dataclasses import dataclass, field
from pathlib import Path

from airybench.data.formats.counts_rule import CountsRule


@dataclass(frozen=True)
class StackKeys:
    """Where things are in a stack; None where they are absent, or where a CXI file keeps them.

    Attributes:
        images: stack of shape (N, H, W), or one image (H, W).
        labels: 0 or 1, shape (N, C), or class numbers from 0, shape (N,).
        ids: integers, shape (N,).
        energy: photon energy of every shot (N,) or of all (scalar), in eV or joule.
        photon_energy: one energy for all shots, eV, in place of a key.
        groups: run number of every shot (N,) or of the file (scalar).
        events: further identifiers, each of shape (N,).
        mask: shape (H, W) or (N, H, W).
        mask_convention: one of CONVENTIONS; needed with a mask.
    """

    images: str | None = None
    labels: str | None = None
    ids: str | None = None
    energy: str | None = None
    photon_energy: float | None = None
    groups: str | None = None
    events: tuple[str, ...] = ()
    mask: str | None = None
    mask_convention: str | None = None


@dataclass(frozen=True)
class LabelOptions:
    """Where labels come from and what they are called.

    Attributes:
        csv: CSV file of ids and labels, in place of a key.
        class_names: in order; from the source or the columns of the CSV file when left out.
        labelled_only: leave out shots that the CSV file does not name.
        ignore: do not read the labels of the source.
    """

    csv: Path | None = None
    class_names: tuple[str, ...] | None = None
    labelled_only: bool = False
    ignore: bool = False


@dataclass(frozen=True)
class SourceOptions:
    """How a source is to be read.

    Attributes:
        keys: where things are in a stack.
        rule: how values become counts; by default only whole numbers from 0 to 65535 are accepted.
        factor: width of the blocks to average, pixels; by default what brings images to at most 259 px.
        labels: where labels come from.
        name: of the data set; by default from the source.
    """

    keys: StackKeys = StackKeys()
    rule: CountsRule = field(default_factory=CountsRule)
    factor: int | None = None
    labels: LabelOptions = LabelOptions()
    name: str | None = None


DEFAULT_OPTIONS = SourceOptions()
"""Nothing is said about the source."""
