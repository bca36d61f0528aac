"""From one frame of a source, with modules and planes, to one image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.geometry import placed
from airybench.data.reading.options import FrameOptions
from airybench.errors import DataError, MissingOptionError

PLANES = 2
"""Of a raw frame: intensity and gain."""


class Assembly(Protocol):
    """Puts the modules of a frame onto one image. It can be pickled for another process.

    Attributes:
        words: how, for people, such as `modules below one another`.
    """

    @property
    def words(self) -> str:
        """See the class."""

    def shape(self, raw: tuple[int, int, int]) -> tuple[int, int]:
        """(H, W) of the image, pixels.

        Args:
            raw: (M, H, W) of the modules.

        Raises:
            DataError: the modules are not those that the assembly is for.
        """

    def apply(self, modules: NDArray[Any], fill: float) -> NDArray[Any]:
        """Images out of modules, in the dtype of the modules.

        Args:
            modules: shape (n, M, H, W).
            fill: what pixels hold that no module covers.

        Returns:
            Shape (n, H, W) of the images.
        """


@dataclass(frozen=True)
class Stacked:
    """Modules below one another: (M, H, W) becomes (M H, W)."""

    @property
    def words(self) -> str:
        """See `Assembly`."""
        return "modules below one another"

    def shape(self, raw: tuple[int, int, int]) -> tuple[int, int]:
        """See `Assembly.shape`."""
        return raw[0] * raw[1], raw[2]

    def apply(self, modules: NDArray[Any], fill: float) -> NDArray[Any]:
        """See `Assembly.apply`."""
        return modules.reshape(len(modules), -1, modules.shape[-1])


@dataclass(frozen=True)
class Framing:
    """What of a frame is read, and how it becomes an image.

    Attributes:
        raw: shape of one frame in the source, without the axis of the shots.
        take: for each axis of a frame, all of it or one index.
        last: whether the axis of the shots is the last one.
        assembly: puts modules onto one image; None where what is read is one.
    """

    raw: tuple[int, ...]
    take: tuple[int | slice, ...]
    last: bool = False
    assembly: Assembly | None = None

    @property
    def kept(self) -> tuple[int, ...]:
        """Shape of what is read of one frame."""
        return tuple(size for size, one in zip(self.raw, self.take, strict=True) if isinstance(one, slice))

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of an image, pixels."""
        if self.assembly is None:
            height, width = self.kept
            return height, width
        modules, height, width = self.kept
        return self.assembly.shape((modules, height, width))

    @property
    def words(self) -> str:
        """How a frame becomes an image, for people; empty where it is one."""
        taken = "".join(f", index {one} of {size}" for size, one in zip(self.raw, self.take, strict=True)
                        if not isinstance(one, slice) and size > 1)  # fmt: skip
        return (taken + ("" if self.assembly is None else f", {self.assembly.words}")).removeprefix(", ")

    @cached_property
    def _whole(self) -> bool:
        return self.kept == self.raw and not self.last

    def read(self, data: h5py.Dataset, first: int, stop: int, into: NDArray[Any] | None = None) -> NDArray[Any]:
        """Some frames of a stack, or the one frame of a data set without an axis of shots.

        Args:
            data: shape (N, *raw), (*raw, N) or raw.
            first: number of the first frame.
            stop: number after the last.
            into: for a stack; C-contiguous, shape (m, *raw) with m >= n, in the dtype of the data; what it held is
                lost. Reading into the same memory again saves the system from clearing new pages.

        Returns:
            Shape (n, *kept); in `into` where whole frames are read.
        """
        if into is not None and self._whole:
            # What `read_direct` does, which takes longer to work out both selections than some images take to be read.
            frames, shape = data.id.get_space(), (stop - first, *self.raw)
            frames.select_hyperslab((first, *(0,) * len(self.raw)), shape)
            data.id.read(h5py.h5s.create_simple(shape), frames, into)
            return into[: stop - first]
        if data.ndim == len(self.raw):
            return np.asarray(data[self.take])[None]
        if self.last:
            return np.moveaxis(np.asarray(data[(*self.take, slice(first, stop))]), -1, 0)
        return np.asarray(data[(slice(first, stop), *self.take)])

    def images(self, frames: NDArray[Any], fill: float = 0) -> NDArray[Any]:
        """Images (n, H, W) out of frames (n, *kept).

        Args:
            frames: as `read` returns them.
            fill: what pixels hold that no module covers.
        """
        return frames if self.assembly is None else self.assembly.apply(frames, fill)

    def covered(self) -> NDArray[np.bool_] | None:
        """Pixels (H, W) that a module covers; None for all."""
        if self.assembly is None:
            return None
        inside = self.images(np.ones((1, *self.kept), bool), 0)[0]
        return None if inside.all() else inside

    def pick(self, flags: NDArray[Any]) -> NDArray[Any]:
        """What `read` would take of frames (n, *raw) in memory."""
        return flags[(slice(None), *self.take)]


def assembly_of(options: FrameOptions, kept: Sequence[int]) -> Assembly | None:
    """How modules are put onto one image; None where options do not say.

    Args:
        options: of the user or the layout.
        kept: (M, H, W), what is read of one frame.
    """
    if options.stack_modules:
        return Stacked()
    if options.geometry is not None:
        modules, height, width = kept
        return placed(options.geometry, (modules, height, width))
    return None


