"""The result of one evaluation on val, its form in JSON, and the functions that are called with it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airybench.training.metrics import Scores


@dataclass(frozen=True)
class Epoch:
    """Result of an evaluation on val, after every epoch or every few.

    Attributes:
        number: of the epoch that has just ended, counted from 1.
        learning_rate: at the end of that epoch.
        loss: what training minimises, loss plus penalty, as the mean over the steps since the last evaluation;
            `val.values["loss"]` is the cross-entropy alone.
        images_per_second: training speed.
        val: scores on the val split.
        alpha: of the logarithmic activation, where it is trained; None elsewhere.
    """

    number: int
    learning_rate: float
    loss: float
    images_per_second: float
    val: Scores
    alpha: float | None = None

    def metrics(self) -> dict[str, float]:
        """Metrics by the keys under which they are logged, such as `train/loss`."""
        train = {
            "train/loss": self.loss,
            "train/images_per_second": self.images_per_second,
            "train/lr": self.learning_rate,
        }
        if self.alpha is not None:
            train["train/alpha"] = self.alpha
        return train | self.val.flat("val")

    def to_json(self) -> dict[str, Any]:
        """The epoch as JSON; floats keep every bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Epoch":
        """Read what `to_json` wrote."""
        return cls(**{**content, "val": Scores(**content["val"])})


@dataclass(frozen=True)
class EpochCallbacks:
    """Functions that follow a training.

    Attributes:
        on_epoch: called after each evaluation on val, on the host. Returning True ends the training there, and what it
            reached counts; raising gives it up.
        on_resume: called with the epochs of a checkpoint, before the training continues from there.
    """

    on_epoch: Callable[[Epoch], bool | None] = lambda epoch: None
    on_resume: Callable[[tuple[Epoch, ...]], None] = lambda epochs: None


NO_CALLBACKS = EpochCallbacks()
