"""The network as others use it: raw counts in, probabilities out."""

from typing import Any

import torch
from torch import Tensor, nn

from airybench.config import TrialConfig
from airybench.data.loading.preprocess import network_inputs
from airybench.networks.build import build
from airybench.provenance import Provenance


class Predictor(nn.Module):
    """Preprocessing, network and sigmoid in one module.

    Args:
        config: what the network is and what it was trained on.
        class_names: names of the C probabilities.
        label_kind: `multilabel` (answers where p > 0.5) or `multiclass` (answer is the largest p).
        network: a trained network; a fresh one, to be filled from weights, where left out.
        provenance: what it was trained on, where known.
    """

    def __init__(
        self,
        config: TrialConfig,
        class_names: tuple[str, ...],
        label_kind: str,
        network: nn.Module | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.class_names = class_names
        self.label_kind = label_kind
        self.provenance: Provenance | None = provenance
        self.network = (
            network if network is not None else build(config.network, len(class_names), config.data.image_size)
        )

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """(H, W) of the images it was trained on, pixels; None where that is not known."""
        known = self.provenance
        return known.image_shape if isinstance(known, Provenance) else None

    def logits(self, counts: Tensor) -> Tensor:
        """Logits, float32 (N, C), of raw counts (N, H, W)."""
        inputs = network_inputs(counts, self.config.data, self.config.input_scaling)
        result: Tensor = self.network(inputs)
        return result

    def forward(self, counts: Tensor) -> Tensor:
        """Probabilities, float32 (N, C), of raw counts, uint16 (N, H, W)."""
        return torch.sigmoid(self.logits(counts))

    def description(self) -> dict[str, Any]:
        """All that is needed to build this module again, ready for JSON."""
        return {
            "config": self.config.model_dump(mode="json"),
            "class_names": list(self.class_names),
            "label_kind": self.label_kind,
            **(self.provenance.to_json() if isinstance(self.provenance, Provenance) else {"trained_on": None}),
        }
