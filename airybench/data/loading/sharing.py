"""One copy of the inputs in host memory for all processes of a machine that train on them."""

import shutil

from torch import Tensor

from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.prefetch import SHARED

SHARE = 0.5
"""Share of the free part of it that inputs may take."""


def shared(data: LoadedDataset) -> LoadedDataset | None:
    """The same data with inputs that a process which it is sent to maps, in place of a copy of them.

    The memory is freed when the last process that has it ends, however that ends.

    Args:
        data: on the host; its inputs are moved into shared memory.

    Returns:
        None where the inputs are not in host memory, or there is too little memory to share.
    """
    inputs = [part.inputs for part in (data.train, data.val, data.test)]
    tensors = [one for one in inputs if isinstance(one, Tensor) and one.device.type == "cpu"]
    new = sum(one.nbytes for one in tensors if not one.is_shared())
    if len(tensors) < len(inputs) or not SHARED.is_dir() or new > SHARE * shutil.disk_usage(SHARED).free:
        return None
    for one in tensors:
        one.share_memory_()
    return data
