"""The network as others use it: raw counts in, probabilities out."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from airybench.config import TrialConfig
from airybench.data.loading.loaded import network_inputs
from airybench.networks.build import build


@dataclass(frozen=True)
class Origin:
    """What a network was trained on.

    Attributes:
        dataset: name of the data set.
        source: `simulated`, or where the shots came from.
        content_sha256: of the store.
        split_digest: of the split.
        image_shape: (H, W) of its images, pixels.
    """

    dataset: str
    source: str
    content_sha256: str
    split_digest: str
    image_shape: tuple[int, int]


class Predictor(nn.Module):
    """Preprocessing, network and sigmoid in one module.

    Args:
        config: what the network is and what it was trained on.
        class_names: names of the C probabilities.
        label_kind: `multilabel` (answers where p > 0.5) or `multiclass` (answer is the largest p).
        network: a trained network; a fresh one, to be filled from weights, where left out.
        origin: what it was trained on, where known.
    """

    def __init__(
        self,
        config: TrialConfig,
        class_names: tuple[str, ...],
        label_kind: str,
        network: nn.Module | None = None,
        origin: Origin | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.class_names = class_names
        self.label_kind = label_kind
        self.origin: Origin | None = origin
        self.network = (
            network if network is not None else build(config.network, len(class_names), config.data.image_size)
        )

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
            "trained_on": asdict(self.origin) if isinstance(self.origin, Origin) else None,
        }
