"""Bad pixels at the input: filled as a plain loop fills them, the same in training, prediction and export."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from airybench.config import DataConfig, TrialConfig
from airybench.data.datasets.imported import open_file
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.masking import PixelFill, filled_shots, pixel_fill, trained_mask
from airybench.data.loading.preprocess import preprocess
from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.inference.export import export
from airybench.inference.logits import store_logits
from airybench.inference.predict import predict
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import CHANGES
from airybench.inference.stressed import stressed_predictions
from airybench.inference.weights import load_weights, save_weights

CPU = torch.device("cpu")
SHOTS, SIDE = 24, 40
RANDOM = np.random.default_rng(8)
SHARED = RANDOM.random((SIDE, SIDE)) > 0.1
SHARED[10:18, 20:29] = False  # a shadow that is wider than the fill reaches
OWN = SHARED & (RANDOM.random((SHOTS, SIDE, SIDE)) > 0.05)
IMAGES = RANDOM.poisson(40, (SHOTS, SIDE, SIDE)).astype(np.uint16)
SPLIT = Split(np.arange(0, 16), np.arange(16, 20), np.arange(20, 24), "", 0, "")
HOWS = pytest.mark.parametrize("how", ["median", "zero", "channel"])
MASKS = pytest.mark.parametrize("mask", [SHARED, OWN], ids=["shared", "own"])


def by_hand(image: np.ndarray, good: np.ndarray, how: str) -> np.ndarray:
    found = image.astype(np.float64)
    for row, column in np.argwhere(~good):
        found[row, column] = 0
        for reach in (1, 2) if how == "median" else ():
            part = np.s_[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
            known = image[part][good[part]]
            if len(known):
                found[row, column] = np.percentile(known, 50, method="lower")
                break
    return found


def store_of(path: Path, mask: np.ndarray | None, images: np.ndarray = IMAGES) -> Store:
    shared = mask.astype(np.uint8) if mask is not None and mask.ndim == 2 else None
    header = StoreHeader("masked", ("A", "B"), "multilabel", "run 7", "drawn", None)
    with StoreWriter(path, header, image_shape=(SIDE, SIDE), mask=shared) as writer:
        ids = np.arange(len(images))
        labels = np.stack([ids % 2, ids % 3 == 0], axis=1)
        each = mask if mask is not None and mask.ndim == 3 else None
        writer.append(images, ids=ids, photon_energy=20.0 + ids, labels=labels, mask=each)
    return Store.open(path)


def config(how: str, **changes: object) -> TrialConfig:
    return TrialConfig().replace(
        {"image_size": 32, "input_mask": how, "arch": "vgg", "depth": 11, "head_width": 8, **changes}
    )


def model(how: str, good: np.ndarray | None) -> Predictor:
    torch.manual_seed(1)
    return Predictor(config(how), ("A", "B"), "multilabel", good=good).eval()


def expected_logits(predictor: Predictor, images: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    inputs = preprocess(torch.from_numpy(images), 32, antialias=False, scaling=predictor.config.input_scaling)
    if predictor.config.data.input_mask == "channel":
        shown = np.ones_like(images) if mask is None else np.broadcast_to(mask, images.shape).astype(np.uint16)
        second = preprocess(torch.from_numpy(shown), 32, antialias=False, scaling="counts")
        inputs = torch.cat([inputs, second], dim=1)
    with torch.no_grad():
        return predictor.network(inputs).numpy()


def filled(mask: np.ndarray, how: str, images: np.ndarray = IMAGES) -> np.ndarray:
    masks = np.broadcast_to(mask, images.shape)
    return np.stack([by_hand(one, good, how) for one, good in zip(images, masks, strict=True)])


@HOWS
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_a_bad_pixel_takes_the_median_around_it(how: str, share: float) -> None:
    good = RANDOM.random((13, 17)) > share
    images = RANDOM.integers(0, 65536, (3, 13, 17)).astype(np.uint16)
    found = PixelFill(good, how)(torch.from_numpy(images))
    assert np.array_equal(found, np.stack([by_hand(image, good, how) for image in images]))
    each = filled_shots(images, np.broadcast_to(good, images.shape), DataConfig(input_mask=how))
    assert np.array_equal(each[:, 0] if how == "channel" else each, found)
    if how == "channel":
        assert np.array_equal(each[:, 1], np.broadcast_to(good, images.shape))


def test_nothing_is_filled_where_nothing_is_bad() -> None:
    good = np.ones((4, 4), bool)
    assert pixel_fill(good, "median") is pixel_fill(None, "zero") is pixel_fill(~good, "none") is None
    assert not PixelFill(~good, "median")(torch.ones(2, 4, 4)).any()


@pytest.mark.parametrize(
    ("mask", "how", "placement"),
    [(SHARED, "median", "device"), (SHARED, "zero", "host"), (OWN, "zero", "device"), (OWN, "median", "host")],
    ids=["shared-device", "shared-host", "own-device", "own-host"],
)
def test_training_sees_filled_images(tmp_path: Path, mask: np.ndarray, how: str, placement: str) -> None:
    store, data = store_of(tmp_path / "s.h5", mask), config(how).data
    good, _ = trained_mask(store, SPLIT.train, data)
    found = LoadedDataset.from_store(
        store, SPLIT, data, "counts", CPU, placement, corrections=ShotCorrections.of(store, good, data)
    )
    expected = preprocess(torch.from_numpy(filled(mask & good, how)), 32, antialias=False, scaling="counts")
    for part in ("train", "val", "test"):
        seen = torch.cat(list(getattr(found, part).evaluation_batches()))
        torch.testing.assert_close(seen, expected[getattr(SPLIT, part)])


def test_the_mask_that_is_taken_along(tmp_path: Path) -> None:
    hot = IMAGES.copy()
    hot[:, 5, 5] = 40_000
    hot[16:, 7, 7] = 40_000  # not in the training shots
    good = SHARED.copy()
    good[3:10, 3:10] = True
    store = store_of(tmp_path / "s.h5", good, hot)
    plain, _ = trained_mask(store, SPLIT.train, DataConfig(input_mask="zero"))
    assert np.array_equal(plain, good)
    looked, found = trained_mask(store, SPLIT.train, DataConfig(input_mask="zero", find_bad_pixels=True))
    assert found is not None
    assert found.shots == 16
    assert np.argwhere(looked != good).tolist() == [[5, 5]]
    own = np.broadcast_to(good, hot.shape).copy()
    own[3, 0, 0] = False
    own[:16, 1, 1] = False  # bad in all training shots
    each, _ = trained_mask(store_of(tmp_path / "o.h5", own, hot), SPLIT.train, DataConfig(input_mask="zero"))
    assert np.array_equal(each, own[:16].any(axis=0))
    assert trained_mask(store, SPLIT.train, DataConfig(find_bad_pixels=True)) == (None, None)


@HOWS
@MASKS
def test_predictions_of_stores_and_files_fill_by_both_masks(tmp_path: Path, mask: np.ndarray, how: str) -> None:
    brought = np.ones((SIDE, SIDE), bool)
    brought[12, 12:20] = False
    store, predictor = store_of(tmp_path / "s.h5", mask), model(how, brought)
    expected = expected_logits(predictor, filled(mask & brought, how), mask & brought)
    rows = np.array([21, 4, 5])
    np.testing.assert_allclose(store_logits(predictor, store, rows, CPU), expected[rows], atol=1e-5)
    output = predict(predictor, open_file(store.path), tmp_path / "p.h5", device=CPU).output
    with h5py.File(output) as file:
        np.testing.assert_allclose(file["probability"], 1 / (1 + np.exp(-expected)), atol=1e-5)


@MASKS
@pytest.mark.parametrize("how", ["median", "channel"])
def test_a_changed_detector_is_masked_as_well(tmp_path: Path, mask: np.ndarray, how: str) -> None:
    store, predictor = store_of(tmp_path / "s.h5", mask), model(how, None)
    clean = Predictions(store.ids(), np.zeros((SHOTS, 2), np.float32), store.labels(), ("A", "B"), "multilabel")
    found = stressed_predictions(predictor, store, np.arange(SHOTS), clean, {"hot-pixels": (0.0, 60.0)}, CPU)
    changed = CHANGES["hot-pixels"](IMAGES, store.ids(), 60.0)
    expected = expected_logits(predictor, filled(mask, how, changed), mask)
    np.testing.assert_allclose(found["hot-pixels"][60.0].logits, expected, rtol=1e-4, atol=1e-4)


@HOWS
def test_the_mask_is_part_of_the_model(tmp_path: Path, how: str) -> None:
    predictor = model(how, SHARED)
    save_weights(tmp_path, predictor)
    read = load_weights(tmp_path)
    assert np.array_equal(read.good, SHARED)
    with torch.no_grad():
        logits = read.logits(torch.from_numpy(IMAGES)).numpy()
    np.testing.assert_allclose(logits, expected_logits(predictor, filled(SHARED, how), SHARED), atol=1e-5)
    export(read, tmp_path / "m.pt2", format="pt2")
    with (tmp_path / "m.pt2").open("rb") as file, torch.no_grad():
        found = torch.export.load(file).module()(torch.from_numpy(IMAGES))[0]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=1e-5)
    save_weights(tmp_path, model(how, None))
    assert load_weights(tmp_path).good is None


def test_a_store_without_masks_changes_nothing(tmp_path: Path, write_store: Callable[..., Store]) -> None:
    masks = ShotCorrections.of(write_store(tmp_path / "s.h5"), None, DataConfig(input_mask="median"))
    assert (masks.each, masks.needed, masks.fill(), masks.good) == (False, False, None, None)


def test_a_cell_is_named_by_its_mask_and_keeps_its_digest_without_one() -> None:
    plain, masked = (TrialConfig().replace({"input_mask": how}) for how in ("none", "median"))
    assert (plain.data_label, masked.data_label) == ("", "-mask-median")
    assert masked.replace({"find_bad_pixels": True}).data_label == "-mask-median-found"
    assert plain.cell() == TrialConfig().cell() != masked.cell()
    assert plain.replace({"find_bad_pixels": True}).cell() == plain.cell()
    assert plain.replace({"find_bad_pixels": True}).params()["find_bad_pixels"] is False
