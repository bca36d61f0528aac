"""Every tag is spelt in one place."""

import re
from pathlib import Path

import airybench
from airybench import provenance
from airybench.tracking.tags import Tag

PACKAGE = Path(airybench.__file__).parent
SPELT = re.compile(r'"(airybench\.[a-z_0-9]+|mlflow\.note\.content|mlflow\.parentRunId)"')


def test_no_two_tags_share_a_name() -> None:
    names = [value for key, value in vars(Tag).items() if key.isupper()]
    names += [value for key, value in vars(provenance).items() if key.isupper() and str(value).startswith("airybench.")]
    assert len(names) > 30
    assert len(set(names)) == len(names)


def test_a_tag_is_spelt_in_one_place() -> None:
    allowed = {PACKAGE / "tracking" / "tags.py", PACKAGE / "provenance.py"}
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in PACKAGE.rglob("*.py")
        if path not in allowed
        and (names := set(SPELT.findall(path.read_text(encoding="utf-8"))) - {"airybench.physics"})
    }
    assert not found
