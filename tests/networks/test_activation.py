"""The logarithmic activation against its formula, written out in NumPy and float64."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from airybench.config import NetworkConfig
from airybench.networks.activation import LeakyActivation, LogActivation, log_activation

PARAMETERS = [(0.2, 0.0), (0.5, 0.0), (1.0, -0.75), (3.0, 2.0)]


def formula(x: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """As printed in the paper; beta on both sides."""
    return np.sign(x) * alpha * (np.log(np.abs(x) + 1 / np.e) + 1) + beta


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    sizes = np.concatenate([[0.0], np.logspace(-12, 6, 400), np.arange(0, 65536, 97), [65535.0]])
    return np.concatenate([-sizes[::-1], sizes])


@pytest.mark.parametrize(("alpha", "beta"), PARAMETERS)
def test_values_follow_the_formula(points: np.ndarray, alpha: float, beta: float) -> None:
    found = LogActivation(alpha, beta)(torch.from_numpy(points))
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), formula(points, alpha, beta), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("alpha", "beta"), PARAMETERS)
def test_float32_is_as_good_as_float32_can_be(points: np.ndarray, alpha: float, beta: float) -> None:
    single = points.astype(np.float32)
    found = LogActivation(alpha, beta)(torch.from_numpy(single))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), formula(single.astype(np.float64), alpha, beta), rtol=5e-7, atol=3e-7)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_widened(dtype: torch.dtype) -> None:
    counts = torch.tensor([0.0, 1.0, -3.0, 250.0, 60000.0]).to(dtype)
    found = LogActivation(0.2)(counts)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), formula(counts.double().numpy(), 0.2, 0.0), rtol=5e-7)


def test_widened_under_autocast() -> None:
    counts = torch.tensor([65535.0, 65534.0])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = LogActivation(0.2)(counts)
    np.testing.assert_allclose(found.numpy(), formula(counts.double().numpy(), 0.2, 0.0), rtol=5e-7)


def test_odd_about_beta() -> None:
    x = torch.randn(1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 1e3
    for alpha, beta in PARAMETERS:
        activation = LogActivation(alpha, beta)
        torch.testing.assert_close(activation(-x) - beta, -(activation(x) - beta), rtol=1e-12, atol=1e-12)
        assert activation(torch.zeros(1, dtype=torch.float64)).item() == beta


@pytest.mark.parametrize("start", [0.0, -0.0])
@pytest.mark.parametrize(("alpha", "beta"), PARAMETERS)
def test_slope_at_zero(alpha: float, beta: float, start: float) -> None:
    x = torch.full((3,), start, dtype=torch.float64, requires_grad=True)
    LogActivation(alpha, beta)(x).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), alpha * math.e, rtol=1e-14)


def test_gradient_matches_finite_differences() -> None:
    x = torch.tensor([-2e3, -5.0, -1.0, -1e-2, 1e-2, 0.3, 1.0, 7.0, 4e3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(LogActivation(0.2, 0.1), (x,))
    counts = torch.tensor([-65535.0, 0.0, 65535.0], requires_grad=True)
    LogActivation(0.5)(counts).sum().backward()
    expected = 0.5 / (np.abs(counts.detach().numpy()) + 1 / math.e)
    np.testing.assert_allclose(counts.grad.numpy(), expected, rtol=1e-6)


def test_whole_range_of_counts_rises() -> None:
    found = LogActivation(0.2)(torch.arange(65536).float()).double()
    assert (found.diff() > 0).all()
    np.testing.assert_allclose(found.numpy(), formula(np.arange(65536.0), 0.2, 0.0), rtol=3e-7)


@pytest.mark.parametrize("alpha", [0.0, -0.2, math.nan, math.inf])
def test_alpha_that_cannot_be_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha is (0\.0|-0\.2|nan|inf), beta 0\.0; expected alpha > 0, both finite"):
        LogActivation(alpha)


def test_beta_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alpha is 0\.2, beta nan; expected alpha > 0, both finite"):
        LogActivation(0.2, math.nan)


def test_input_is_left_alone_and_nothing_is_trained() -> None:
    x = torch.tensor([-1.0, 2.0])
    activation = LogActivation()
    activation(x)
    assert x.tolist() == [-1.0, 2.0]
    assert list(activation.parameters()) == []
    assert {name: value.item() for name, value in activation.named_buffers()} == {"alpha": 0.2, "beta": 0.0}


def test_print_shows_the_parameters_on_any_device() -> None:
    assert repr(LogActivation(0.5, 1.0)) == "LogActivation(alpha=0.5, beta=1)"
    with torch.device("meta"):
        assert "LogActivation" in repr(LogActivation(0.5))


def test_leaky_takes_inplace_first() -> None:
    activation = LeakyActivation(True, leakiness=0.1)
    assert activation.inplace
    assert activation.negative_slope == 0.1
    assert activation(torch.tensor([-2.0, 3.0])).tolist() == pytest.approx([-0.2, 3.0])


def test_learned_alpha_starts_where_it_was_told() -> None:
    activation = LogActivation(0.2, 0.5, learn=True)
    assert activation.learned
    assert [name for name, _ in activation.named_parameters()] == ["log_alpha"]
    x = torch.tensor([-3.0, 0.0, 7.0])
    torch.testing.assert_close(activation(x), LogActivation(0.2, 0.5)(x))
    assert repr(activation) == "LogActivation(alpha=0.2, beta=0.5)"


def test_gradient_of_learned_alpha_is_that_of_finite_differences() -> None:
    x = torch.tensor([-2000.0, -0.3, 0.0, 5.0, 65535.0], dtype=torch.float64)
    weight = torch.tensor([1.0, -2.0, 3.0, 0.5, 0.25], dtype=torch.float64)
    activation = LogActivation(0.4, 0.1, learn=True).double()
    (weight * activation(x)).sum().backward()
    start, step = activation.log_alpha.item(), 1e-6
    ends = [(weight.numpy() * formula(x.numpy(), math.exp(start + d), 0.1)).sum() for d in (-step, step)]
    assert activation.log_alpha.grad is not None
    assert activation.log_alpha.grad.item() == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-7)


@pytest.mark.parametrize("learn", [False, True])
def test_the_activation_of_a_configuration(points: np.ndarray, learn: bool) -> None:
    made = log_activation(NetworkConfig(alpha=0.7, beta=-0.25, learn_alpha=learn))
    assert made.learned is learn
    np.testing.assert_allclose(
        made(torch.from_numpy(points)).detach().numpy(), formula(points, 0.7, -0.25), rtol=1e-6, atol=1e-6
    )


def test_learned_alpha_stays_above_zero() -> None:
    activation = LogActivation(0.1, learn=True)
    optimizer = torch.optim.SGD(activation.parameters(), lr=0.1)
    values = []
    for _ in range(200):
        optimizer.zero_grad()
        activation(torch.tensor([10.0])).sum().backward()  # always wants a smaller one
        optimizer.step()
        values.append(activation.scale().item())
    assert all(0 < later < earlier for earlier, later in pairwise([0.1, *values]))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_has_gradients_in_its_own_kind(dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, -3.0, 250.0], dtype=dtype, requires_grad=True)
    LogActivation(0.2)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == dtype
    expected = 0.2 / (np.array([0.0, 3.0, 250.0]) + 1 / math.e)
    np.testing.assert_allclose(x.grad.float().numpy(), expected, rtol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("learn", [False, True])
def test_compiled_equals_eager(points: np.ndarray, learn: bool) -> None:
    activation = LogActivation(0.3, 0.1, learn=learn)
    compiled = torch.compile(activation)
    x = torch.from_numpy(points.astype(np.float32)).requires_grad_()
    y = x.detach().clone().requires_grad_()
    torch.testing.assert_close(compiled(x), activation(y), rtol=1e-6, atol=1e-6)
    compiled(x).sum().backward()
    activation(y).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=1e-6, atol=1e-9)
