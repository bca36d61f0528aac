"""Folders of pictures: PNG, TIFF or NPY, one file for each shot, or one sub-folder for each class."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.picture import PictureHeader
from airybench.data.formats.picture_frames import PictureFrames, decoded
from airybench.data.formats.picture_header import picture_header
from airybench.data.formats.picture_listing import (
    KINDS,
    Listing,
    holds_pictures,
    list_pictures,
)
from airybench.data.formats.picture_names import look_like_runs, picture_ids
from airybench.data.reading.frame_source import FramePart, frame_source
from airybench.data.reading.groups import Groups, by_path, named_groups
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import ConfigError, DataError
from airybench.reporter import Reporter

KIND, TITLE = "pictures", "folder of pictures"
NEEDS = "a folder of PNG, TIFF or NPY files"


def recognises(path: Path, options: SourceOptions) -> bool:
    """Whether a path is a picture, or a folder that holds pictures and no HDF5 files."""
    if path.is_dir() and any(path.glob("*.h5")):
        return False
    return holds_pictures(path) if path.exists() else False


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Read the headers of all pictures.

    Raises:
        ConfigError: options for stacks, or pictures of several kinds.
        DataError: a picture is damaged, coloured, or of another size than the first.
    """
    _refuse_stack_options(paths[0], options)
    listing = list_pictures(paths, options.keys.images)
    headers = tuple(picture_header(file) for file in listing.files)
    _require_alike(headers)
    _notify(paths[0], listing, headers, reporter)
    pages = np.array([header.pages for header in headers])
    labels, class_names = _labels(paths[0], listing, pages, options)
    if options.keys.group_by == "file" and pages.max() == 1:
        raise ConfigError(
            f"{paths[0]}: --group-by file makes a run of each of these pictures; give folder or a pattern"
        )
    ids, groups = picture_ids(headers), _groups(listing, pages, options.keys.group_by)
    part = FramePart(
        path=paths[0],
        frames=PictureFrames(headers),
        count=int(pages.sum()),
        shape=headers[0].shape,
        ids=ids,
        labels=labels,
        class_names=class_names,
        groups=None if groups is None else groups[0],
        events=named_groups(groups),
        itemsize=np.dtype(headers[0].dtype).itemsize,
        files=listing.files,
    )
    choices = {
        "images": f"{len(headers)} {KINDS[listing.files[0].suffix.lower()]} files, {headers[0].words}",
        "ids": f"the file names, such as {ids[0]}",
    }
    if class_names:
        choices["labels"] = f"the sub-folders: {', '.join(class_names)}"
    source = frame_source([part], options, reporter, kind="pictures", recognised=TITLE, choices=choices)
    return replace(source, files=tuple(str(file.relative_to(_root(paths[0]))) for file in listing.files))


def _root(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _refuse_stack_options(path: Path, options: SourceOptions) -> None:
    """Refuse what only stacks take."""
    keys = replace(options.keys, images=None, photon_energy=None, group_by=None)
    if keys != StackKeys() or options.frames != FrameOptions():
        raise ConfigError(
            f"{path}: pictures have no keys, modules or axes; --images '*.tif' chooses among them, --labels-csv FILE "
            f"labels them, --photon-energy EV says at which energy they were taken"
        )


def _require_alike(headers: Sequence[PictureHeader]) -> None:
    """Refuse pictures of two sizes or types."""
    first = headers[0]
    for header in headers[1:]:
        if (header.shape, header.dtype) != (first.shape, first.dtype):
            raise DataError(
                f"{header.path}: is {header.words}, {first.path.name} is {first.words}",
                "give pictures of one size and type, such as with --images '*_raw.tif'",
            )


def _notify(path: Path, listing: Listing, headers: Sequence[PictureHeader], reporter: Reporter) -> None:
    """Say what people may not expect of these pictures."""
    if listing.skipped:
        reporter.notify(f"{path.name}: not read: {listing.skipped_words}")
    if headers[0].dtype == "uint8":
        reporter.notify(
            f"{path.name}: 8-bit pictures are no counts: values are 0 to 255 as they were saved, often scaled or "
            f"clipped; take the detector's own numbers where they exist"
        )
    first = next((header for header in headers if header.coloured), None)
    if first is not None:
        decoded(first, 0, 1)
        reporter.notify(f"{path.name}: pictures such as {first.path.name} are saved in colour; all channels are equal")


def _labels(
    path: Path, listing: Listing, pages: NDArray[Any], options: SourceOptions
) -> tuple[NDArray[np.uint8] | None, tuple[str, ...]]:
    """Labels (N, C) from the sub-folders, and their C names; none where the sub-folders are runs."""
    names, way = options.labels.class_names, options.keys.group_by
    runs = way == "folder" or (way is not None and names is None and look_like_runs(listing.folders))
    if not listing.folders or options.labels.ignore or options.labels.csv or runs:
        return None, ()
    if names is None and look_like_runs(listing.folders):
        raise ConfigError(
            f"{path}: sub-folders such as {listing.folders[0]} may be runs or classes; --group-by folder for runs, "
            f"--class-names {','.join(listing.folders[:3])},... for classes"
        )
    names = names or listing.folders
    absent = [folder for folder in listing.folders if folder not in names]
    if absent:
        raise ConfigError(
            f"{path}: sub-folder {absent[0]} is none of --class-names {','.join(names)}; name all of them"
        )
    columns = np.array([names.index(folder) for folder in listing.folders])[listing.numbers]
    return np.eye(len(names), dtype=np.uint8)[np.repeat(columns, pages)], names


def _groups(listing: Listing, pages: NDArray[Any], way: str | None) -> Groups | None:
    """Runs by folder, file or a part of the path; each file is one by default where it holds several pictures."""
    if way is None and len(listing.files) > 1 and pages.max() > 1:
        way = "file"
    return None if way is None else by_path(way, listing.files, pages.tolist())
