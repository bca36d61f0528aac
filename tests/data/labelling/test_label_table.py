"""Label files in the dialects that people and their programs write: the same labels come out, or one clear line."""

from pathlib import Path

import numpy as np
import pytest

from airybench.data.labelling.label_table import labelled
from airybench.data.reading.options import LabelOptions
from airybench.data.reading.shot_source import LeftOut, ShotSource
from airybench.errors import AirybenchError, ConfigError, DataError
from tests.label_files import source
from tests.reporters import CollectingReporter

IDS = 42 + np.arange(12)
NAMES = np.array(["Round", "Elliptical", "Empty"])[np.arange(12) % 3]
PAIRS = list(zip(IDS.tolist(), NAMES.tolist(), strict=True))
CLASSES = ("Elliptical", "Empty", "Round")


def read(
    path: Path, content: str | bytes, *, ids: object = IDS, notices: list[str] | None = None, **options: object
) -> ShotSource:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return labelled(source(ids), LabelOptions(csv=path, **options), CollectingReporter(notices))  # type: ignore[arg-type]


def said(shots: ShotSource) -> list[list[str]]:
    """Class names of every shot."""
    assert shots.labels is not None
    return [[shots.class_names[column] for column in np.flatnonzero(row)] for row in shots.labels]


def lines(*rows: str, end: str = "\n") -> str:
    return end.join(rows) + end


def table(pattern: str, head: str = "id,label", end: str = "\n") -> str:
    return lines(*([head] if head else []), *(pattern.format(i=i, n=n) for i, n in PAIRS), end=end)


def wide(yes: str, no: str, head: str = "id,Round,Elliptical,Empty", separator: str = ",") -> str:
    rows = (separator.join([str(i), *(yes if n == c else no for c in head.split(separator)[1:])]) for i, n in PAIRS)
    return lines(head, *rows)


DIALECTS: dict[str, str | bytes] = {
    "comma": table("{i},{n}"),
    "semicolon": table("{i};{n}", "id;label"),
    "tab": table("{i}\t{n}", "id\tlabel"),
    "bar": table("{i}|{n}", "id|label"),
    "spaces": table("{i}   {n}", "id label"),
    "spaces_bare": table("  {i} {n}", ""),
    "single_quotes": table("'{i}','{n}'", "'id','label'"),
    "single_quotes_below": table("'{i}','{n}'"),
    "bom": b"\xef\xbb\xbf" + table("{i},{n}", end="\r\n").encode(),
    "utf16": table("{i},{n}").encode("utf-16"),
    "utf16_bare": table("{i},{n}").encode("utf-16-le"),
    "utf32": table("{i},{n}").encode("utf-32"),
    "old_mac": table("{i},{n}", end="\r"),
    "no_last_end": table("{i},{n}").rstrip("\n"),
    "blank_lines": table("{i},{n}\n\n"),
    "blank_rows": table("{i},{n}") + ",\n,,\n",
    "excel": "sep=;\n" + table("{i};{n}", "id;label"),
    "excel_text": table('="{i:05d}",{n}'),
    "padded": table("{i:05d},{n}"),
    "float_id": table("{i}.0,{n}"),
    "float_eu": table("{i},0;{n}", "id;label"),
    "quoted": table('"{i:05d}","{n}"', '"id","label"'),
    "single_quoted": table("'{i}','{n}'", "'id','label'"),
    "spaced": table("{i} , {n} ", " id , label "),
    "nohead": table("{i},{n}", ""),
    "backward": table("{n},{i}", ""),
    "label_first": table("{n},{i}", "label,id"),
    "german": table("{i};{n}", "Schuss;Klasse"),
    "shot_id": table("{i},{n}", "shot_id,class"),
    "event_id": table("{i},{n}", "Event ID,Labels"),
    "bunch": table("{i},{n}", "bunch,category"),
    "filename": table("shot_{i:05d}.png,{n}", "filename,label"),
    "path": table("C:\\data\\run 3\\shot_{i:05d}.tif,{n}", "file,label"),
    "bare_file": table("run1/shot_{i:05d}.npy,{n}", ""),
    "pandas": table("7,{i},{n}", ",id,label"),
    "pandas_again": table("7,8,{i},{n}", ",Unnamed: 0,id,label"),
    "r": table('"9" {i} "{n}"', '"id" "label"'),
    "extra": table("{i},{n},nice,ab", "id,label,comment,who"),
    "extra_quoted": table('{i},{n},"nice, really\nnice",ab', "id,label,comment,who"),
    "short_rows": table("{i},{n}", "id,label,comment"),
    "trailing": table("{i},{n},", "id,label,"),
    "trailing_rows": table("{i},{n},"),
    "comment": '# labelled by hand, "twice\n' + table("{i},{n}"),
    "titled": "Labels of beamtime 5\n\n" + table("{i},{n}"),
    "slashes": "// by hand\n" + table("{i},{n}"),
    "head_of_commas": table("{i};{n}"),
    "markdown": table("| {i} | {n} |", "| id | label |\n|---|:--:|"),
    "savetxt": "\n".join(f"{i:.18e} {n}" for i, n in PAIRS),
    "class_numbers_too": "".join(["id,class,label\n", *(f"{i},{sorted(set(NAMES)).index(n)},{n}\n" for i, n in PAIRS)]),
    "python_list": table("{i},\"['{n}']\"", "id,labels"),
    "comments": table("{i},{n}\n#,no"),
    "commented_head": table("{i},{n}", "# id,label"),
    "numpy": table("{i} {n}", "# id label"),
    "again": table("{i},{n}") + "42,Round\n",
    "wide": wide("1", "0"),
    "wide_floats": wide("1.0", "0.0"),
    "wide_words": wide("True", "False"),
    "wide_yes": wide("yes", "No"),
    "wide_x": wide("x", ""),
    "wide_dash": wide("x", "-"),
    "wide_plus": wide("+", "\u2013"),
    "wide_semicolon": wide("1,0", "0,0", "id;Round;Elliptical;Empty", ";"),
    "wide_tab": wide("1", "0", "ID\tRound\tElliptical\tEmpty", "\t"),
}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("ids", [IDS, np.array([f"shot_{i:05d}" for i in IDS]), IDS.astype(str)])
def test_every_dialect_gives_the_same_labels(tmp_path: Path, name: str, ids: np.ndarray) -> None:
    notices: list[str] = []
    shots = read(tmp_path / "labels.csv", DIALECTS[name], ids=ids, notices=notices)
    assert said(shots) == [[name] for name in NAMES]
    assert set(shots.class_names) == set(CLASSES)
    assert shots.label_kind == "multiclass"
    assert any("12 rows" in notice or "13 rows" in notice for notice in notices)
    assert "Round 4" in notices[-1]
    assert "Round 4" in shots.choices["labels"]


