"""Batches of one part of a split: what an epoch consists of."""

import numpy as np
import pytest
import torch

from airybench.config import TrainConfig
from airybench.data.loading.loaded import EVALUATION_BATCH, LoadedSplit


def part(shots: int, side: int = 6) -> LoadedSplit:
    """Shots of which every pixel has its own value; the label of shot i is i."""
    inputs = torch.arange(shots * side * side).float().view(shots, 1, side, side)
    return LoadedSplit(inputs, torch.arange(shots).float().view(-1, 1), np.arange(shots))


def epoch(
    of: LoadedSplit, batch: int, seed: int = 7, number: int = 1, *, flips: bool = False, **how: object
) -> list[tuple]:
    shares = {name: how.pop(name) for name in ("skip", "shard") if name in how}
    return list(of.training_batches(TrainConfig(batch_size=batch, seed=seed, flips=flips, **how), number, **shares))


@pytest.mark.parametrize(
    ("shots", "batch", "batches", "size"), [(25, 4, 6, 4), (24, 4, 6, 4), (5, 8, 1, 5), (1, 1, 1, 1)]
)
def test_each_shot_at_most_once_and_no_short_batch(shots: int, batch: int, batches: int, size: int) -> None:
    of = part(shots)
    found = epoch(of, batch)
    assert [len(images) for images, _ in found] == [size] * batches
    labels = torch.cat([labels for _, labels in found]).flatten().long()
    assert len(labels.unique()) == len(labels)
    torch.testing.assert_close(torch.cat([images for images, _ in found]), of.inputs[labels])


def test_every_shot_occurs_within_a_few_epochs() -> None:
    met = {int(label) for number in range(1, 9) for _, labels in epoch(part(25), 4, number=number) for label in labels}
    assert met == set(range(25))


def test_order_and_flips_depend_on_seed_and_epoch_only() -> None:
    of = part(16)
    torch.manual_seed(0)
    first = torch.cat([images for images, _ in epoch(of, 4, flips=True)])
    torch.manual_seed(1)
    again = torch.cat([images for images, _ in epoch(of, 4, flips=True)])
    assert torch.equal(first, again)
    for other in (epoch(of, 4, seed=8, flips=True), epoch(of, 4, number=2, flips=True)):
        assert not torch.equal(first, torch.cat([images for images, _ in other]))
    assert not torch.equal(epoch(of, 4, seed=0, number=2)[0][1], epoch(of, 4, seed=1, number=1)[0][1])


def test_flips_give_the_four_mirror_images_equally_often() -> None:
    of = part(64)
    held = [0, 0, 0, 0]
    for number in range(1, 26):
        for images, labels in epoch(of, 16, number=number, flips=True):
            for image, label in zip(images[:, 0], labels.flatten().long(), strict=True):
                plain = of.inputs[label, 0]
                versions = [plain, plain.flip(0), plain.flip(1), plain.flip(0, 1)]
                (which,) = [k for k, version in enumerate(versions) if torch.equal(image, version)]
                held[which] += 1
    assert sum(held) == 1600
    assert all(abs(number - 400) < 5 * (1600 * 3 / 16) ** 0.5 for number in held)


def test_training_does_not_change_the_loaded_inputs() -> None:
    of = part(8)
    before = of.inputs.clone()
    for images, _ in epoch(of, 4, flips=True):
        images.zero_()
    assert torch.equal(of.inputs, before)


def test_evaluation_yields_every_shot_in_order() -> None:
    shots = 2 * EVALUATION_BATCH + 3
    of = part(shots, 2)
    batches = list(of.evaluation_batches())
    assert [len(batch) for batch in batches] == [EVALUATION_BATCH, EVALUATION_BATCH, 3]
    assert torch.equal(torch.cat(batches), of.inputs)
    assert len(of) == shots


@pytest.mark.parametrize("rotation", ["quarter", "any"])
def test_turns_are_drawn_anew_for_every_shot_and_epoch(rotation: str) -> None:
    of = part(32, 7)
    ways = [epoch(of, 8, rotation=rotation, number=number) for number in (1, 1, 2)]
    first, again, second = (torch.cat([images for images, _ in way]) for way in ways)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    plain = torch.cat([of.inputs[labels.flatten().long()] for _, labels in ways[0]])
    kept = (first == plain).flatten(1).all(1).float().mean().item()
    assert kept < 0.6 if rotation == "quarter" else kept < 0.1


@pytest.mark.parametrize("rotation", ["none", "quarter", "any"])
@pytest.mark.parametrize("flips", [False, True])
def test_skip_and_shard_take_what_one_process_sees(rotation: str, flips: bool) -> None:
    of = part(27)
    how = {"flips": flips, "rotation": rotation}
    whole = epoch(of, 6, **how)
    for skip in range(5):
        rest = epoch(of, 6, skip=skip, **how)
        assert len(rest) == len(whole) - skip
        for (images, labels), (expected, truth) in zip(rest, whole[skip:], strict=True):
            assert torch.equal(images, expected)
            assert torch.equal(labels, truth)
    for world in (2, 3):
        shards = [epoch(of, 6, shard=(rank, world), **how) for rank in range(world)]
        for number, (expected, truth) in enumerate(whole):
            for rank in range(world):
                images, labels = shards[rank][number]
                assert torch.equal(labels, truth[rank::world])
                torch.testing.assert_close(images, expected[rank::world], rtol=1e-6, atol=1e-4)
