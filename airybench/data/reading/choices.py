"""What was taken for what in a stack, in words for people."""

from collections.abc import Sequence

import numpy as np

from airybench.data.reading.identifiers import JOINT
from airybench.data.reading.options import StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.data.reading.stack_file import StackFile


def choices_of(source: ShotSource, files: Sequence[StackFile], keys: StackKeys) -> dict[str, str]:
    """What each part of a source was taken from.

    Args:
        source: as read.
        files: it was read from.
        keys: of the first file.

    Returns:
        By the name of the part: `images`, `ids`, `energy`, `mask`, `groups`, `labels`, `events`, `unmapped`.
    """
    words = {"images": _images(files, keys), "ids": _ids(source, files, keys)}
    if source.photon_energy is not None:
        words["energy"] = f"{_range(source.photon_energy)} eV {files[0].energy_words}"
    if keys.mask:
        share = np.mean([1.0 if file.images.good is None else file.images.good.mean() for file in files])
        own = any(file.images.masks is not None for file in files)
        held = "one for each shot" if own else f"{100 * share:.4g} % good"
        words["mask"] = f"/{keys.mask.strip('/')} by the convention {keys.mask_convention}, {held}"
    unmapped = np.mean([file.unmapped for file in files])
    if unmapped:
        words["unmapped"] = f"{100 * unmapped:.4g} % of the pixels are in no source of the view; masked"
    if source.groups is not None and (len(files) > 1 or keys.groups or keys.group_by):
        found = len(np.unique(source.groups))
        way = f"from /{keys.groups.strip('/')}" if keys.groups else f"by {keys.group_by or 'file'}"
        words["groups"] = f"{found} {way}"
    if keys.labels:
        words["labels"] = f"/{keys.labels.strip('/')}, {len(source.class_names)} classes"
    if keys.events:
        words["events"] = ", ".join(f"/{key.strip('/')}" for key in keys.events)
    return words


def _images(files: Sequence[StackFile], keys: StackKeys) -> str:
    found = files[0].found
    parts, count = sum(len(file.found.parts) for file in files), sum(file.found.count for file in files)
    shape = (count, *found.framing.raw)
    more = [f"{parts} parts"] * (parts > len(files)) + [f"{len(files)} files"] * (len(files) > 1)
    more += [found.framing.words] * bool(found.framing.words) + ["shots along the last axis"] * found.framing.last
    return ", ".join([f"/{str(keys.images).strip('/')} {shape} {found.dtype}", *more])


def _ids(source: ShotSource, files: Sequence[StackFile], keys: StackKeys) -> str:
    example = f"such as {source.ids[0]}"
    if files[0].found.names is not None and source.ids[0] in files[0].found.names:
        return f"from the names of the images, {example}"
    if not keys.ids:
        return f"numbers of the frames, from {source.ids[0]}"
    return f"{JOINT.join(f'/{key.strip(chr(47))}' for key in keys.ids)}, {example}"


def _range(values: np.ndarray) -> str:
    low, high = (f"{value:,.6g}".replace(",", " ") for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
