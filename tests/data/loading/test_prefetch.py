"""Reader processes: their number, the order of what they read, and errors that arrive as they were raised."""

import shutil
from collections import deque

import numpy as np
import pytest
import torch
from readers import squares
from torch import Tensor

from airybench.data.loading.prefetch import HELD, Prefetcher, _Memory, readers_for, to_device
from airybench.errors import DataError

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("readers", [0, 2])
def test_answers_come_in_order_up_to_an_error(readers: int) -> None:
    before = torch.get_rng_state()
    prefetch = Prefetcher(squares, readers=readers, depth=2)
    for count in (7, 0, 3):
        found = [int(answer[0]) for answer in to_device(prefetch((number,) for number in range(count)), CPU)]
        assert found == [number**2 for number in range(count)]
    batches = to_device(prefetch([(4,), (-4,), (5,)]), CPU)
    assert next(batches).tolist() == [16, 16, 16]
    with pytest.raises(DataError, match=r"^-4: negative$"):
        next(batches)
    assert torch.equal(torch.get_rng_state(), before)  # the training draws from it


@pytest.mark.parametrize(
    ("device", "cores", "shots", "free", "readers"),
    [
        (CPU, 2, 10**6, 10**10, 0),
        (CPU, 8, 10**6, 10**10, 4),
        (CUDA, 16, 10**6, 10**10, 8),
        (CUDA, 4, 10**6, 10**10, 3),
        (CUDA, 16, 1023, 10**10, 0),
        (CUDA, 16, 10**6, 64 * 2**20, 1),
    ],
)
def test_the_number_of_readers(
    device: torch.device, cores: int, shots: int, free: int, readers: int, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("airybench.data.loading.prefetch.usable_cores", lambda: cores)
    monkeypatch.setattr("airybench.data.loading.prefetch.SHARED", tmp_path)
    monkeypatch.setattr("airybench.data.loading.prefetch.shutil.disk_usage", lambda _: usage._replace(free=free))
    assert readers_for(device, shots, 1024, 2 * 10**7) == readers


def test_answers_that_are_in_use_stay_as_they_are() -> None:
    """A reader uses its shared memory again."""
    held: deque[Tensor] = deque()
    for number, answer in enumerate(Prefetcher(squares, readers=1, depth=2)((number,) for number in range(30))):
        held.append(answer)
        if len(held) == HELD:
            assert [one.tolist() for one in held] == [[n**2] * 3 for n in range(number - HELD + 1, number + 1)]
            held.popleft()


def test_a_reader_needs_no_new_memory_for_another_answer() -> None:
    memory = _Memory(3)
    places = [memory.holding(np.full((4, size), size, dtype=np.uint16)).data_ptr() for size in (9, 9, 9, 5, 9)]
    assert len(set(places)) == 3
    larger = memory.holding(np.full((4, 10), 7.0))
    assert larger.is_shared()
    assert larger.tolist() == [[7.0] * 10] * 4
    assert larger.data_ptr() not in places