def framing_of(where: str, frame: tuple[int, ...], options: FrameOptions, *, last: bool = False) -> Framing:
    """How frames of one shape become images.

    Args:
        where: file and key, for messages.
        frame: shape of one frame.
        options: of the user or the layout.
        last: whether the axis of the shots is the last one.

    Raises:
        DataError: the shape does not say how; the message names the options that do.
    """
    wanted = 2 + _with_modules(options) + (options.channel is not None)
    if len(frame) == wanted + 1 and frame[-1] == 1 and not last:
        inner = framing_of(where, frame[:-1], options)
        return Framing(frame, (*inner.take, 0), last, inner.assembly)
    if len(frame) == wanted + 1 and frame[0] == 1:
        inner = framing_of(where, frame[1:], options, last=last)
        return Framing(frame, (0, *inner.take), last, inner.assembly)
    if len(frame) != wanted:
        raise _unclear(where, frame, options)
    take: list[int | slice] = [slice(None)] * len(frame)
    if options.channel is not None:
        planes = len(frame) - 3
        if frame[planes] != PLANES or options.channel >= PLANES:
            raise DataError(
                f"{where}: a frame has shape {frame}, --channel {options.channel} needs {PLANES} planes, 0 intensity "
                f"and 1 gain, before the last two axes",
                "one module of several is --index M",
            )
        take[planes] = options.channel
    if options.index is not None:
        if options.index >= frame[0]:
            raise DataError(f"{where}: --index is {options.index}, there are modules 0 to {frame[0] - 1}")
        take[0] = options.index
    kept = [size for size, one in zip(frame, take, strict=True) if isinstance(one, slice)]
    return Framing(frame, tuple(take), last, assembly_of(options, kept))


def mask_framing(where: str, frame: tuple[int, ...], images: Framing) -> Framing | None:
    """How a mask of one frame becomes the mask of an image; None where its shape fits neither frame nor image.

    Args:
        where: file and key, for messages.
        frame: shape of the mask, without an axis of shots.
        images: how the images are framed.
    """
    if frame == images.raw:
        return images
    if frame == images.shape:
        return Framing(frame, (slice(None),) * 2, images.last)
    # The planes of a raw frame have one mask together; an axis of one module may be left out.
    for axis, one in enumerate(images.take[:-2]):
        if not isinstance(one, slice) and frame == images.raw[:axis] + images.raw[axis + 1 :]:
            return Framing(frame, images.take[:axis] + images.take[axis + 1 :], images.last, images.assembly)
    if frame == images.kept:
        return Framing(frame, (slice(None),) * len(frame), images.last, images.assembly)
    return None


def one_for_all(where: str, shape: tuple[int, ...], images: Framing, count: int) -> Framing | None:
    """How one mask of all shots becomes the mask of an image; None where its shape is that of neither.

    Args:
        where: file and key, for messages.
        shape: of the mask; it may have an axis of one shot before the others.
        images: how the images are framed.
        count: number of shots.
    """
    whole = mask_framing(where, shape, images)
    if whole is not None or images.last or count == 1 or shape[:1] != (1,):
        return whole
    inner = mask_framing(where, shape[1:], images)
    return None if inner is None else replace(inner, raw=shape, take=(0, *inner.take))


def _with_modules(options: FrameOptions) -> bool:
    return options.stack_modules or options.geometry is not None or options.index is not None


def expected_dims(options: FrameOptions) -> int:
    """Number of axes of one frame, by the options."""
    return 2 + _with_modules(options) + (options.channel is not None)


def _unclear(where: str, frame: Sequence[int], options: FrameOptions) -> DataError:
    """What to say of frames that have too many axes, or too few."""
    shape = f"({', '.join(map(str, ('N', *frame)))})"
    if len(frame) < expected_dims(options):
        given = ["--stack-modules"] * options.stack_modules + ["--geometry"] * (options.geometry is not None)
        given += ["--index"] * (options.index is not None) + ["--channel"] * (options.channel is not None)
        return DataError(f"{where} has shape {shape}, too few axes for {' and '.join(given)}", "leave it out")
    modules = "--stack-modules (below one another), --geometry FILE (of CrystFEL) or --index M"
    planes = "--channel 0 (the intensity of raw frames with a plane of gain)"
    if len(frame) == 4 and options.channel is None:
        return MissingOptionError(
            f"{where} has shape {shape}, modules with {frame[1]} planes each",
            "--channel 0 --stack-modules",
            f"give {planes}, and one of {modules} (one of 0 to {frame[0] - 1})",
        )
    if len(frame) == expected_dims(options) + 1:
        raw = f"; or {planes}" if frame[0] == PLANES and options.channel is None else ""
        return MissingOptionError(
            f"{where} has shape {shape}, {frame[0]} modules a shot",
            "--stack-modules",
            f"give one of {modules} (one of 0 to {frame[0] - 1}){raw}",
        )
    return DataError(f"{where} has shape {shape}, a stack (N, H, W) or (N, M, H, W) is expected")
