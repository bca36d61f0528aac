"""Versions of registered models, made again where the models that they stand for were copied to."""

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from airybench.tracking.copied_ids import CopiedIds
from airybench.tracking.register import ModelScore, register
from airybench.tracking.search import PAGE, every_page
from airybench.tracking.store import Tracking, client_of
from airybench.tracking.tags import Tag


def copy_registered(source_uri: str, target: Tracking, ids: CopiedIds) -> list[str]:
    """Register copied models under the names of the originals, each once.

    The alias `champion` of the target moves as if they had been registered there one after the other.

    Args:
        source_uri: of the store whose registry is read.
        target: the store that holds the copies.
        ids: what copies are called.

    Returns:
        `models:/NAME/VERSION` of each in the target.

    Raises:
        TrackingError: the registry of the target refuses.
    """
    found = []
    for version in _versions(client_of(source_uri)):
        model = version.tags.get(Tag.MODEL_URI, "").removeprefix("models:/")
        score = ModelScore.from_tags(version.tags)
        if score and model in ids.models and version.run_id in ids.runs:
            uri = f"models:/{ids.models[model]}"
            found.append(register(target, version.name, uri, ids.runs[version.run_id], score).uri)
    return found


def _versions(client: MlflowClient) -> list[ModelVersion]:
    """All versions, the earliest first."""
    found = every_page(lambda token: client.search_model_versions(max_results=PAGE, page_token=token))
    return sorted(found, key=lambda one: (one.creation_timestamp, one.name, int(one.version)))
