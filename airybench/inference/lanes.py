"""Forward passes side by side on a CPU: several small batches at once use its cores better than one large batch."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
S = TypeVar("S")

MOST = 2
"""Lanes at most; measured on two cores, where each has one."""


LARGEST = 128
"""Side of the largest images that have lanes, pixels. Buffers of larger ones do not fit the memory that the C library
keeps for a thread, 64 MB, and are cleared by the system in every pass."""


def lanes_for(device: torch.device, image_size: int) -> int:
    """How many forward passes run side by side; a GPU takes one after the other, and large images do on a CPU.

    Args:
        device: where the network is.
        image_size: side of its input, pixels.
    """
    return min(MOST, torch.get_num_threads()) if device.type == "cpu" and image_size <= LARGEST else 1


@contextmanager
def side_by_side(lanes: int) -> Iterator[Callable[[Callable[[T], S], Iterable[T]], Iterator[S]]]:
    """A `map` that works on several items at once and yields the results in order.

    Torch's threads are shared out among the lanes, and each lane works in a thread of its own. With one lane it is
    Python's own `map`, in the calling thread.

    Args:
        lanes: how many at once.

    Yields:
        The map. Items are drawn as they are needed, at most one more than there are lanes.
    """
    if lanes == 1:
        yield map
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(lanes, initializer=torch.set_num_threads, initargs=(threads // lanes,))

    def mapped(work: Callable[[T], S], items: Iterable[T]) -> Iterator[S]:
        waiting: deque[Future[S]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > lanes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    try:
        yield mapped
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # threads to come take the number that was set last
