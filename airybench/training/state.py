"""Everything that changes while a network is trained, which is what a checkpoint has to hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from airybench.config import Objective
from airybench.training.epoch import Epoch


@dataclass
class TrainingState:
    """How far a training has come.

    Attributes:
        network: holds the current weights.
        optimizer: holds their momenta.
        scaler: scales float16 gradients; does nothing with the other precisions.
        device: where all tensors are.
        total: sum of the loss over the steps since the last evaluation on val, a scalar on the device.
        epochs: all evaluations on val so far.
        best: the best of them.
        best_weights: the weights of the network at that epoch.
        epoch: number of completed epochs.
        steps: number of completed steps in the epoch after those.
        counted: number of steps summed in `total`.
        seconds: training time of those steps.
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

    def keep_if_best(self, epoch: Epoch, objective: Objective) -> None:
        """Keep the weights of an epoch that is better than all before it.

        Args:
            epoch: just evaluated.
            objective: decides, on val.
        """

        def value(of: Epoch) -> float:
            # A val split without any scored class has no ranking metric; its epochs are then ranked by the loss.
            scores = of.val.values
            return objective.sign * scores[objective.metric] if objective.metric in scores else -scores["loss"]

        if self.best is None or value(epoch) > value(self.best):
            self.best = epoch
            self.best_weights = {key: weight.detach().clone() for key, weight in self.network.state_dict().items()}

    def tensors(self) -> dict[str, Tensor]:
        """Weights, momenta, the best weights and the state of torch's random generators, by name."""
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
        """Everything else, ready for JSON."""
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
        """Return to the point at which `tensors` and `facts` were taken."""

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
