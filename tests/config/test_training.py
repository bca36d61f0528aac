"""The training: defaults of the paper."""

import pytest

from airybench.config import (
    NetworkConfig,
    TrainConfig,
)


def test_paper_defaults() -> None:
    """The reference's own numbers."""
    network, training = NetworkConfig(), TrainConfig()
    assert (network.alpha, network.beta, network.leakiness, network.bn_momentum) == (0.2, 0, 0.2, 0.003)
    assert (training.batch_size, training.momentum) == (24, 0.9)
    assert training.lr == pytest.approx(0.01875)
    assert (training.l1, training.l2, training.seed, training.milestones) == (1e-5, 1e-5, 1612, (30, 60, 120, 150))
    assert training.epochs == round(30_000 / (5085 // 24))
