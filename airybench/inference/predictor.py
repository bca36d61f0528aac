"""A trained network as others use it: raw counts in, probabilities out."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from airybench.config import TrialConfig
from airybench.data.loading.background import FEWEST
from airybench.data.loading.masking import pixel_fill
from airybench.data.loading.preprocess import network_inputs
from airybench.errors import DataError
from airybench.networks.build import build
from airybench.provenance import Provenance

MASK = "input_mask.good"
"""Name of the mask among the weights: 1 for good pixels, uint8, shape (H, W)."""

BACKGROUND = "background.rows"
"""Name among the weights of the training data's rows that backgrounds were taken from, int64, shape (R,)."""


class Predictor(nn.Module):
    """Preprocessing, network and sigmoid in one module.

    Args:
        config: of the network, its input and its training.
        class_names: names of the C classes.
        label_kind: `multilabel` (a class is predicted if p > 0.5) or `multiclass` (the class of the largest p is).
        network: a trained network; if left out, an untrained one that weights can be loaded into.
        provenance: what it was trained on, if known.
        good: pixels that are good in its training, bool, shape (H, W); None for all. They matter where its
            configuration masks bad pixels at the input.
        background: rows of its training data that the backgrounds of runs were taken from, int64, shape (R,); None
            where it subtracts none, or where they are not known.

    >>> predictor = Predictor(TrialConfig().replace({"image_size": 32}), ("hit", "miss"), "multiclass").eval()
    >>> with torch.no_grad():
    ...     predictor(torch.zeros(3, 259, 259, dtype=torch.uint16)).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        config: TrialConfig,
        class_names: tuple[str, ...],
        label_kind: str,
        network: nn.Module | None = None,
        provenance: Provenance | None = None,
        good: NDArray[np.bool_] | None = None,
        background: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.class_names = class_names
        self.label_kind = label_kind
        self.provenance: Provenance | None = provenance
        self.good = good
        self.background = background
        self.fill = pixel_fill(good, config.data.input_mask)
        self.hashed = True  # False for weights of an older version, in which a change would go unnoticed
        self.network = (
            build(config.network, len(class_names), config.data.image_size, config.data.channels)
            if network is None
            else network
        )

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """(H, W) in pixels of the images that it was trained on; None if that is not known."""
        if self.provenance is not None and self.provenance.image_shape is not None:
            return self.provenance.image_shape
        return None if self.good is None else (self.good.shape[0], self.good.shape[1])

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether images of shape (H, W) have the size that it was trained on, as far as that is known."""
        return self.image_shape is None or shape == self.image_shape

    def require_fit(self, path: Path, shape: tuple[int, int], remedy: str) -> None:
        """Refuse images of another size than it was trained on.

        Args:
            path: the file that holds them, for the message.
            shape: (H, W), pixels.
            remedy: what to do about it.

        Raises:
            DataError: they have another size.
        """
        if not self.fits(shape):
            found, expected = ("{} x {} px".format(*size) for size in (shape, self.image_shape or ()))
            raise DataError(f"{path} has images of {found}, the model was trained on {expected}", remedy)

    @property
    def subtracts(self) -> bool:
        """Whether it takes counts above the background of their run."""
        return self.config.data.background != "none"

    def logits(self, counts: Tensor, background: Tensor | None = None) -> Tensor:
        """Logits of raw counts.

        Args:
            counts: shape (N, H, W).
            background: of the run, shape (H, W), where the network takes counts above it. Without it the N shots are
                taken for those of one run, and their median is; fewer than 5 shots have NaN as their logits.

        Returns:
            float32, shape (N, C).
        """
        known: Tensor | None = None
        if self.subtracts:
            counts = counts.to(torch.float32)
            if background is None:
                background, known = batch_median(counts)
            counts = (counts - background.to(torch.float32)).clamp_min(0)
        inputs = network_inputs(counts, self.config.data, self.config.input_scaling, fill=self.fill)
        result: Tensor = self.network(inputs)
        return result if known is None else torch.where(known, result, torch.nan)

    def with_mask(self, good: NDArray[np.bool_] | None) -> "Predictor":
        """The same network with another mask, bool, shape (H, W); None for none."""
        other = Predictor(self.config, self.class_names, self.label_kind, self.network, self.provenance, good,
                          self.background)  # fmt: skip
        other.hashed = self.hashed
        place = next(self.network.parameters()).device
        return other.train(self.training).to(place)

    def tensors(self) -> dict[str, Tensor]:
        """Everything that the network has learnt, by name, its mask, and where its backgrounds are from."""
        mask = {} if self.good is None else {MASK: torch.from_numpy(self.good.astype(np.uint8))}
        rows = {} if self.background is None else {BACKGROUND: torch.from_numpy(self.background)}
        return {**self.network.state_dict(), **mask, **rows}

    def forward(self, counts: Tensor) -> Tensor:
        """Probabilities, float32, shape (N, C), of raw counts, uint16, shape (N, H, W)."""
        return torch.sigmoid(self.logits(counts))

    def description(self) -> dict[str, Any]:
        """Everything except the weights that is needed to build this module again, ready for JSON."""
        return {
            "config": self.config.model_dump(mode="json"),
            "class_names": list(self.class_names),
            "label_kind": self.label_kind,
            **(self.provenance.to_json() if self.provenance is not None else {"trained_on": None}),
        }


def batch_median(counts: Tensor) -> tuple[Tensor, Tensor]:
    """The median image of a batch, written so that an exported graph takes it for any number of shots.

    Args:
        counts: float, shape (N, H, W).

    Returns:
        The lower median of each pixel, shape (H, W); and whether there are enough shots for it, a boolean scalar.

    >>> batch_median(torch.tensor([3.0, 9.0, 4.0, 5.0]).view(4, 1, 1))
    (tensor([[4.]]), tensor(False))
    """
    number = torch.ones_like(counts[:, 0, 0]).sum()  # its length would fix the batch size of a graph
    middle = ((number - 1) / 2).floor().long().view(1)
    return counts.sort(dim=0).values.index_select(0, middle)[0], number >= FEWEST
