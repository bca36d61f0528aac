"""Which columns of a table are classes, and what is said of the others."""

from pathlib import Path

import numpy as np
import pytest
from reporters import CollectingReporter
from sources import opened

from airybench.data.labelling.label_table import labelled
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource


@pytest.fixture
def shots(tmp_path: Path) -> ShotSource:
    np.save(tmp_path / "s.npy", np.random.default_rng(2).poisson(5, (4, 9, 11)).astype("u2"))
    return opened(tmp_path / "s.npy", options=SourceOptions(keys=StackKeys(photon_energy=9.0e3)))[0]


def told(shots: ShotSource, tmp_path: Path, head: str, **how: tuple[str, ...]) -> tuple[ShotSource, str]:
    lines = [f"{row},1,{row % 2},{(row + 1) % 2}" for row in range(4)]
    (tmp_path / "l.csv").write_text("\n".join([head, *(line[: 2 * head.count(",") + 1] for line in lines)]))
    said = CollectingReporter()
    return labelled(shots, LabelOptions(csv=tmp_path / "l.csv", **how), said), "\n".join(said.notices)  # type: ignore[arg-type]


@pytest.mark.parametrize("flag", ["hit", "is_hit", "Good", "keep"])
def test_a_flag_beside_classes_is_no_class_and_is_named(shots: ShotSource, tmp_path: Path, flag: str) -> None:
    source, said = told(shots, tmp_path, f"id,{flag},Round,Prolate")
    assert source.class_names == ("Round", "Prolate")
    assert source.labels is not None
    assert source.labels.tolist() == [[0, 1], [1, 0], [0, 1], [1, 0]]
    assert f"columns that are not used: {flag}" in said
    assert f"to make it one add --class-names {flag},Round,Prolate" in said
    source, said = told(shots, tmp_path, f"id,{flag},Round,Prolate", class_names=(flag, "Round", "Prolate"))
    assert source.class_names == (flag, "Round", "Prolate")
    assert source.labels is not None
    assert source.labels[:, 0].tolist() == [1] * 4
    assert "is no class" not in said


def test_a_flag_alone_is_the_class(shots: ShotSource, tmp_path: Path) -> None:
    assert told(shots, tmp_path, "id,hit")[0].class_names == ("hit",)