def test_what_was_understood_is_said(tmp_path: Path) -> None:
    notices: list[str] = []
    content = table("7;{i};{n};nice;", "# by hand\n;Shot ID;Class;comment;").encode("utf-16")
    read(tmp_path / "labels.csv", content, notices=notices)
    assert notices == [
        "labels.csv: UTF-16, cells separated by semicolon, comment lines: 1, 12 rows, ids from Shot ID",
        "labels.csv: columns that are not used: without a name, comment",
        "labels.csv: column Class: classes Elliptical 4, Empty 4, Round 4",
    ]


def test_latin_1_keeps_its_letters(tmp_path: Path) -> None:
    shots = read(tmp_path / "l.csv", table("{i},{n}").replace("Round", "Tröpfchen").encode("latin-1"))
    assert shots.class_names == ("Elliptical", "Empty", "Tröpfchen")
    decomposed = table("{i},{n}").replace("Round", "Tro\u0308pfchen").replace("45,Tro\u0308", "45,Tr\u00f6")
    assert read(tmp_path / "l.csv", decomposed).class_names == shots.class_names


def test_ids_of_several_parts(tmp_path: Path) -> None:
    ids = np.array([f"{1000 + i // 3}:{i % 3}" for i in range(12)])
    pairs = [(1000 + i // 3, i % 3, n) for i, n in enumerate(NAMES)]
    for head, pattern in (
        ("id,label", "{}:{},{}"),
        ("trainId,pulseId,label", "{},{},{}"),
        ("label,trainId,pulseId", "{2},{0},{1}"),
        ("shot,label", "{}_{:03d},{}"),
        ("shot,label", "{}.0:{}.0,{}"),
    ):
        shots = read(tmp_path / "l.csv", lines(head, *(pattern.format(*pair) for pair in pairs)), ids=ids)
        assert said(shots) == [[name] for name in NAMES]
    with pytest.raises(DataError, match=r"id 1000 is in no source \(12 such lines\); ids of the source are such as"):
        read(tmp_path / "l.csv", lines("trainId,label", *(f"{t},{n}" for t, _, n in pairs)), ids=ids)


def test_the_column_that_fits_is_taken(tmp_path: Path) -> None:
    rows = [f"{k},{i},{n}" for k, (i, n) in enumerate(PAIRS)]
    assert said(read(tmp_path / "l.csv", lines("frame,shot,label", *rows))) == [[name] for name in NAMES]
    assert said(read(tmp_path / "l.csv", lines("frame,shot,label", *rows), ids=np.arange(12))) == [[n] for n in NAMES]
    turned = [f"{97 - i},{i},{n}" for i, n in PAIRS if i < 56]
    with pytest.raises(DataError, match="columns frame and shot both hold ids of the source, but mean different shots"):
        read(tmp_path / "l.csv", lines("frame,shot,label", *turned), ids=np.arange(42, 56), labelled_only=True)
    shots = read(tmp_path / "l.csv", lines("frame,id,label", *turned), ids=np.arange(42, 56), labelled_only=True)
    assert said(shots) == [[name] for name in NAMES]


def test_shots_without_a_line_and_lines_without_a_shot(tmp_path: Path) -> None:
    few = lines("id,label", *(f"{i},{n}" for i, n in PAIRS[:-3]))
    with pytest.raises(DataError, match=r"3 of 12 shots have no line, such as id 51; .*--labelled-only"):
        read(tmp_path / "l.csv", few)
    shots = read(tmp_path / "l.csv", few, labelled_only=True)
    assert (shots.ids.tolist(), said(shots)) == (IDS[:-3].tolist(), [[name] for name in NAMES[:-3]])
    assert shots.left_out == (LeftOut("without a line in l.csv", ("51", "52", "53")),)
    more = few + "900,Round\n"
    with pytest.raises(DataError, match=r"id 900 is in no source \(1 such lines\).*--labelled-only"):
        read(tmp_path / "l.csv", more)
    notices: list[str] = []
    assert read(tmp_path / "l.csv", more, labelled_only=True, notices=notices).count == 9
    assert "l.csv: 1 lines mean no shot of the source, such as id 900" in notices
    with pytest.raises(ConfigError, match="--labelled-only goes with --labels-csv"):
        labelled(source(IDS), LabelOptions(labelled_only=True))


def test_unsure_shots_are_left_out_on_request(tmp_path: Path) -> None:
    for content in (table("{i},{n}").replace("Empty", "MAYBE"), wide("1", "0").replace("44,0,0,1", "44,?,0,0")):
        with pytest.raises(DataError, match=r"unsure.*--unsure unlabelled"):
            read(tmp_path / "l.csv", content)
        shots = read(tmp_path / "l.csv", content, unsure="unlabelled")
        ids = [i for i, n in PAIRS if n != "Empty"] if "MAYBE" in content else [i for i in IDS if i != 44]
        assert shots.ids.tolist() == ids
        assert said(shots) == [[n] for i, n in PAIRS if i in ids]
        assert shots.left_out[0].reason == "whose label is unsure"
        assert len(shots.left_out[0].ids) == 12 - len(ids)
    with pytest.raises(DataError, match=r"every shot is unsure|no shot has a label"):
        read(tmp_path / "l.csv", lines("id,label", *(f"{i},?" for i in IDS)), unsure="unlabelled")


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "twice": (table("{i},{n}") + "42,Empty\n", "id 42 is in line 2 and in line 14 with other labels"),
    "twice_padded": (table("{i},{n}") + "00042,Empty\n", "id 00042 is in line 2 and in line 14"),
    "blank_cells": (",,,\n,,\n", "every cell is blank"),
    "wide_line": ("1," * 200_000, "200000 columns without a heading"),
    "one_column": (lines("id", *map(str, IDS)), "one column"),
    "head_only": ("id,label\n", "no line below the heading"),
    "comments_only": ("# id,label\n", "no line but comments"),
    "no_label": (table("{i},{n},{n}", "id,who,comment"), "none is called label and none holds 0 and 1"),
    "two_labels": (table("{i},{n},{n}", "id,Round,Round"), "two columns are called 'Round'"),
    "bare_three": (table("{i},{n},{n}", ""), "3 columns without a heading; give a first line that names the columns"),
    "loose_comma": (
        table("{i},{n},good", "id,label,comment").replace("good", "good, really", 1),
        "line 2 has 4 cells, 3 are expected",
    ),
    "open_quote": (table("{i},{n},nice", "id,label,comment").replace("nice", '"nice', 1), "a quote that opens"),
    "exponent": (table("{i}E+2,{n}"), r"id 42E\+2 is in no source"),
    "lost_digits": (table("4.{i}E+03,{n}"), r"id 4.42E\+03 is in no source"),
    "negative": (table("-{i},{n}"), "id -42 is in no source"),
    "hexadecimal": (table("0x{i},{n}"), "id 0x42 is in no source"),
    "two_columns": (table("{i},{n},a", "id,label,class").replace(",a", ",b", 3), "label and class look like labels"),
    "json": ('{"42": "Round"}', "is JSON, not a list or table as text"),
    "html": ("<table></table>", "is HTML or XML"),
    "blank_id": (table("{i},{n}") + ",Round\n", r"id \(blank\) is in no source"),
    "decimal": (table("7.{i},{n}"), r"id 7\.42 is in no source"),
    "other_run": (table("run2_{i},{n}"), "id run2_42 is in no source"),
    "shares": (table("{i},0.7,0.3", "id,Round,Empty"), "line 2, column Round: found '0.7', expected 0 or 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_mean_several_things_is_refused(tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    ids = np.array([f"run1_{i}" for i in IDS]) if name == "other_run" else IDS
    with pytest.raises(AirybenchError, match=message) as caught:
        read(tmp_path / "labels.csv", content, ids=ids)
    assert str(tmp_path / "labels.csv") in str(caught.value)
    assert "\n" not in str(caught.value)
