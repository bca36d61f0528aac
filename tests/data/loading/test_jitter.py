"""Random faults of a detector on training images, against NumPy."""

import numpy as np
import pytest
import torch
from files import store_file

from airybench.config import DataConfig, Scaling, TrainConfig, TrialConfig
from airybench.data.loading.jitter import DetectorJitter
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.data.split.split import make_split
from airybench.data.store.store import Store
from airybench.physics.fixed_frame import HOT_COUNTS

SHOTS, SIDE, CPU = 400, 16, torch.device("cpu")


def drawn(seed: int = 1, **how: float) -> DetectorJitter:
    return DetectorJitter.draw(TrainConfig(**how), SHOTS, SIDE, torch.Generator().manual_seed(seed))


def applied(counts: torch.Tensor, seed: int = 1, **how: float) -> np.ndarray:
    return drawn(seed, **how).applied(counts, slice(0, len(counts))).numpy()


def flat(value: float) -> torch.Tensor:
    return torch.full((SHOTS, 1, SIDE, SIDE), value)


def test_nothing_is_the_default() -> None:
    assert not TrainConfig().detector_jitter
    assert np.array_equal(applied(flat(7.0)), flat(7.0).numpy())


def test_hot_pixels_have_their_counts_and_no_others_change() -> None:
    found = applied(flat(7.0), hot_pixels=5)
    changed = found != 7
    per_shot = changed.sum((1, 2, 3))
    assert set(per_shot) == {0, 1, 2, 3, 4, 5}
    assert found[changed].min() >= HOT_COUNTS[0] * 0.999
    assert found[changed].max() <= HOT_COUNTS[1] * 1.001
    # A logarithm that is uniform has its median at the geometric mean.
    assert np.median(found[changed]) == pytest.approx(np.sqrt(HOT_COUNTS[0] * HOT_COUNTS[1]), rel=0.2)
    assert per_shot.mean() == pytest.approx(2.5, abs=0.3)
    # All over the image: each row has its share.
    assert np.ptp(changed.sum((0, 1, 3))) < changed.sum() / 4


def test_a_hot_pixel_never_darkens() -> None:
    assert applied(flat(60_000.0), hot_pixels=5).min() == 60_000


def test_dead_pixels_are_zero_and_stay_so() -> None:
    found = applied(flat(7.0), dead_pixels=4, offset_jitter=100.0)
    dead = found == 0
    assert set(dead.sum((1, 2, 3))) <= {0, 1, 2, 3, 4}
    assert dead.sum() > SHOTS


def test_offset_and_gain_are_those_of_a_shot() -> None:
    counts = torch.from_numpy(np.random.default_rng(2).integers(1, 100, (SHOTS, 1, SIDE, SIDE)).astype(np.float32))
    found = applied(counts, offset_jitter=50.0, gain_jitter=3.0)
    gains, offsets = [], []
    for before, after in zip(counts.numpy(), found, strict=True):
        slope, start = np.polyfit(before.ravel(), after.ravel(), 1)
        gains.append(slope)
        offsets.append(start)
    assert 1 / 3 - 1e-3 <= min(gains) < 0.4 < 2.5 < max(gains) <= 3 + 1e-3
    assert np.mean(np.log(gains)) == pytest.approx(0, abs=0.15)
    assert -0.01 <= min(offsets) < 5 < 45 < max(offsets) <= 50.01


def test_a_detector_counts_to_65535() -> None:
    assert applied(flat(60_000.0), gain_jitter=4.0, offset_jitter=9000.0).max() == 65535


def test_the_same_seed_gives_the_same_faults_in_any_batches() -> None:
    how = {"hot_pixels": 5, "dead_pixels": 5, "offset_jitter": 9.0, "gain_jitter": 2.0}
    together = applied(flat(9.0), **how)
    jitter = drawn(**how)
    parts = [jitter.applied(flat(9.0)[start : start + 64], slice(start, start + 64)) for start in range(0, SHOTS, 64)]
    assert np.array_equal(together, torch.cat(parts).numpy())
    assert not np.array_equal(together, applied(flat(9.0), seed=2, **how))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_file(tmp_path_factory.mktemp("jitter") / "some.h5", count=40)


def loaded(store: Store, scaling: Scaling, *, keep_counts: bool, **data: object) -> LoadedDataset:
    split = make_split(store.ids(), store.labels(), store.content_sha256, 1)
    config = DataConfig(image_size=32, **data)
    return LoadedDataset.from_store(store, split, config, scaling, keep_counts=keep_counts)


@pytest.mark.parametrize("scaling", ["counts", "unit", "log1p", "standardised"])
def test_counts_that_are_scaled_late_give_the_same_inputs(store: Store, scaling: Scaling) -> None:
    early, late = (loaded(store, scaling, keep_counts=keep) for keep in (False, True))
    for one, other in zip(early.val.evaluation_batches(), late.val.evaluation_batches(), strict=True):
        assert torch.equal(one, other)
    config = TrainConfig(batch_size=8, rotation="quarter")
    pairs = zip(early.train.training_batches(config, 1), late.train.training_batches(config, 1), strict=True)
    for (one, labels), (other, again) in pairs:
        torch.testing.assert_close(one, other)  # a sum over a mirrored image may round otherwise
        assert torch.equal(labels, again)


def test_faults_come_before_the_scaling_and_only_in_training(store: Store) -> None:
    plain, faulty = (loaded(store, "unit", keep_counts=True).train for _ in range(2))
    config = TrainConfig(batch_size=8, flips=False, offset_jitter=6553.5)
    before = torch.cat([images for images, _ in plain.training_batches(TrainConfig(batch_size=8, flips=False), 3)])
    after = torch.cat([images for images, _ in faulty.training_batches(config, 3)])
    shots = (after - before).flatten(1).median(1).values
    assert 0 <= shots.min() < 0.03 < 0.07 < shots.max() <= 0.1
    torch.testing.assert_close(after, (before + shots.view(-1, 1, 1, 1)).clamp(max=1))
    assert torch.equal(torch.cat(list(faulty.evaluation_batches())), torch.cat(list(plain.evaluation_batches())))


def test_maps_have_no_faults(store: Store) -> None:
    config = TrainConfig(batch_size=8, hot_pixels=9, offset_jitter=50.0)
    part = loaded(store, "counts", keep_counts=True, input="ccf").train
    plain = list(part.training_batches(TrainConfig(batch_size=8), 1))
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(plain, part.training_batches(config, 1), strict=True))
    one, other = (TrialConfig().replace({"input": "ccf", "hot_pixels": number}) for number in (0, 5))
    assert one.cell() == other.cell()
    assert other.params()["hot_pixels"] == 0


def test_cells_keep_their_digest_and_differ_by_their_faults() -> None:
    assert TrialConfig().replace({"gain_jitter": 1.0}).cell() == TrialConfig().cell()
    assert TrialConfig().replace({"gain_jitter": 1.5}).cell() != TrialConfig().cell()


def test_faults_are_drawn_over_epochs() -> None:
    of = LoadedSplit(torch.zeros(8, 1, 6, 6), torch.zeros(8, 1), np.arange(8))
    config = TrainConfig(batch_size=8, hot_pixels=3, flips=False)
    first, second = (next(of.training_batches(config, epoch))[0] for epoch in (1, 2))
    assert not torch.equal(first, second)
