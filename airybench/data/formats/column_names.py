"""What data sets of files that nobody described are called: identifiers, energies, runs, labels, masks."""

import re
from collections.abc import Sequence

from airybench.data.hdf5.tree import DatasetNode, FileTree

IDS = ("id", "ids", "shotid", "shotids", "eventid", "eventids", "shot", "shots", "event", "events")
MORE_IDS = (
    *("trainid", "pulseid", "bunchid", "bunch", "bunches", "tag", "tagnumber", "timestamp", "timestamps", "eventtime"),
    *("fiducial", "fiducials", "frame", "framenumber"),
)
ENERGIES = ("photonenergy", "photonenergies", "energy", "energies")
WAVELENGTHS = ("wavelength", "wavelengths", "photonwavelength", "incidentwavelength", "lambda")
UNIT = re.compile(r"(_in)?_(ev|kev|j|joule)$")
LENGTH_UNIT = re.compile(r"(_in)?_(nm|pm|m|a|angstrom)$")
GROUPS = ("run", "runs", "runnumber", "group", "groups")
LABELS = ("label", "labels", "class", "classes", "y")
MASKS = ("mask", "masks", "pixelmask", "badpixels")


def called_mask(name: str) -> bool:
    """Whether a key or name is one of a mask."""
    return _plain(_last(name)) in MASKS


def named(
    tree: FileTree, names: Sequence[str], unit: re.Pattern[str] | None = None, *, faulty: bool = False
) -> list[DatasetNode]:
    """Data sets of some names that can be read, or that cannot, in the order of those names.

    Args:
        tree: of the file.
        names: without `_` and `-`, in small letters.
        unit: what a name may have besides at its end.
        faulty: those that cannot be read, and no others.
    """
    known = [(node, name) for node in tree.datasets.values() if (name := _known(node, names, unit)) is not None]
    known = [one for one in known if bool(one[0].fault) == faulty]
    return [node for node, _ in sorted(known, key=lambda one: names.index(one[1]))]


def _known(node: DatasetNode, names: Sequence[str], unit: re.Pattern[str] | None) -> str | None:
    """Which of some names the last part of a key is, with or without a unit; None where it is none of them."""
    last = _last(node.key)
    forms = [_plain(form) for form in (last, unit.sub("", last) if unit else last)]
    return next((form for form in forms if form in names), None)


def _last(key: str) -> str:
    return key.rpartition("/")[2].lower()


def _plain(name: str) -> str:
    """A name without what people put between its words, so that `pulseId` and `pulse_id` are one."""
    return name.replace("_", "").replace("-", "")
