"""A study of many trials, here of a few: what is measured is a real study that is started, resumed and compared."""

import math

import pytest
import torch

from airybench.bench import studies
from airybench.bench.studies import bench_studies
from airybench.sweep.saved_studies import read


@pytest.mark.slow
def test_a_study_is_filled_resumed_for_its_last_trial_and_compared(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    compare_studies = studies.compare_studies

    def looked_at(names, *rest, **more):
        kept = read(studies.data_folder() / "studies", "bench-many@helium")
        seen.append(
            [(record.config.training.base_lr, record.config.network.log_activation) for record in kept.finished]
        )
        return compare_studies(names, *rest, **more)

    monkeypatch.setattr(studies, "compare_studies", looked_at)
    rows = {row.quantity: row for row in bench_studies(trials=10, device=torch.device("cpu"))}
    assert len(seen[0]) == len(set(seen[0])) == 10
    assert all(math.isfinite(row.median) and row.median > 0 for row in rows.values())
    assert rows["what the study itself costs a trial"].repeats == 9
    assert {row.goal for row in rows.values() if row.unit == "s"} >= {5.0}
