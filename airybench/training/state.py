"""All that changes while a network is trained: what a checkpoint holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from airybench.training.epoch import Epoch


@dataclass
class TrainingState:
    """Where a training stands.

    Attributes:
        network: its weights.
        optimizer: its momenta.
        scaler: of float16 gradients; does nothing with the other precisions.
        device: where they are.
        total: sum of the loss over the steps since the last look at val, a scalar on the device.
        epochs: looks at val so far.
        best: the best of them.
        best_weights: of the network then.
        epoch: epochs that are whole.
        steps: steps of the next one that are done.
        counted: steps behind `total`.
        seconds: time behind `total`.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    device: torch.device
    total: Tensor
    epochs: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    epoch: int = 0
    steps: int = 0
    counted: int = 0
    seconds: float = 0.0

    def tensors(self) -> dict[str, Tensor]:
        """Weights, momenta, the best weights and the state of the random generators, by name."""
        found = {f"network/{key}": value for key, value in self.network.state_dict().items()}
        found |= {f"best/{key}": value for key, value in self.best_weights.items()}
        for index, values in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer/{index}/{key}": v for key, v in values.items() if isinstance(v, Tensor)}
        found["total"] = self.total
        found["random/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            found["random/cuda"] = torch.cuda.get_rng_state(self.device)
        return found

    def facts(self) -> dict[str, Any]:
        """The rest, ready for JSON."""
        return {
            "epochs": [epoch.to_json() for epoch in self.epochs],
            "best": None if self.best is None else self.epochs.index(self.best),
            "epoch": self.epoch,
            "steps": self.steps,
            "counted": self.counted,
            "seconds": self.seconds,
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Stand where `tensors` and `facts` were taken."""

        def below(prefix: str) -> dict[str, Tensor]:
            return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}

        self.network.load_state_dict(below("network/"))
        self.best_weights = {key: value.to(self.device) for key, value in below("best/").items()}
        momenta: dict[int, dict[str, Tensor]] = {}
        for place, value in below("optimizer/").items():
            index, _, key = place.partition("/")
            momenta.setdefault(int(index), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": momenta, "param_groups": groups})
        self.total = tensors["total"].to(self.device)
        torch.set_rng_state(tensors["random/cpu"])
        if self.device.type == "cuda" and "random/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random/cuda"], self.device)
        self.epochs = [Epoch.from_json(content) for content in facts["epochs"]]
        self.best = None if facts["best"] is None else self.epochs[facts["best"]]
        self.epoch, self.steps = int(facts["epoch"]), int(facts["steps"])
        self.counted, self.seconds = int(facts["counted"]), float(facts["seconds"])
        if facts["scaler"]:
            self.scaler.load_state_dict(facts["scaler"])
