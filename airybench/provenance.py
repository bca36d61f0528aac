"""Where a number or a network came from: data, split, configuration, seed and software, in one record."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from airybench.study_name import StudyName
from airybench.version import __version__

PACKAGES = ("torch", "timm", "numpy", "mlflow", "optuna")
"""Packages that a result depends on beside airybench itself."""

SIMULATED = "simulated"
"""The source of stores that a simulator made."""

SIMULATOR_VERSION = 2
"""The version of the simulators in force where none is asked for."""

SIMULATOR_VERSIONS = (1, 2)
"""Versions that can be asked for. The same seed gives other shots in each; 2 has runs, artefacts and true labels."""

SPLIT_VERSION = 2
"""The version of the split by shot in force where none is asked for."""

SPLIT_VERSIONS = (1, 2)
"""Versions that can be asked for. 1 goes through the shots by id, so that val and test hold mostly the last runs of a
set; 2 mixes them by the seed of the split."""

UNVERSIONED = 1
"""The version of simulator and split where a store, study or model does not say which: it is older than version 2."""

DATASET = "airybench.dataset"
DATA_SOURCE = "airybench.data_source"
SIMULATOR = "airybench.simulator"
DIGESTS = "airybench.digests"  # one tag for every hash, as words `data=...`: each filled a line of a run's page
IMAGE_SHAPE = "airybench.image_shape"
SEED = "airybench.seed"
VERSION = "airybench.version"
VERSIONS = "airybench.versions"
COMMIT = "mlflow.source.git.commit"
DIRTY = "airybench.git_dirty"


@dataclass(frozen=True)
class Software:
    """The program that computed something.

    Attributes:
        airybench: its version; empty where it is not known, as in files from before it was kept.
        commit: git commit of the checkout it ran from; empty for an installed package.
        dirty: whether tracked files differed from that commit; None where there is no checkout.
        packages: name and version of each of PACKAGES.
    """

    airybench: str = ""
    commit: str = ""
    dirty: bool | None = None
    packages: tuple[tuple[str, str], ...] = ()

    def tags(self) -> dict[str, str]:
        """As tags of a run; what is not known has none."""
        dirty = "" if self.dirty is None else str(self.dirty).lower()
        packages = ", ".join(f"{name} {number}" for name, number in self.packages)
        return _known({VERSION: self.airybench, COMMIT: self.commit, DIRTY: dirty, VERSIONS: packages})

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> "Software":
        """From the tags of a run; tags of other kinds are left alone."""
        packages = tuple(
            (name, number) for name, _, number in (part.partition(" ") for part in _listed(tags.get(VERSIONS)))
        )
        dirty = {"true": True, "false": False}.get(tags.get(DIRTY, ""))
        return cls(tags.get(VERSION, ""), tags.get(COMMIT, ""), dirty, packages)


@cache
def installed() -> Software:
    """The software of this process, asked once: git takes a moment."""
    folder = Path(__file__).resolve().parent
    commit = _git(folder, "rev-parse", "HEAD") if (folder.parent / ".git").exists() else ""
    dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no")) if commit else None
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return Software(__version__, commit, dirty, tuple(found))


@dataclass(frozen=True)
class Provenance:
    """The origin of a trial, a study or a network.

    Attributes:
        dataset: what runs call the data set.
        source: `simulated`, or where the shots came from.
        data_sha256: content hash of the store.
        split_digest: digest of the split.
        image_shape: (H, W) of its images, pixels; None where it is not known.
        config_digest: digest of the configuration on these data; empty for a study, which has many.
        seed: of the training; None for a study.
        software: what computed it.
        simulator: version of the simulator that made the shots; 0 where they are measured.
    """

    dataset: str
    source: str
    data_sha256: str
    split_digest: str
    image_shape: tuple[int, int] | None = None
    config_digest: str = ""
    seed: int | None = None
    software: Software = Software()
    simulator: int = 0

    @property
    def simulated(self) -> bool:
        """Whether the shots were simulated: scores then hold for the simulation, not for the experiment.

        >>> Provenance("helium", "simulated", "669e", "c128").simulated
        True
        """
        return self.source == SIMULATED

    def same_data(self, other: "Provenance") -> bool:
        """Whether two results come from the same shots in the same split, so that they can be compared."""
        return not self.other_data(other)

    def other_data(self, other: "Provenance") -> str:
        """What sets the data of two results apart; empty where they are the same.

        >>> ours, theirs = (Provenance("helium", "simulated", "669e", split) for split in ("c128", "0a4f"))
        >>> ours.other_data(theirs)
        'split: c128 and 0a4f'
        """
        if self.simulator and other.simulator and self.simulator != other.simulator:
            return f"version of the simulator: {self.simulator} and {other.simulator}"
        for what, one, another in (
            ("content of the data", self.data_sha256, other.data_sha256),
            ("split", self.split_digest, other.split_digest),
        ):
            if one != another:
                return f"{what}: {one[:12]} and {another[:12]}"
        return ""

    def identity(self) -> dict[str, str]:
        """What a study records of its data: a study never mixes two."""
        return {"data_sha256": self.data_sha256, "split_digest": self.split_digest}

    def tags(self) -> dict[str, str]:
        """As tags of a run; what is not known has none.

        >>> Provenance("helium", "simulated", "669e", "c128", (259, 259)).tags()["airybench.image_shape"]
        '259x259'
        """
        shape = "x".join(map(str, self.image_shape or ()))
        seed = "" if self.seed is None else str(self.seed)
        digests = digests_text(data=self.data_sha256, split=self.split_digest, config=self.config_digest)
        data = {DATASET: self.dataset, DATA_SOURCE: self.source, SIMULATOR: str(self.simulator or "")}
        data |= {DIGESTS: digests, IMAGE_SHAPE: shape, SEED: seed}
        return _known(data) | self.software.tags()

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> "Provenance":
        """From the tags of a run, also of one that was written before some of them existed."""
        shape, source, digests = tags.get(IMAGE_SHAPE), tags.get(DATA_SOURCE, ""), _digests(tags)
        return cls(
            dataset=tags.get(DATASET) or StudyName.parse(tags.get("airybench.study", "")).dataset,
            source=source,
            data_sha256=digests.get("data", ""),
            split_digest=digests.get("split", ""),
            image_shape=_shape(shape.split("x")) if shape else None,
            config_digest=digests.get("config", ""),
            seed=int(tags[SEED]) if SEED in tags else None,
            software=Software.from_tags(tags),
            simulator=int(tags.get(SIMULATOR, _unsaid(source))),
        )

    def to_json(self) -> dict[str, Any]:
        """As the file of a model holds it: `trained_on` for the data, `trained_with` for the rest."""
        software = self.software
        return {
            "trained_on": {
                "dataset": self.dataset,
                "source": self.source,
                "content_sha256": self.data_sha256,
                "split_digest": self.split_digest,
                "image_shape": list(self.image_shape) if self.image_shape else None,
                "simulator": self.simulator,
            },
            "trained_with": {
                "config_digest": self.config_digest,
                "seed": self.seed,
                "airybench": software.airybench,
                "commit": software.commit,
                "dirty": software.dirty,
                "packages": dict(software.packages),
            },
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Provenance | None":
        """From the description of a model; files from before `trained_with` are read.

        Returns:
            None where the file does not say what the model was trained on.

        Raises:
            KeyError: part of `trained_on` is missing.
            TypeError: an entry is not of its kind.
            ValueError: an image shape is no pair of numbers.
        """
        data, rest = content.get("trained_on"), dict(content.get("trained_with") or {})
        if not data:
            return None
        words = [data[key] for key in ("dataset", "source", "content_sha256", "split_digest")]
        words += [rest.get(key, "") for key in ("config_digest", "airybench", "commit")]
        packages = dict(rest.get("packages", {}))
        simulator = data.get("simulator", _unsaid(data["source"]))
        if not all(isinstance(word, str) for word in [*words, *packages, *packages.values()]):
            raise TypeError("trained_on or trained_with holds other values than text")
        if type(simulator) is not int:
            raise TypeError(f"simulator {simulator!r} is no version")
        if not isinstance(rest.get("seed"), int | None) or not isinstance(rest.get("dirty"), bool | None):
            raise TypeError(f"seed {rest.get('seed')!r} and dirty {rest.get('dirty')!r} are not of their kinds")
        return cls(
            dataset=data["dataset"],
            source=data["source"],
            data_sha256=data["content_sha256"],
            split_digest=data["split_digest"],
            image_shape=_shape(data["image_shape"]),
            config_digest=rest.get("config_digest", ""),
            seed=rest.get("seed"),
            software=Software(
                rest.get("airybench", ""),
                rest.get("commit", ""),
                rest.get("dirty"),
                tuple(packages.items()),
            ),
            simulator=simulator,
        )

    def lines(self) -> dict[str, str]:
        """As a report prints it, line by line; what is not known has no line."""
        software = self.software.tags()
        return _known(
            {
                "airybench": self.software.airybench,
                "commit": self.software.commit,
                "changed since the commit": software.get(DIRTY, ""),
                "simulator": f"version {self.simulator}" if self.simulator else "",
                "data sha256": self.data_sha256,
                "split digest": self.split_digest,
            }
        )


def digests_text(**digests: str) -> str:
    """Hashes as the one tag that holds them; what is not known is left out."""
    return " ".join(f"{name}={value}" for name, value in digests.items() if value)


def _digests(tags: Mapping[str, str]) -> dict[str, str]:
    """The hashes among tags, by name; runs of older versions have a tag for each."""
    older = {"data": "data_sha256", "split": "split_digest", "config": "config_digest"}
    found = {name: tags.get(f"airybench.{tag}", "") for name, tag in older.items()}
    return found | dict(word.split("=", 1) for word in tags.get(DIGESTS, "").split() if "=" in word)


def _unsaid(source: str) -> int:
    """The version of the simulator where a file from before it was kept does not say it."""
    return UNVERSIONED if source == SIMULATED else 0


def _known(content: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in content.items() if value}


def _shape(sides: Sequence[Any] | None) -> tuple[int, int] | None:
    if sides is None:
        return None
    height, width = sides
    return int(height), int(width)


def _listed(text: str | None) -> list[str]:
    return text.split(", ") if text else []


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
