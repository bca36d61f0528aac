"""Files that the program writes itself, good ones, and how each is read."""

from pathlib import Path

import numpy as np


def store(folder: Path) -> None:
    from airybench.data.store.left_out import LeftOut
    from airybench.data.store.writer import StoreHeader, StoreWriter

    images, rows = np.random.default_rng(1).poisson(20, (8, 12, 15)).astype(np.uint16), np.arange(8)
    header = StoreHeader(
        "mine", ("A", "B"), "multiclass", "stack", "as they are", 7, ("a.h5",), (LeftOut("bad", ("3",)),)
    )
    with StoreWriter(folder / "store.h5", header, image_shape=images.shape[1:]) as writer:
        writer.append(
            images, ids=[f"r:{row}" for row in rows], photon_energy=20.0 + rows, labels=np.eye(2, dtype="u1")[rows % 2],
            groups=rows // 4, truth={"radius": rows * 1.5}, events={"pulse": rows, "name": rows.astype(str)},
            mask=images % 3 > 0,
        )  # fmt: skip
        writer.note("clipped pixels", 12)


def old_store(folder: Path) -> None:
    from files import first_version, store_file

    store_file(folder / "store.h5", side=12)
    first_version(folder / "store.h5")


def open_store(folder: Path) -> object:
    from airybench.data.store.check import check
    from airybench.data.store.describe import describe
    from airybench.data.store.store import Store

    store = Store.open(folder / "store.h5")
    describe(store)
    (
        store.columns("truth"),
        store.columns("events"),
        store.mask(),
        store.groups(),
        store.good_share(),
        store.image_hashes(),
    )
    return check(store)


def export_store(folder: Path) -> object:
    from airybench.data.formats.deposit_export import export_store
    from airybench.data.store.store import Store

    return export_store(Store.open(folder / "store.h5"), folder / "made.cxi")


def predict_store(folder: Path) -> object:
    from airybench.data.formats.dispatch import open_shots

    source = open_shots(folder / "store.h5")
    return source.read(0, source.count)


def split(folder: Path) -> None:
    from airybench.data.split.split import make_split

    ids = np.arange(40)
    split = make_split(ids, np.eye(2, dtype=np.uint8)[ids % 2], "0" * 64)
    (folder / "split.json").write_text(split.to_json(ids))


def read_split(folder: Path) -> object:
    from airybench.data.split.split import Split

    return Split.from_json((folder / "split.json").read_bytes(), np.arange(40))


def experiment(folder: Path) -> None:
    from airybench.config.experiments import experiments

    (folder / "mine.yaml").write_text(experiments()["quick"].read_text("utf-8"), "utf-8")


def load_experiment(folder: Path) -> object:
    from airybench.config.experiments import load_experiment

    return load_experiment(str(folder / "mine.yaml"))


def weights(folder: Path) -> None:
    import torch

    from airybench.config import TrialConfig
    from airybench.inference.predictor import Predictor
    from airybench.inference.weights import save_weights
    from airybench.provenance import Provenance

    torch.manual_seed(0)
    small = {"arch": "timm:test_resnet", "image_size": 32}
    origin = Provenance("helium", "simulated", "0" * 64, "1" * 64, (40, 40))
    save_weights(folder, Predictor(TrialConfig().replace(small), ("A", "B"), "multilabel", provenance=origin))


def load_weights(folder: Path) -> object:
    from airybench.tracking.model import load

    return load(str(folder))


def checkpoint(folder: Path) -> None:
    import torch

    from airybench.training.checkpoint import Checkpoints

    Checkpoints(folder / "c", "mine").save({"w": torch.arange(6.0)}, {"epoch": 3, "best": 0.5})


def load_checkpoint(folder: Path) -> object:
    from airybench.training.checkpoint import Checkpoints

    checkpoints = Checkpoints(folder / "c", "mine")
    checkpoints.require_ours()
    return checkpoints.load()


def predictions(folder: Path) -> None:
    from airybench.inference.predictions import Predictions

    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(6, 2)).astype("f4"), rng.integers(0, 2, (6, 2)).astype("u1")
    Predictions(np.arange(6), logits, labels, ("A", "B"), "multilabel").write(folder / "test.h5")


def read_predictions(folder: Path) -> object:
    from airybench.inference.predictions import Predictions

    found = Predictions.read(folder / "test.h5")
    return found.to_pandas(), found.classes, found.unscored


def parts(folder: Path) -> None:
    from airybench.inference.parts import Parts
    from airybench.inference.plan import Plan

    parts = Parts(folder / "out.h5")
    parts.begin(Plan("m", "s", "run.h5", 6, ("A", "B"), "multilabel", 0, 4, "1"))
    for number, rows in enumerate((4, 2)):
        answers = {"probability": np.full((rows, 2), 0.5, "f4"), "prediction": np.ones((rows, 2), "u1")}
        parts.write(number, {"id": np.arange(rows), **answers, "events/pulse": np.arange(rows)})


def join_parts(folder: Path) -> object:
    from airybench.inference.join import join
    from airybench.inference.parts import Parts

    return join(Parts(folder / "out.h5"), table=True)


def journal(folder: Path) -> None:
    from airybench.config import SweepConfig
    from airybench.provenance import Provenance
    from airybench.sweep.study import RunningStudy
    from airybench.trial.outcome import Outcome

    sweep = SweepConfig.model_validate({"space": {"alpha": [0.1, 0.2]}})
    study = RunningStudy(folder, "s@helium", sweep, Provenance("helium", "simulated", "a" * 64, "b" * 64))
    study.plan()
    done, failed = study.ask(), study.ask()
    assert done is not None
    assert failed is not None
    done.set_attributes(run_id="run0")
    study.complete(done, Outcome(0.75, {"macro_ap": 0.75, "loss": 0.5}, {"seconds": 2.0}))
    study.fail(failed, "diverged", "the loss became nan")


def read_journal(folder: Path) -> object:
    from airybench.sweep.saved_studies import read

    found = read(folder, "s@helium")
    return found.overview(), found.trials(), found.finished, found.sweep, found.provenance, found.summary()


def list_journals(folder: Path) -> object:
    from airybench.sweep.look_up import list_studies

    return [(study.overview(), study.trials(), study.summary()) for study in list_studies(str(folder))]
