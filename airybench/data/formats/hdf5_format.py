"""Formats that differ only in where an HDF5 file keeps things: each is a module that tells it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

import h5py

from airybench.data.formats.layout import Layout
from airybench.data.formats.notices import said_once
from airybench.data.formats.restarting import told_apart
from airybench.data.hdf5.tree import FileTree, file_tree
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.data.reading.stack import read_stack
from airybench.errors import DataError
from airybench.reporter import Reporter


class HDF5Layout(Protocol):
    """A module that knows one layout.

    Attributes:
        KIND: what `--kind` names it.
        TITLE: for people.
        NEEDS: what a file must have to be of this layout.
    """

    KIND: str
    TITLE: str
    NEEDS: str

    def layout(self, tree: FileTree) -> Layout | None:
        """What the layout tells about a file; None when the file is of another one."""


class HDF5Format:
    """A format made of a layout.

    Args:
        layout: tells where things are.
        named: what it tells about images that the user names, whatever these are; by default it has images of its own.
    """

    def __init__(self, layout: HDF5Layout, named: Callable[[FileTree, str], Layout] | None = None) -> None:
        self.KIND, self.TITLE, self._layout, self._named = layout.KIND, layout.TITLE, layout, named

    def recognises(self, path: Path, options: SourceOptions) -> bool:
        """Whether the layout knows the file; with `--images`, whether these are the images that it would take.

        A plain stack has the images that the user names.
        """
        if not path.is_file() or not h5py.is_hdf5(path):
            return False
        if options.keys.images and self._named:
            return True
        known = self._layout.layout(file_tree(path))
        return known is not None and (not options.keys.images or _takes(known, options))

    def open_source(self, paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
        """Read and check everything but the images.

        Raises:
            ConfigError: options contradict each other.
            DataError: a source breaks a rule, or is not of this layout.
        """
        layouts = {path: self._told(path, options) for path in paths}
        with said_once(paths, reporter) as once:
            for note in (note for layout in layouts.values() for note in layout.said(options)):
                once.notify(note)
        layout = layouts[paths[0]]
        merged = replace(
            layout.under(options), keys=options.keys
        )  # these differ from file to file, and so does what is selected
        keys = options.keys.completed(layout.keys)
        with said_once(paths, reporter) as once:
            source = read_stack(
                paths,
                merged,
                once,
                known=lambda path: layouts[path].keys,
                selected=lambda path: layouts[path].under(options).selection,
                recognised=self.TITLE,
            )
        if not layout.restarts or options.keys.ids:
            return source
        by_file = keys.groups is None and keys.group_by in (None, "file")
        return told_apart(source, paths, by_file=by_file, reporter=reporter)

    def choices(self, path: Path, options: SourceOptions) -> dict[str, str]:
        """What would be taken from a file that something is missing for, by the name of the part."""
        keys = options.keys.completed(self._told(path, options).keys)
        named = {"images": keys.images, "ids": ":".join(f"/{key}" for key in keys.ids), "groups": keys.groups}
        named |= {"energy": keys.energy or keys.wavelength, "mask": keys.mask, "events": ", ".join(keys.events)}
        return {part: f"/{key.strip('/')}" for part, key in named.items() if key}

    def _told(self, path: Path, options: SourceOptions) -> Layout:
        """What the layout tells about a file."""
        named = bool(options.keys.images)
        if options.keys.images and self._named:
            return self._named(file_tree(path), options.keys.images)
        known = self._layout.layout(file_tree(path))
        if known is None and not named:
            raise DataError(
                f"{path}: no {self.TITLE}, which has {self._layout.NEEDS}", "leave out --kind, or give --images KEY"
            )
        known = known or Layout(StackKeys())
        if named and not _takes(known, options):
            # What belongs to the images that the layout would take does not belong to others.
            return replace(known, keys=replace(known.keys, mask=None, mask_convention=None), frames=FrameOptions())
        return known


def _takes(known: Layout, options: SourceOptions) -> bool:
    """Whether the images that the user names are those of the layout, or some of them."""
    said, theirs = (str(keys.images).strip("/").split("/") for keys in (options.keys, known.keys))
    return len(said) == len(theirs) and all(map(fnmatchcase, said, theirs))
