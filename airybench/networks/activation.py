"""The activations of the paper: logarithmic after the first convolution, leaky ReLU everywhere else."""

import math

import torch
from torch import Tensor, nn

from airybench.config import NetworkConfig


class LogActivation(nn.Module):
    """Logarithmic activation, `f(x) = sgn(x) * alpha * (ln(|x| + 1/e) + 1) + beta`.

    It is odd for beta = 0, with `f(0) = beta` and the slope `alpha * e` at 0. Inputs may have any shape. Half precision
    is widened to float32, since the logarithm of counts needs more than eight bits; any other dtype is kept.

    Args:
        alpha: scale, > 0. It is a buffer, so that networks with different alpha share one compiled graph.
        beta: offset.
        learn: train alpha, starting from the given value; its logarithm is the parameter, so that alpha stays above 0.

    Raises:
        ValueError: alpha is not above 0, or one of the values is not finite.

    Example:
        >>> LogActivation(alpha=0.5)(torch.tensor([0.0, 1.0, 100.0, 10000.0]))
        tensor([0.0000, 0.6566, 2.8044, 5.1052])

    Source: Zimmermann et al., Phys. Rev. E 99, 063309 (2019).
    """

    alpha: Tensor
    beta: Tensor
    log_alpha: nn.Parameter

    def __init__(self, alpha: float = 0.2, beta: float = 0.0, *, learn: bool = False) -> None:
        super().__init__()
        if not (alpha > 0 and math.isfinite(alpha) and math.isfinite(beta)):
            raise ValueError(f"alpha is {alpha}, beta {beta}; expected alpha > 0, both finite")
        # Zero-dimensional float64 does not promote float32 inputs, and is exact for float64 ones.
        if learn:
            self.log_alpha = nn.Parameter(torch.tensor(math.log(alpha), dtype=torch.float32))
        else:
            self.register_buffer("alpha", torch.tensor(alpha, dtype=torch.float64))
        self.register_buffer("beta", torch.tensor(beta, dtype=torch.float64))

    @property
    def learned(self) -> bool:
        """Whether alpha is trained."""
        return "log_alpha" in self._parameters

    def scale(self) -> Tensor:
        """The current alpha, a scalar."""
        return self.log_alpha.exp() if self.learned else self.alpha

    def forward(self, x: Tensor) -> Tensor:
        """Apply the activation to every element."""
        if x.dtype in (torch.float16, torch.bfloat16):
            x = x.float()
        # The function above, written with log1p. where() on the sign keeps the gradient at 0, which abs() would lose.
        negative = x < 0
        magnitude = torch.where(negative, -x, x)
        logarithm = torch.log1p(math.e * magnitude) * self.scale()
        return torch.where(negative, -logarithm, logarithm) + self.beta

    def extra_repr(self) -> str:
        """Alpha and beta, for print(network); on the meta device there are no values."""
        if self.beta.is_meta:
            return ""
        return f"alpha={self.scale().item():g}, beta={self.beta.item():g}"


def log_activation(config: NetworkConfig) -> LogActivation:
    """The logarithmic activation of a configuration.

    >>> log_activation(NetworkConfig(alpha=0.5, beta=0.1))
    LogActivation(alpha=0.5, beta=0.1)
    """
    return LogActivation(config.alpha, config.beta, learn=config.learn_alpha)


class CountsStem(nn.Sequential):
    """The first modules, which see raw counts before their logarithm is taken; computed in float32 instead of float16.

    The largest float16 is 65504: a saturated pixel exceeds it, and so does a convolution over many weaker pixels.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply the modules in turn."""
        kind = x.device.type
        if kind != "meta" and torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) == torch.float16:
            with torch.autocast(kind, enabled=False):
                return self._through(x.float())
        return self._through(x)

    def _through(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x)
        return x


class LeakyActivation(nn.LeakyReLU):
    """Leaky ReLU whose first argument is `inplace`: timm passes that by position in the head of its VGG.

    Args:
        inplace: overwrite the input.
        leakiness: slope below 0.

    >>> LeakyActivation(leakiness=0.1)(torch.tensor([-2.0, 3.0]))
    tensor([-0.2000,  3.0000])
    """

    def __init__(self, inplace: bool = False, leakiness: float = 0.2) -> None:
        super().__init__(negative_slope=leakiness, inplace=inplace)
