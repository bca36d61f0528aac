"""Lists of shots in the forms in which hit finders and people write them."""

from pathlib import Path

import numpy as np
import pytest

from airybench.data.labelling.shot_list import Listed, listed, read_list
from airybench.data.reading.shot_source import LeftOut, ShotSource
from airybench.errors import DataError
from tests.label_files import source
from tests.reporters import CollectingReporter

IDS = np.array([42, 7, 43, 900, 44])
OM = "# timestamp, event_id, hit, filename, index, num_peaks, ave_intensity\n"
TWO_FILES = {"place": lambda row: f"{'ab'[row // 3]}.cxi entry {row % 3}"}


def shots(tmp_path: Path, content: str, where: ShotSource) -> list[int]:
    (tmp_path / "hits.txt").write_text(content)
    return read_list(tmp_path / "hits.txt", where).rows.tolist()


@pytest.mark.parametrize(
    "content",
    [
        "43\n42\n",
        "# good\n00042 \n\n43.0\n42\n",
        "42,43\n",
        "42 43",
        "id\n42\n43\n",
        "shot_id;score\n42;0.7\n43;0.9\n",
        "id,hit\n42,1\n7,0\n43,True\n44,no\n",
        "shot_00042.png\nshot_00043.png\n",
        "id,label\n42,Round\n43,Empty\n",
        OM + "1.5, 42, True, a.cxi, 0, 9, 1.0\n2.5, 43, 1, a.cxi, 1, 8, 0.5\n3.5, 44, False, a.cxi, 2, 1, 0.1\n",
        OM + "1.5, 9:42, True, stack.h5, 0, 9, 1.0\n2.5, 9:43, 1, x/stack.h5, 2, 8, 0.5\n",
        "stack.h5 //0\n/data/stack.h5 //2\n",
    ],
)
def test_lists_of_whole_numbers(tmp_path: Path, content: str) -> None:
    assert shots(tmp_path, content, source(IDS)) == [0, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("7-43\n900\n", "7-43 looks like a range of ids; list each of them"),
        ("7-42\n43-900\n", "looks like a range"),
        ("7-43\n", "7-43 looks like a range"),
        ("7 42\n43 900\n", "columns column 1 and column 2 both hold ids of the source, but mean different shots"),
        ('{"ids": [7, 42]}', "is JSON"),
    ],
)
def test_lists_that_would_be_read_in_part_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        shots(tmp_path, content, source(IDS))


def test_a_run_before_each_number_is_no_range(tmp_path: Path) -> None:
    assert shots(tmp_path, "3-42\n3-900\n", source(IDS)) == [0, 3]


def test_lists_of_text(tmp_path: Path) -> None:
    ids = np.array([f"{1000 + i // 3}:{i % 3}" for i in range(6)])
    for content in ("1000:1\n1001:2\n", "trainId pulseId\n1000 1\n1001 2\n", "1000 1\n1001 2\n", "1000_1\n1001_2\n"):
        assert shots(tmp_path, content, source(ids)) == [1, 5]
    ids = np.array([f"xppx1:{54 + i}:1428:{i * 7}" for i in range(4)])
    assert shots(tmp_path, "# exp run time fid\nxppx1 55 1428 7\nxppx1 57 1428 21\n", source(ids)) == [1, 3]
    assert shots(tmp_path, "xppx1:57:1428:21\n", source(ids)) == [3]


def test_events_of_files(tmp_path: Path) -> None:
    where = source(np.arange(6) + 70, **TWO_FILES)
    assert shots(tmp_path, "run/a.cxi //2\nb.cxi //0\n", where) == [2, 3]
    assert shots(tmp_path, "a.cxi\n", where) == [0, 1, 2]
    assert shots(tmp_path, "filename,index\nb.cxi,1\na.cxi,0\n", where) == [0, 4]
    found = read_list_of(tmp_path, "a.cxi //2\nb.cxi //9\nc.cxi //0\n", where)
    assert (found.rows.tolist(), found.strange) == ([2], ("b.cxi //9", "c.cxi //0"))
    tags = source([201, 202, 203])
    assert shots(tmp_path, "stack.h5 /tag-202//\nstack.h5 /tag-203//\n", tags) == [1, 2]
    entries = source([9, 8], place=lambda row: f"entry_{row + 1}")
    assert shots(tmp_path, "stack.h5 entry_2//\n", entries) == [1]


def read_list_of(tmp_path: Path, content: str, where: ShotSource) -> Listed:
    (tmp_path / "hits.txt").write_text(content)
    return read_list(tmp_path / "hits.txt", where)


def test_what_is_left_out_and_what_is_strange_is_said(tmp_path: Path) -> None:
    path, reporter = tmp_path / "hits.txt", CollectingReporter()
    path.write_text("42\n44\n5000\n")
    taken = listed(source(IDS), path, reporter)
    assert taken.ids.tolist() == [42, 44]
    assert taken.left_out == (LeftOut("not listed in hits.txt", ("7", "43", "900")),)
    assert reporter.notices == [
        "hits.txt: UTF-8, one column, no heading, one id on each line; 2 of 5 shots are taken",
        "hits.txt: 1 of its ids are in no source, such as 5000",
    ]
    assert listed(source(IDS), None).count == 5
    path.write_text("".join(f"{one}\n" for one in IDS))
    assert listed(source(IDS), path).left_out == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\n2\n", "none of its 2 ids is in the source, such as 1; the source has such as 42"),
        ("1\n0\n0\n1\n0\n", "flags 0 and 1"),
        ("42 1\n43 0\n44 1\n", "flags 0 and 1"),
        ("id,hit\n42,0\n", "no line is a hit"),
        ("id,hit\n42,7\n", "line 2, column hit: found '7', expected 0 or 1"),
        ("# nothing\n", "no line but comments"),
        ("a.cxi //1\n", r"none of its 1 ids is in the source, such as a.cxi //1"),
    ],
)
def test_lists_that_name_nothing_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "hits.txt").write_text(content)
    with pytest.raises(DataError, match=message):
        listed(source(IDS), tmp_path / "hits.txt")


@pytest.mark.parametrize("line", [f"{'9' * 5000}-{'9' * 4999}8", f"run.h5 //{'9' * 5000}"])
def test_a_line_of_thousands_of_digits_names_no_shot(tmp_path: Path, line: str) -> None:
    assert max(shots(tmp_path, f"{line}\n", source(IDS)), default=-1) < 0
