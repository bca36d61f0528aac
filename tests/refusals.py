"""What tests of refusals share."""

from collections.abc import Callable

import pytest

from airybench.errors import EXIT_INPUT, ConfigError


def refusal(action: Callable[[], object]) -> str:
    """The message, of one line, with which an action is refused as invalid input."""
    with pytest.raises(ConfigError) as caught:
        action()
    assert caught.value.exit_code == EXIT_INPUT
    message = str(caught.value)
    assert "\n" not in message
    return message
