"""Registered models: one version per model, and the alias `champion` on the best of those that can be compared."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from airybench.config import Objective
from airybench.errors import TrackingError
from airybench.provenance import Provenance
from airybench.tracking.filters import every, field_is
from airybench.tracking.store import Tracking, active, client_of
from airybench.tracking.tags import Tag

CHAMPION = "champion"


@dataclass(frozen=True)
class ModelScore:
    """How good a model is, and on what; two models compare only where objective, data and split agree.

    Attributes:
        objective: what chose the model, on val; never a metric of the test split.
        value: what the model reached.
        provenance: what it was trained on.
    """

    objective: Objective
    value: float
    provenance: Provenance

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> "ModelScore | None":
        """What the tags of a version say; None if they are not of this program."""
        metric, _, direction = tags.get(Tag.OBJECTIVE, "").partition(":")
        if direction not in ("max", "min"):
            return None
        try:
            value = float(tags[Tag.VALUE])
        except (KeyError, ValueError):
            return None
        return cls(Objective(metric, "max" if direction == "max" else "min"), value, Provenance.from_tags(tags))

    def tags(self) -> dict[str, str]:
        """As tags of the model version."""
        return {
            Tag.OBJECTIVE: str(self.objective),
            Tag.VALUE: repr(self.value),
            **self.provenance.tags(),
        }


@dataclass(frozen=True)
class Registered:
    """A registered version, and whether it took the alias.

    Attributes:
        uri: `models:/NAME/VERSION`.
        champion: whether it has the alias now.
        notice: what happened, in one line.
    """

    uri: str
    champion: bool
    notice: str


def register(tracking: Tracking, name: str, model_uri: str, run_id: str, score: ModelScore) -> Registered:
    """Make a model a version of a registered model, once, and move `champion` to it where it is better.

    Args:
        tracking: the store; its registry is used.
        name: the registered model, created where it is missing.
        model_uri: `models:/m-...`.
        run_id: the run that trained it.
        score: decides which version gets the alias.

    Raises:
        TrackingError: the registry refuses.
    """
    client = client_of(tracking.uri)
    try:
        with active(tracking.uri):  # MLflow looks the model up in its global store
            version = _version(client, name, model_uri, run_id, score)
            return _update_champion(client, name, version, score)
    except MlflowException as error:
        raise TrackingError(
            f"model {name!r} cannot be registered in {tracking.uri}: {str(error).splitlines()[0]}"
        ) from error


def _version(client: MlflowClient, name: str, model_uri: str, run_id: str, score: ModelScore) -> ModelVersion:
    """The version of this model: the existing one, as after a resume, or a new one."""
    if not client.search_registered_models(field_is("name", name)):
        client.create_registered_model(name)
    for known in client.search_model_versions(every(field_is("name", name), field_is("run_id", run_id))):
        if known.tags.get(Tag.MODEL_URI) == model_uri:
            return known
    return client.create_model_version(
        name,
        model_uri,
        run_id,
        tags={**score.tags(), Tag.MODEL_URI: model_uri},
        model_id=model_uri.rpartition("/")[2],
    )


def _update_champion(client: MlflowClient, name: str, version: ModelVersion, score: ModelScore) -> Registered:
    number = str(version.version)
    uri = f"models:/{name}/{number}"
    holder = client.get_registered_model(name).aliases.get(CHAMPION)
    if holder is None:
        client.set_registered_model_alias(name, CHAMPION, number)
        return Registered(uri, True, f"Registered: {uri}, the first one, is now {CHAMPION}.")
    holder = str(holder)  # some stores give a number, others text
    if holder == number:
        return Registered(uri, True, f"Registered: {uri} is {CHAMPION}.")
    tags = client.get_model_version(name, holder).tags
    other = _difference(tags, score)
    if other:
        return Registered(
            uri, False,
            f"Registered: {uri}; {CHAMPION} stays on version {holder}, which cannot be compared: {other}.",
        )  # fmt: skip
    best, shown = float(tags[Tag.VALUE]), f"val {score.objective.metric} {score.value:.4f}"
    if math.isnan(best) or score.objective.better(score.value, best):
        client.set_registered_model_alias(name, CHAMPION, number)
        return Registered(
            uri, True, f"Registered: {uri} is now {CHAMPION}, with {shown} before {best:.4f} of version {holder}."
        )
    return Registered(
        uri, False, f"Registered: {uri}; {CHAMPION} stays on version {holder}, with {best:.4f} against {shown}."
    )


def _difference(tags: dict[str, str], score: ModelScore) -> str:
    """Why a version cannot be compared, empty where it can."""
    there, here = Provenance.from_tags(tags), score.provenance
    for what, known, wanted in (
        ("objective", tags.get(Tag.OBJECTIVE, ""), score.tags()[Tag.OBJECTIVE]),
        ("data", there.data_sha256, here.data_sha256),
        ("split", there.split_digest, here.split_digest),
    ):
        if known != wanted:
            return f"{what} {known[:12] or 'unknown'} there, {wanted[:12]} here"
    try:
        float(tags[Tag.VALUE])
    except (KeyError, ValueError):
        return "its value is unknown"
    return ""
