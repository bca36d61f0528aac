"""JSON and YAML of foreign files: what is sound is read, what is deep, huge or odd is refused in one line."""

from pathlib import Path

import pytest

from airybench import parsing
from airybench.parsing import DEEPEST, parse_json, parse_mapping, read_json, read_mapping, read_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{this}: &{this} [{', '.join([f'*{before}'] * 9)}]\n" for before, this in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{this}: &{this} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, this in zip("abcdefgh", "bcdefghi", strict=True)
)


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_sound_json_is_read(tmp_path: Path) -> None:
    text = '{"a": [1, 2.5, null, true, "\u00e9"], "b": {"c": {}}}'
    expected = {"a": [1, 2.5, None, True, "é"], "b": {"c": {}}}
    assert parse_json(text) == parse_mapping(text.encode()) == read_json(written(tmp_path / "a.json", text)) == expected


@pytest.mark.parametrize("depth", [DEEPEST + 2, 1_000, 200_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_depth_is_limited(depth: int, brackets: str) -> None:
    opening, closing = ('{"a":' if brackets == "{}" else "["), brackets[1]
    with pytest.raises(ValueError, match="in one another"):
        parse_json(opening * depth + "1" + closing * depth)
    assert parse_json(opening * DEEPEST + "1" + closing * DEEPEST)


@pytest.mark.parametrize("text", [b"\xff\xfe{", b"", b"{", b'"\\ud800"', b'{"\\udc00": 1}', b"1" * 5_000, b"[1,]"])
def test_odd_json_is_a_value_error(text: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        read_json(written(tmp_path / "a.json", text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"a"'])
def test_mapping_is_expected(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected names with values"):
        read_mapping(written(tmp_path / "a.json", text))


def test_size_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MOST_JSON", 1 << 20)
    path = written(tmp_path / "a", "1" + "\n" * 100)
    assert read_json(path) == read_yaml(path) == 1  # YAML of a megabyte takes long
    written(path, " " * (1 << 20) + "1")
    for read in (read_json, read_yaml):
        with pytest.raises(ValueError, match="larger than 1 MB"):
            read(path)


def test_aliases_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.yaml", "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\nd: &d 5\ne: *d\n")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}, "d": 5, "e": 5}


@pytest.mark.parametrize("text", [BOMB, MERGES, "a: &a [*a]\n", "&a {b: *a}\n", "- x\n" * 100_001])
def test_aliases_cannot_fill_the_memory(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="all aliases written out"):
        read_yaml(written(tmp_path / "a.yaml", text))


@pytest.mark.parametrize("text", ["[" * 70 + "]" * 70, "[" * 100_000, "- " * 100_000, "{a: " * 5_000])
def test_depth_of_yaml_is_limited(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in one another"):
        read_yaml(written(tmp_path / "a.yaml", text))


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: *b", "!!python/object:os.system {}", "!!bool maybe", "!!int ''", "!!timestamp x", "2001-99-99",
     "{[a]: 1}", b"\xff\xfe\xfd", b"\x00", "!!int " + "1" * 5_000, "!!float x", "!!binary x", "? {a: 1}\n: 2"],
)  # fmt: skip
def test_odd_yaml_is_a_value_error(text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        read_yaml(written(tmp_path / "a.yaml", text))
    assert "\n" not in str(caught.value)
