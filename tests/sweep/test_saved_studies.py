"""Studies in a folder of journals: finished, failed, empty, damaged, and those of other programs."""

from pathlib import Path

import optuna
import pytest

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.paths import checkpoint_folder
from airybench.provenance import SIMULATOR_VERSION, Provenance
from airybench.sweep.look_up import list_studies
from airybench.sweep.saved_studies import names, read
from airybench.sweep.storage import JournalFolder
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

DATA = Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)
SWEEP = SweepConfig.model_validate({"space": {"alpha": [0.1, 0.2, 0.3, 0.4]}, "study": {"objective": "macro_ap,loss"}})
REASON = "loss is not finite in epoch 2"


def begun(folder: Path, name: str = "s@helium", sweep: SweepConfig = SWEEP) -> RunningStudy:
    study = RunningStudy(folder, name, sweep, DATA)
    study.plan()
    return study


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A study of four cells: one finished, one failed, one interrupted, one waiting; and a study of another program."""
    study = begun(tmp_path)
    study.set_attribute("data_source", "simulated")
    study.set_attribute("tracking_uri", "postgresql://ada:secret@host/mlflow")
    study.set_attribute("parent_run_id", "parent")
    done, failed, interrupted = study.ask(), study.ask(), study.ask()
    assert done is not None
    assert failed is not None
    assert interrupted is not None
    done.set_attributes(run_id="run0")
    study.complete(done, Outcome(0.75, {"macro_ap": 0.75, "loss": 0.5}, {"seconds": 2.0}))
    study.fail(failed, "diverged", REASON)
    study.fail(interrupted, "interrupted", "Ctrl-C")
    optuna.create_study(study_name="foreign", storage=JournalFolder(tmp_path).optuna_storage("foreign"))
    return tmp_path


def test_a_study_is_read_as_it_was_run(mixed: Path) -> None:
    study = read(mixed, "s@helium")
    assert study.counts() == {"finished": 1, "failed": 1, "waiting": 1, "interrupted": 1}
    assert study.summary() == "1 finished, 1 failed, 1 waiting, 1 interrupted"
    (trial,) = study.finished
    assert (trial.number, trial.value, trial.values, trial.run_id) == (0, 0.75, (0.75, 0.5), "run0")
    assert (trial.scores, trial.facts) == ({"macro_ap": 0.75, "loss": 0.5}, {"seconds": 2.0})
    assert trial.config.network.alpha == 0.1
    assert (study.sweep.base, study.sweep.space) == (SWEEP.base, SWEEP.space)
    assert study.provenance == DATA
    assert study.dataset == "helium"


def test_its_trials_say_how_each_ended(mixed: Path) -> None:
    trials = read(mixed, "s@helium").trials()
    assert [one["state"] for one in trials] == ["finished", "failed", "interrupted", "waiting"]
    assert [one["values"] for one in trials] == [[0.75, 0.5], None, None, None]
    assert [one["reason"] for one in trials] == [None, REASON, "Ctrl-C", None]
    assert [one["run_id"] for one in trials] == ["run0", None, None, None]
    assert [one["cell"] for one in trials[:2]] == ["resnet18-log0.1-leaky0.2", "resnet18-log0.2-leaky0.2"]
    assert [one["seed"] for one in trials[:3]] == [SWEEP.base.training.seed] * 3


def test_the_overview_hides_the_password(mixed: Path) -> None:
    found = read(mixed, "s@helium").overview()
    assert (found["name"], found["parent_run"], found["data_source"]) == ("s@helium", "parent", "simulated")
    assert found["bytes"] == (mixed / "s@helium.journal").stat().st_size
    assert found["last"].endswith("+00:00")
    assert "secret" not in found["tracking_uri"]
    assert "host" in found["tracking_uri"]


def test_names_leave_out_the_studies_of_other_programs(mixed: Path) -> None:
    begun(mixed, "s@cxidb")
    assert names(mixed) == ["s@cxidb", "s@helium"]
    assert names(mixed, ["s"]) == ["s@cxidb", "s@helium"]
    assert names(mixed, ["s@helium", "s"]) == ["s@helium", "s@cxidb"]
    with pytest.raises(StudyError, match="s@helium"):
        names(mixed, ["t"])
    with pytest.raises(StudyError, match="holds none; run a sweep first"):
        names(mixed / "empty", ["s"])


def test_every_study_is_listed_even_one_that_cannot_be_read(mixed: Path) -> None:
    (mixed / "damaged@helium.journal").write_text("no journal\nat all\n")
    (mixed / "empty@helium.journal").touch()
    listed = {study.name: study for study in list_studies(str(mixed))}
    assert list(listed) == ["damaged@helium", "empty@helium", "s@helium"]
    assert listed["s@helium"].problem == ""
    assert listed["empty@helium"].problem == "holds no study"
    assert listed["damaged@helium"].problem
    assert listed["damaged@helium"].counts() == {}
    assert listed["damaged@helium"].summary() == "no trials"


def test_a_study_that_never_began_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="study s@helium never began"):
        read(tmp_path, "s@helium")


def test_a_deleted_study_takes_its_checkpoints_with_it(mixed: Path, folder: Path) -> None:
    (checkpoints := checkpoint_folder("s@helium")).mkdir(parents=True)
    read(mixed, "s@helium").delete()
    assert names(mixed) == []
    assert not checkpoints.exists()


@pytest.mark.parametrize("wrong", [5, [], {}, {"base": 3}, {"base": {"data": []}}])
def test_a_definition_of_another_kind_is_refused(mixed: Path, wrong: object) -> None:
    study = optuna.load_study(study_name="s@helium", storage=JournalFolder(mixed).optuna_storage("s@helium"))
    study.set_user_attr("definition", wrong)
    with pytest.raises(StudyError, match="its definition is damaged; move its journal away"):
        read(mixed, "s@helium")


@pytest.mark.parametrize("key", ["config", "scores", "facts"])
@pytest.mark.parametrize("wrong", [5, {"loss": "x"}, "text"])
def test_a_trial_of_another_kind_is_refused(mixed: Path, key: str, wrong: object) -> None:
    storage = JournalFolder(mixed).optuna_storage("s@helium")
    study = optuna.create_study(
        study_name="o@helium",
        storage=JournalFolder(mixed).optuna_storage("o@helium"),
        directions=["maximize", "minimize"],
    )
    trial = optuna.load_study(study_name="s@helium", storage=storage).trials[0]
    trial.user_attrs = {**trial.user_attrs, key: wrong}
    study.add_trial(trial)
    with pytest.raises(StudyError, match=r"of the study is damaged .*; move its journal away") as caught:
        assert read(mixed, "o@helium").finished
    assert "\n" not in str(caught.value)
