"""The benchmark of training steps: each way once, in units that fit together."""

import pytest
import torch

from airybench.bench.steps import WAYS, bench_steps
from airybench.config import TrialConfig

CPU = torch.device("cpu")
SMALL = TrialConfig().replace({"image_size": 32, "batch_size": 2, "arch": "timm:test_resnet"})


def test_every_way_is_compared_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.bench.steps.LEAST_SECONDS", 0.0)
    rows = {row.quantity: row for row in bench_steps(config=SMALL, repeats=1, compiled=False, device=CPU)}
    names = [name for name, changes in WAYS.items() if not changes.get("compile")]
    assert [name for name in rows if name.startswith("step") and " over " not in name] == [f"step, {n}" for n in names]
    first = rows[f"step, {names[0]}"].median
    for name in names[1:]:
        assert rows[f"step, {name} over {names[0]}"].median == pytest.approx(rows[f"step, {name}"].median / first)
    assert {row.unit for row in rows.values() if row.quantity.startswith(("update", "penalties"))} == {"ms"}
