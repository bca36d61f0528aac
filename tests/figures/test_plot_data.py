"""What figures show, as data: few values evenly, many by their size."""

import numpy as np
import pytest

from airybench.figures.plot_data import Curve, axis


def test_an_axis_places_few_values_evenly_and_many_by_size() -> None:
    few = axis("alpha", [0.5, 0.0, 0.1], {0.0: "off"})
    assert few.places.tolist() == [1.0, 0.0, 0.5]
    assert few.ticks == ((0.0, "off"), (0.5, "0.1"), (1.0, "0.5"))
    decades = axis("base_lr", [10.0**-k for k in range(9)])
    assert np.diff(decades.places) == pytest.approx(np.full(8, -1 / 8))
    linear = axis("leakiness", [k / 10 for k in range(10)])
    assert np.diff(linear.places) == pytest.approx(np.full(9, 1 / 9))


def test_what_is_not_positive_stands_below_a_logarithmic_axis() -> None:
    found = axis("alpha", [0.0, *(10.0**-k for k in range(9))], {0.0: "off"})
    assert found.ticks[0] == (0.0, "off")
    assert found.places[0] == 0.0
    assert found.places[1] == pytest.approx(1.0)
    assert found.places[-1] == pytest.approx(0.12)
    assert np.diff(found.places[1:]) == pytest.approx(np.full(8, -0.88 / 8))


def test_words_and_switches_stand_evenly() -> None:
    words = axis("arch", ["vgg", "resnet", "vgg"])
    assert (words.places.tolist(), words.ticks) == ([1.0, 0.0, 1.0], ((0.0, "resnet"), (1.0, "vgg")))
    switches = axis("log_activation", [True, False])
    assert switches.ticks == ((0.0, "False"), (1.0, "True"))
    assert axis("depth", [18, 18]).places.tolist() == [0.5, 0.5]


def test_a_curve_names_its_family_and_state() -> None:
    assert Curve("resnet", False, (18,), (0.5,), ((18, 0.5),)).label == "resnet, log activation off"
