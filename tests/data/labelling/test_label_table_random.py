"""Any table of labels, written in any dialect, is read back as that table."""

import csv
import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airybench.data.labelling.label_table import labelled
from airybench.data.reading.options import LabelOptions
from tests.label_files import source

WORDS = ("Round", "Ellip. tical", "Tröpfchen", "Spherical/Oblate", "none of these", "Größe 2", 'so-called "x"', "9b")
"""Names of classes: with blanks, signs, quotes and letters beyond ASCII."""

IDS = {"number": "{}", "padded": "{:06d}", "float": "{}.0", "file": "data/shot_{:06d}.tif", "savetxt": "{:.18e}"}

HEADS = {"id": "label", "Shot ID": "Class", "filename": "Labels", "": ""}


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Ids, labels (N, C) and class names."""
    names = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True))
    ids = draw(st.lists(st.integers(0, 10**6 - 1), min_size=len(names), max_size=12, unique=True))
    columns = draw(st.lists(st.integers(0, len(names) - 1), min_size=len(ids), max_size=len(ids)))
    columns[: len(names)] = range(len(names))  # each class occurs
    return np.array(ids), np.eye(len(names), dtype=int)[columns], names


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data(), made=tables())
def test_a_table_is_read_back_in_every_dialect(tmp_path_factory, data: st.DataObject, made: tuple) -> None:
    ids, labels, names = made
    draw = lambda *options: data.draw(st.sampled_from(options))  # noqa: E731
    separator, wide = draw(",", ";", "\t", "|"), draw(True, False)
    head = draw("id", "Shot ID", "filename") if wide else draw(*HEADS)
    form = IDS[draw(*IDS)]
    yes, no = draw(("1", "0"), ("1.0", "0.0"), ("yes", "No"), ("x", ""), ("True", "False"), ("+", "-"))
    heading = [head, *names] if wide else [head, HEADS[head]]
    rows = [heading] if head else []
    for number, row in zip(ids.tolist(), labels, strict=True):
        cells = [yes if one else no for one in row] if wide else [names[int(row.argmax())]]
        rows.append([form.format(number), *cells])
    order = data.draw(st.permutations(range(len(ids))))
    rows = rows[: len(rows) - len(ids)] + [rows[len(rows) - len(ids) + place] for place in order]
    text = io.StringIO()
    quoting = draw(csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=draw("\n", "\r\n")).writerows(rows)
    above = draw("", "# by hand\n", "\n")
    path = tmp_path_factory.getbasetemp() / "random.csv"
    path.write_bytes((above + text.getvalue()).encode(draw("utf-8", "utf-8-sig", "utf-16", "cp1252")))
    shots = labelled(source(ids), LabelOptions(csv=path))
    assert set(shots.class_names) == set(names)
    found = [shots.class_names[column] for column in shots.labels.argmax(axis=1)]
    assert found == [names[column] for column in labels.argmax(axis=1)]
    assert (shots.labels.sum(axis=1) == 1).all()
    assert shots.ids.tolist() == ids.tolist()
