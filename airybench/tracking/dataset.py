"""The data set of a run, as an MLflow dataset input."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.entities import Run as MlflowRun

from airybench.provenance import Provenance
from airybench.tracking.run import Run

DIGEST_LENGTH = 36  # the most that MLflow's stores keep


@dataclass(frozen=True)
class DataInput:
    """The data of a run.

    Attributes:
        provenance: data set, source, digests and image shape; the first 36 digits of the content hash are MLflow's.
        file: name of the store's file, without the folders of this machine.
        class_names: C names.
        sizes: shots of each part of the split.
    """

    provenance: Provenance
    file: str
    class_names: tuple[str, ...]
    sizes: Mapping[str, int]


def log_data(run: Run, data: DataInput) -> None:
    """Log the data set as an input of a run; its digest is that of the store, so that nothing is hashed again."""
    origin = data.provenance
    schema = {
        "mlflow_tensorspec": {
            "features": json.dumps(
                [{"name": "counts", "type": "tensor", "tensor-spec": _tensor("uint16", origin.image_shape or ())}]
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
        "data_source": origin.source,
        "content_sha256": origin.data_sha256,
        "split_digest": origin.split_digest,
    }
    dataset = Dataset(
        name=origin.dataset,
        digest=origin.data_sha256[:DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": data.file}),
        schema=json.dumps(schema),
        profile=json.dumps(profile),
    )
    context = InputTag("mlflow.data.context", "training")
    run.client.log_inputs(run.run_id, datasets=[DatasetInput(dataset, [context])])


def _tensor(dtype: str, shape: tuple[int, ...]) -> dict[str, object]:
    return {"dtype": dtype, "shape": [-1, *shape]}


def logged_data(run: MlflowRun) -> list[DatasetInput]:
    """The data sets that a run names as its inputs."""
    return list(run.inputs.dataset_inputs) if run.inputs else []
