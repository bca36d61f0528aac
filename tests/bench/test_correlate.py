"""The benchmark of correlation maps: it compares the same maps, and says what it measured."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from airybench.bench.correlate import _by_fft, _by_loop, bench_correlate, plain_map
from airybench.cli.main import run
from airybench.errors import ConfigError
from airybench.physics.correlation import correlation_map


@pytest.mark.parametrize("kind", ["angular", "radial"])
@pytest.mark.parametrize("row_of", [_by_loop, _by_fft])
def test_both_loops_make_the_maps_that_they_are_timed_against(kind, row_of) -> None:
    rows, columns = np.indices((32, 32)) - 15.5
    image = 500 + 300 * np.cos(2 * np.arctan2(rows, columns)) * np.exp(-np.hypot(rows, columns) / 10)
    expected = correlation_map(torch.from_numpy(image[None]), kind=kind, delta=60.0)[0].numpy()
    # OpenCV rounds places on the image to 1/32 px.
    found = plain_map(image.astype(np.float32), kind, row_of)
    np.testing.assert_allclose(found[3:, 3:], expected[3:, 3:], atol=0.01)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["bench", "correlate", "--count", "4", "--image-size", "32", "--repeats", "2", "--device", "cpu"]
    assert run([*small, "--json"]) == 0
    found = {row["quantity"]: row for row in json.loads(capsys.readouterr().out)["measurements"]}
    fast, slow = found["throughput in batches of 4"], found["throughput of a NumPy double loop"]
    ratio = found["batches over the double loop"]
    assert ratio["median"] == pytest.approx(fast["median"] / slow["median"])
    assert (ratio["goal"], ratio["repeats"]) == (100, 2)
    assert run([*small, "--radial", "--output", str(tmp_path / "b.csv")]) == 0
    with (tmp_path / "b.csv").open() as file:
        assert {row["subject"] for row in csv.DictReader(file)} == {"radial maps, 32 px"}
    with pytest.raises(ConfigError, match="image size 16: at least 32"):
        bench_correlate(image_size=16, device=torch.device("cpu"))


@pytest.mark.slow
def test_a_batch_of_64_is_a_hundred_times_as_fast_as_the_loop() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the loop has one core as well
    try:
        found = {row.quantity: row for row in bench_correlate(device=torch.device("cpu"), repeats=3)}
    finally:
        torch.set_num_threads(threads)
    assert found["the same in time that cores worked, double loop"].median >= 100
