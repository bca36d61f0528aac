"""Parameters by flat name: read from text, refused in one line."""

import pytest
from refusals import refusal

from airybench.config import (
    parse_value,
)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("alpha", "0.5", 0.5), ("depth", "34", 34), ("arch", "vgg", "vgg"), ("log_activation", "off", False),
        ("log_activation", "ON", True), ("milestones", "3,5", (3, 5)), ("seeds", "4", 4), ("trials", "7", 7),
    ],
)  # fmt: skip
def test_parameter_reads_text(name: str, text: str, value: object) -> None:
    found = parse_value(name, text)
    assert found == value
    assert type(found) is type(value)


def test_parameter_refuses() -> None:
    assert refusal(lambda: parse_value("alpha", "x")).startswith("alpha: found 'x'; input should be a valid number")
    assert refusal(lambda: parse_value("seeds", "0")).startswith("seeds: found '0'; ")
    assert "Did you mean 'depth'?" in refusal(lambda: parse_value("deph", "18"))
    assert "Did you mean 'vgg'?" in refusal(lambda: parse_value("arch", "vg"))
