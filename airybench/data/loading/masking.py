"""Bad pixels at the input of a network: which they are, and what stands in their place."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from airybench.config import DataConfig
from airybench.data.store.bad_pixels import MOSTLY_GOOD, BadPixels, find_bad_pixels, sampled_rows
from airybench.data.store.content import SLICE
from airybench.data.store.store import Store

Good = NDArray[np.bool_]

_FIRST = 8  # pixels of the first ring around a pixel
_RINGS = sorted(
    ((down, right) for down in range(-2, 3) for right in range(-2, 3) if down or right),
    key=lambda step: max(abs(step[0]), abs(step[1])),
)


class PixelFill(nn.Module):
    """Puts something in the place of bad pixels, at the size of the detector, before an image is cropped and resized.

    With `median` that is the median of the good pixels among the 8 around it, or where none of these is good among the
    24; of an even number the lower of the two in the middle, so that counts stay whole. Pixels farther inside a gap or
    a shadow are 0, as all bad pixels are with `zero` and `channel`. A pixel of a smaller input is interpolated from
    what is then there, so that it is partly measured and partly filled.

    Args:
        good: which pixels are good, bool, shape (H, W); not all of them.
        how: `median`, `zero` or `channel`.

    Attributes:
        good: 1 for good pixels, float32, shape (H, W).
        valued: 1 for pixels that have a value, which are the good ones and those that got a median, float32, (H, W).

    >>> good = np.ones((3, 3), bool)
    >>> good[1, 1] = False
    >>> PixelFill(good, "median")(torch.arange(9).view(1, 3, 3))[0, 1]
    tensor([3., 3., 5.])
    """

    good: Tensor
    valued: Tensor
    take: Tensor
    neighbours: Tensor
    known: Tensor
    middle: Tensor

    def __init__(self, good: Good, how: str) -> None:
        super().__init__()
        height, width = self.shape = good.shape
        rows, columns = np.nonzero(~good)
        around = np.array(_RINGS)
        down, right = rows[:, None] + around[:, 0], columns[:, None] + around[:, 1]
        inside = (down >= 0) & (down < height) & (right >= 0) & (right < width)
        places = np.where(inside, down, 0) * width + np.where(inside, right, 0)
        known = inside & good.ravel()[places]
        known[known[:, :_FIRST].any(axis=1), _FIRST:] = False
        filled = known.any(axis=1) & (how == "median")
        take = np.arange(good.size)
        number = self.number = int(filled.sum())
        valued = good.copy()
        valued[rows[filled], columns[filled]] = True
        take[(rows * width + columns)[filled]] = good.size + np.arange(number)
        take[(rows * width + columns)[~filled]] = good.size + number  # the 0 at the end
        kept = {"good": good.astype(np.float32), "valued": valued.astype(np.float32), "take": take}
        if number:  # torch.export cannot save tensors without elements
            middle = (known[filled].sum(axis=1) - 1) // 2 + np.arange(number) * len(_RINGS)
            kept |= {"neighbours": places[filled], "known": known[filled], "middle": middle}
        for name, values in kept.items():
            self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, counts: Tensor) -> Tensor:
        """Images without their bad pixels.

        Args:
            counts: any real dtype, shape (N, H, W).

        Returns:
            float32, same shape.
        """
        pixels = counts.to(torch.float32).flatten(1)
        parts = [pixels]
        if self.number:
            values = torch.where(self.known, pixels[:, self.neighbours], torch.inf).sort(dim=-1).values
            parts.append(values.flatten(1)[:, self.middle])
        parts.append(torch.zeros_like(pixels[:, :1]))
        filled: Tensor = torch.cat(parts, dim=1)[:, self.take].unflatten(1, self.shape)
        return filled


def pixel_fill(good: Good | None, how: str) -> PixelFill | None:
    """What fills the bad pixels of a mask; None where there is nothing to fill.

    Args:
        good: bool, shape (H, W); None for all.
        how: see `DataConfig.input_mask`.
    """
    return None if how == "none" or good is None or good.all() else PixelFill(good, how)


def filled_shots(counts: NDArray[np.uint16], good: Good, data: DataConfig) -> NDArray[np.uint16]:
    """Shots that have masks of their own, without their bad pixels.

    Args:
        counts: shape (n, H, W).
        good: same shape.
        data: how bad pixels are filled, and whether the network sees the mask.

    Returns:
        Shape (n, H, W); or (n, 2, H, W) where the network sees the mask as well: the counts, and 1 where that is.
    """
    changed, seen = counts.copy(), np.ones_like(counts)
    for row, mask in enumerate(good):
        fill = pixel_fill(mask, data.input_mask)
        if fill is not None:
            changed[row] = fill(torch.from_numpy(counts[row : row + 1].astype(np.float32))).numpy()[0]
            seen[row] = (fill.good if data.input_mask == "channel" else fill.valued).numpy()
    return np.stack([changed, seen], axis=1) if data.sees_mask else changed


def both(one: Good | None, other: Good | None) -> Good | None:
    """Pixels that are good by two masks; None for all."""
    return other if one is None else one if other is None else one & other


def trained_mask(store: Store, rows: NDArray[np.int64], config: DataConfig) -> tuple[Good | None, BadPixels | None]:
    """The mask that a network takes with it from its training.

    Args:
        store: the shots.
        rows: of the training shots.
        config: whether bad pixels are masked, and looked for as well.

    Returns:
        Pixels that the mask of the store calls good, or good in any training shot where each has a mask of its own,
        without those that look bad in the training shots, (H, W), None for all; and what was found in them.
    """
    if config.input_mask == "none":
        return None, None
    own = store.own_masks
    stored = None if own else store.mask()
    good = None if stored is None else stored > 0
    if own:
        good = np.zeros(store.image_shape, bool)
        for start in range(0, len(rows), SLICE):
            good |= (store.read_masks(rows[start : start + SLICE]) > 0).any(axis=0)
    if not config.find_bad_pixels:
        return good, None
    some = np.sort(rows)[sampled_rows(len(rows))]
    mostly = both(good, (store.read_masks(some) > 0).mean(axis=0) >= MOSTLY_GOOD if own else None)
    found = find_bad_pixels(store.read_images(some), mostly)
    return (both(good, found.kinds == 0) if found.count else good), found
