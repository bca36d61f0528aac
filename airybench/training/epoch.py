"""What one look at val showed, and the way of it to JSON and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airybench.training.metrics import Scores


@dataclass(frozen=True)
class Epoch:
    """What one look at val showed, behind every epoch or every few.

    Attributes:
        number: of the epoch just ended, from 1.
        learning_rate: at its end.
        loss: what was minimised, loss and penalty, mean over the steps since the last look; `val.values["loss"]` is
            the cross-entropy alone.
        images_per_second: training speed.
        val: scores on val.
        alpha: of the logarithmic activation, where it is trained.
    """

    number: int
    learning_rate: float
    loss: float
    images_per_second: float
    val: Scores
    alpha: float | None = None

    def metrics(self) -> dict[str, float]:
        """Metric keys as logged."""
        train = {
            "train/loss": self.loss,
            "train/images_per_second": self.images_per_second,
            "train/lr": self.learning_rate,
        }
        if self.alpha is not None:
            train["train/alpha"] = self.alpha
        return train | self.val.flat("val")

    def to_json(self) -> dict[str, Any]:
        """As JSON keeps it, to the last bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Epoch":
        """From what `to_json` gave."""
        return cls(**{**content, "val": Scores(**content["val"])})
