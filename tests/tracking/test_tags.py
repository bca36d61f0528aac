"""Every tag is spelt in one place."""

from pathlib import Path

import airybench
from airybench import provenance
from airybench.tracking.tags import Tag

PACKAGE = Path(airybench.__file__).parent
NAMES = [value for key, value in {**vars(Tag), **vars(provenance)}.items() if key.isupper()]
TAGS = [name for name in NAMES if isinstance(name, str) and name.startswith(("airybench.", "mlflow."))]


def test_no_two_tags_share_a_name() -> None:
    assert len(TAGS) > 30
    assert len(set(TAGS)) == len(TAGS)


def test_a_tag_is_spelt_in_one_place() -> None:
    allowed = {PACKAGE / "tracking" / "tags.py", PACKAGE / "provenance.py"}
    for path in set(PACKAGE.rglob("*.py")) - allowed:
        text = path.read_text(encoding="utf-8")
        spelt = [tag for tag in TAGS if f'"{tag}"' in text or f"`{tag}` =" in text]
        assert not spelt, f"{path} spells {spelt}; take them from tracking.tags or provenance"
