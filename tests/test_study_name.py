"""Names of studies."""

import pytest

from airybench.errors import ConfigError
from airybench.study_name import check_study_name


@pytest.mark.parametrize("name", ["", "a/b", "bob's", 'say "x"', "x" * 101])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="study name"):
        check_study_name(name)


def test_a_name_that_nobody_typed_says_where_it_is_from() -> None:
    with pytest.raises(ConfigError, match=r"give another with --study NAME, or rename bob's.yaml"):
        check_study_name("bob's", "bob's.yaml")
