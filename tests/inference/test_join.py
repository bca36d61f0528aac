"""Joining: all parts in order into one file, whatever is missing or killed on the way."""

import csv
from pathlib import Path

import numpy as np
import pytest
from small_predictions import COUNT, NAMES, assert_same, columns, go, model

from airybench.data.reading.shot_source import ShotSource
from airybench.errors import DataError
from airybench.inference.join import join
from airybench.inference.parts import Parts
from airybench.inference.predictor import Predictor

pytestmark = pytest.mark.usefixtures("short_parts")


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_table(kind: str, shots: ShotSource, tmp_path: Path) -> None:
    go(model(kind=kind), shots, tmp_path / "out.h5", table=True)
    found = columns(tmp_path / "out.h5")
    if kind == "multiclass":
        assert (found["prediction"].sum(1) == 1).all()
        assert (found["prediction"].argmax(1) == found["probability"].argmax(1)).all()
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == ["id", *(f"p {name}" for name in NAMES), "answer"]
    assert [int(row["id"]) for row in rows] == found["id"].tolist()
    for row, said, answered in zip(rows, found["probability"], found["prediction"], strict=True):
        assert [float(row[f"p {name}"]) for name in NAMES] == pytest.approx(said.tolist(), rel=1e-5)
        assert row["answer"] == ";".join(name for name, held in zip(NAMES, answered, strict=True) if held)


@pytest.mark.parametrize(
    "moment", ["os.replace", "h5py.File", "airybench.inference.parts.Parts.remove", "shutil.rmtree"]
)
def test_killed_while_joining_then_the_same_call(
    moment: str, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(1, 1), explain=True)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(moment, killed)
        with pytest.raises(KeyboardInterrupt):
            join(Parts(output))
    if moment == "shutil.rmtree":  # only the parts were left to be removed
        assert_same(output, whole)
        return
    found = go(predictor, shots, output, explain=True)
    assert found.done_before == COUNT
    assert_same(output, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]


@pytest.mark.parametrize("shards", [1, 3, 10, 13])
def test_shards_join_to_the_whole(
    shards: int, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    output = tmp_path / "out.h5"
    done = [go(predictor, shots, output, shard=(i, shards), explain=True) for i in reversed(range(1, shards + 1))]
    assert sum(one.shots for one in done) == COUNT
    assert not any(one.joined for one in done)
    assert not output.exists()
    join(Parts(output), table=True)
    assert_same(output, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.h5"]


def test_a_missing_shard_is_named(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    output = tmp_path / "out.h5"
    for shard in (1, 3):
        go(predictor, shots, output, shard=(shard, 3))
    with pytest.raises(DataError, match="3 of 10 parts are missing or were changed, the first of them shots 12 to"):
        join(Parts(output))
    assert not output.exists()
    go(predictor, shots, output, shard=(2, 3))
    assert join(Parts(output)).count == COUNT
    with pytest.raises(DataError, match="has no parts; predict with --output"):
        join(Parts(tmp_path / "none.h5"))
