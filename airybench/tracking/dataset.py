"""The data behind a run, as MLflow's dataset inputs name them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mlflow.entities import Dataset, DatasetInput, InputTag

from airybench.tracking.run import Run

DIGEST_LENGTH = 36  # the most that MLflow's stores keep


@dataclass(frozen=True)
class DataInput:
    """What a run says of its data.

    Attributes:
        name: what the user calls the data set.
        sha256: the store's content hash; its first 36 digits are MLflow's digest.
        file: name of the store's file, without the folders of this machine.
        image_shape: (H, W) of the counts.
        class_names: C names.
        sizes: shots of each part of the split.
        split_digest: digest of the split.
        source: `simulated`, or where the data came from.
    """

    name: str
    sha256: str
    file: str
    image_shape: tuple[int, int]
    class_names: tuple[str, ...]
    sizes: Mapping[str, int]
    split_digest: str
    source: str


def log_data(run: Run, data: DataInput) -> None:
    """Log the data set as an input of a run; the digest is the store's own, so nothing is hashed again."""
    schema = {
        "mlflow_tensorspec": {
            "features": json.dumps(
                [{"name": "counts", "type": "tensor", "tensor-spec": _tensor("uint16", data.image_shape)}]
            ),
            "targets": json.dumps(
                [{"name": "labels", "type": "tensor", "tensor-spec": _tensor("uint8", (len(data.class_names),))}]
            ),
        }
    }
    profile = {
        "shots": sum(data.sizes.values()),
        **data.sizes,
        "classes": list(data.class_names),
        "data_source": data.source,
        "content_sha256": data.sha256,
        "split_digest": data.split_digest,
    }
    dataset = Dataset(
        name=data.name,
        digest=data.sha256[:DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": data.file}),
        schema=json.dumps(schema),
        profile=json.dumps(profile),
    )
    context = InputTag("mlflow.data.context", "training")
    run.client.log_inputs(run.run_id, datasets=[DatasetInput(dataset, [context])])


def _tensor(dtype: str, shape: tuple[int, ...]) -> dict[str, object]:
    return {"dtype": dtype, "shape": [-1, *shape]}
