"""Driving a study, with an executor that says what the test wants: no training, no tracking store."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import airybench.sweep.scheduler as scheduler_module
from airybench.config import SweepConfig
from airybench.errors import EXIT_INPUT, ConfigError
from airybench.provenance import Provenance
from airybench.sweep.executor import Event, Failed, Lost, OnEvent, Stopped, Task
from airybench.sweep.observer import SilentObserver
from airybench.sweep.records import MAX_LOST, FinishedTrial
from airybench.sweep.scheduler import Scheduler
from airybench.sweep.storage import JournalFolder
from airybench.sweep.study import RunningStudy
from airybench.sweep.workers import devices
from airybench.training.epoch import Epoch
from airybench.training.metrics import Scores
from airybench.trial.outcome import Outcome

PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64)
ALPHAS = (0.1, 0.2, 0.3)


class _FakeRun:
    """A run that remembers what it was told."""

    made: list["_FakeRun"] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, name: str, tags: dict[str, str]) -> None:
        self.run_id, self.name, self.tags, self.state = f"run{len(self.made)}", name, dict(tags), "running"
        self.made.append(self)

    @classmethod
    def create(cls, tracking: object, name: str, kind: str, tags: dict[str, str], parent: str | None = None):
        return cls(name, tags)

    def tag(self, tags: dict[str, str]) -> None:
        self.tags |= tags

    def fail(self, kind: str, reason: str) -> None:
        self.end("failed", {"airybench.failure": kind, "airybench.reason": reason})

    def interrupt(self, reason: str = "") -> None:
        self.end("interrupted", {"airybench.reason": reason})

    def end(self, state: str, tags: dict[str, str] | None = None) -> None:
        assert self.state == "running", f"{self.name} was ended twice"
        self.state = state
        self.tags |= tags or {}


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> list[_FakeRun]:
    _FakeRun.made = []
    monkeypatch.setattr(scheduler_module, "Run", _FakeRun)
    return _FakeRun.made


Script = Callable[[Task], Sequence[Event]]


class _Scripted:
    """An executor with slots; each trial says what the script has for it, one event a step, in turn."""

    def __init__(self, script: Script, slots: int = 1) -> None:
        self.script, self.slots, self.most, self.closed = script, slots, 0, False
        self.running: dict[int, list[Event]] = {}
        self.decisions: list[tuple[int, str]] = []

    def free_slots(self) -> int:
        return self.slots - len(self.running)

    def submit(self, task: Task) -> None:
        assert self.free_slots() > 0
        self.running[task.number] = list(self.script(task))
        self.most = max(self.most, len(self.running))

    def wait(self, on_event: OnEvent, seconds: float) -> None:
        for number in list(self.running):
            event = self.running[number].pop(0)
            if not isinstance(event, Epoch):
                del self.running[number]
            decision = on_event(number, event)
            if isinstance(event, Epoch):
                self.decisions.append((event.number, decision))
                if decision != "continue":
                    stopped = decision in ("prune", "abandon")
                    self.running[number] = [Stopped(decision) if stopped else finished(0.5)]

    def close(self) -> None:
        self.closed = True


class _Ends(SilentObserver):
    """Keeps how trials ended."""

    def __init__(self) -> None:
        self.ends: list[tuple[int, str, str]] = []

    def trial_finished(self, number: int, trial: FinishedTrial) -> None:
        self.ends.append((number, "finished", ""))

    def trial_ended(self, number: int, end: str, reason: str) -> None:
        self.ends.append((number, end, reason))


def finished(value: float, **facts: float) -> Outcome:
    return Outcome(value, {"macro_ap": value, "loss": 1 - value}, {"seconds": 1.0, "parameters": 10.0, **facts})


def epoch(number: int, value: float) -> Epoch:
    return Epoch(number, 0.1, 1.0, 100.0, Scores({"macro_ap": value, "loss": 1.0}, {}, {}))


def by_alpha(task: Task) -> list[Event]:
    return [epoch(1, task.config.network.alpha), finished(task.config.network.alpha)]


def study(folder: Path, space: object = None, base: object = None, **rule: object) -> RunningStudy:
    content = {"base": base or {}, "space": space or {"alpha": list(ALPHAS)}, "study": rule}
    return RunningStudy(folder, "s@helium", SweepConfig.model_validate(content), PROVENANCE)


def run(one: RunningStudy, executor: _Scripted, observer: _Ends | None = None) -> bool:
    parent: Any = SimpleNamespace(tracking=None, run_id="parent")
    return Scheduler(one, parent, executor, observer or _Ends()).run()


def test_every_trial_is_told_how_often_to_save(tmp_path, runs) -> None:
    told: list[float] = []

    def script(task: Task) -> list[Event]:
        told.append(task.checkpoint_every)
        return by_alpha(task)

    parent: Any = SimpleNamespace(tracking=None, run_id="parent")
    assert Scheduler(study(tmp_path), parent, _Scripted(script), _Ends(), checkpoint_every=7.0).run()
    assert told == [7.0] * len(ALPHAS)


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_every_cell_is_run_once_whatever_the_number_of_workers(tmp_path, runs, slots) -> None:
    one, executor = study(tmp_path, seeds=2), _Scripted(by_alpha, slots)
    assert run(one, executor)
    found = sorted((r.config.network.alpha, r.config.training.seed) for r in one.finished())
    assert found == [(alpha, seed) for alpha in ALPHAS for seed in (1612, 1613)]
    assert executor.most == slots
    assert [r.state for r in runs] == ["finished"] * 6
    assert {r.tags["airybench.study"] for r in runs} == {"s@helium"}
    assert {r.run_id for r in one.finished()} == {r.run_id for r in runs}
    assert run(one, _Scripted(by_alpha, slots))
    assert len(runs) == 6


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe", "nsga2"])
def test_a_lost_worker_costs_its_trial_alone_and_the_cell_is_run_again(tmp_path, runs, sampler) -> None:
    lost: list[int] = []

    def once(task: Task) -> list[Event]:
        if len(lost) < 2 and task.config.network.alpha == 0.2:
            lost.append(task.number)
            return [Lost("its worker died (SIGKILL)")]
        return by_alpha(task)

    one, observer = study(tmp_path, sampler=sampler, trials=3), _Ends()
    assert run(one, _Scripted(once, 2), observer)
    assert sorted(r.value for r in one.finished()) == list(ALPHAS)
    assert len(lost) == 2
    assert sorted(r.state for r in runs) == ["finished"] * 3 + ["interrupted"] * 2
    assert [end[0] for end in observer.ends if end[1] == "lost"] == lost
    assert one.failures() == []


def test_a_trial_that_kills_every_worker_fails_in_the_end(tmp_path, runs) -> None:
    def deadly(task: Task) -> list[Event]:
        return [Lost("its worker died (SIGSEGV)")] if task.config.network.alpha == 0.2 else by_alpha(task)

    one = study(tmp_path)
    assert run(one, _Scripted(deadly))
    assert len(one.finished()) == 2
    (failed,) = one.failures()
    assert "log0.2" in failed.title
    assert failed.reason == f"its worker died (SIGSEGV), {MAX_LOST} times in all"
    assert [r.state for r in runs].count("failed") == 1
    assert run(study(tmp_path), _Scripted(by_alpha))
    assert len(study(tmp_path).finished()) == 2


def test_a_failure_is_kept_with_its_kind(tmp_path, runs) -> None:
    def diverging(task: Task) -> list[Event]:
        return [Failed("diverged", "the loss became nan")] if task.config.network.alpha == 0.1 else by_alpha(task)

    one = study(tmp_path)
    assert run(one, _Scripted(diverging, 3))
    (failed,) = [r for r in runs if r.state == "failed"]
    assert (failed.tags["airybench.failure"], failed.tags["airybench.reason"]) == ("diverged", "the loss became nan")
    assert len(one.finished()) == 2


def test_the_median_pruner_ends_what_falls_behind(tmp_path, runs) -> None:
    alphas = [0.9, 0.8, 0.7, 0.6, 0.5, 0.1]

    def course(task: Task) -> list[Event]:
        alpha = task.config.network.alpha
        return [epoch(number, alpha) for number in range(1, 30)] + [finished(alpha)]

    one, observer = study(tmp_path, {"alpha": alphas}, pruner="median"), _Ends()
    assert run(one, _Scripted(course), observer)
    assert [(number, how) for number, how, _ in observer.ends] == [(n, "finished") for n in range(5)] + [(5, "pruned")]
    assert [r.state for r in runs] == ["finished"] * 5 + ["pruned"]
    assert one.counts() == {"complete": 5, "pruned": 1}
    assert one.plan() == 0  # what was pruned is done with
    assert one.failures() == []


def test_hyperband_ends_some(tmp_path) -> None:
    def course(task: Task) -> list[Event]:
        return [epoch(number, task.config.network.alpha) for number in range(1, 10)] + [finished(0.5)]

    space = {"alpha": [0.9 - 0.05 * i for i in range(16)]}
    one = study(tmp_path, space, {"training": {"epochs": 9}}, pruner="hyperband")
    assert run(one, _Scripted(course))
    counts = one.counts()
    assert counts["pruned"] > 0
    assert counts["complete"] > 0
    assert counts["pruned"] + counts["complete"] == 16


def test_without_a_pruner_nothing_is_reported(tmp_path) -> None:
    one = study(tmp_path)
    executor = _Scripted(by_alpha)
    run(one, executor)
    assert executor.decisions == [(1, "continue")] * 3
    assert not any(t.intermediate_values for t in one._study.get_trials())


class _Clock:
    """Time that passes by a second with every look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_time_limit_of_the_study_breaks_off_what_runs_and_a_resume_goes_on(tmp_path, runs, monkeypatch) -> None:
    monkeypatch.setattr(scheduler_module, "time", _Clock())
    observer = _Ends()

    def long(task: Task) -> list[Event]:
        return [epoch(number, 0.5) for number in range(1, 6)] + [finished(0.5)]

    assert not run(study(tmp_path, time_limit=10), _Scripted(long), observer)
    done = len(study(tmp_path).finished())
    assert 0 < done < 3
    assert [how for _, how, _ in observer.ends] == ["finished"] * done + ["abandoned"]
    assert [r.state for r in runs] == ["finished"] * done + ["interrupted"]
    assert run(study(tmp_path), _Scripted(long))  # the limit is no part of what makes the study
    assert len(study(tmp_path).finished()) == 3


def test_a_trial_over_its_limit_counts_with_what_it_reached(tmp_path, runs, monkeypatch) -> None:
    monkeypatch.setattr(scheduler_module, "time", _Clock())

    def long(task: Task) -> list[Event]:
        return [epoch(number, 0.5) for number in range(1, 143)] + [finished(0.9)]

    one = study(tmp_path, trial_time_limit=10)
    executor = _Scripted(long)
    assert run(one, executor)
    assert [r.value for r in one.finished()] == [0.5] * 3
    assert all(r.tags["airybench.time_limited"].startswith("after epoch ") for r in runs)
    assert [decision for _, decision in executor.decisions].count("finish") == 3


def test_an_interruption_ends_everything_that_runs(tmp_path, runs) -> None:
    one = study(tmp_path)

    class _Interrupted(_Scripted):
        def wait(self, on_event: OnEvent, seconds: float) -> None:
            raise KeyboardInterrupt

    executor = _Interrupted(by_alpha, 2)
    with pytest.raises(KeyboardInterrupt):
        run(one, executor)
    assert executor.closed
    assert [r.state for r in runs] == ["interrupted"] * 2
    assert one.counts() == {"fail": 2, "waiting": 1}
    assert run(study(tmp_path), _Scripted(by_alpha, 2))
    assert sorted(r.value for r in study(tmp_path).finished()) == list(ALPHAS)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_several_objectives_are_kept_in_order(tmp_path, sampler) -> None:
    def measured(task: Task) -> list[Event]:
        return [finished(task.config.network.alpha, images_per_second=100.0 / task.config.network.alpha)]

    space = {"alpha": {"low": 0.1, "high": 1.0}}
    rule = {"sampler": sampler, "objective": "macro_ap,images_per_second,parameters", "trials": 12}
    one = study(tmp_path, space, **rule)
    assert run(one, _Scripted(measured))
    records = study(tmp_path, space, **rule).finished()
    assert len(records) == 12
    for record in records:
        alpha = record.config.network.alpha
        assert record.values == pytest.approx((alpha, 100.0 / alpha, 10.0))
        assert record.value == record.values[0]


def test_an_undefined_second_objective_is_a_failure(tmp_path, runs) -> None:
    one = study(tmp_path, objective="macro_ap,roc_auc")
    assert run(one, _Scripted(by_alpha))
    assert [r.state for r in runs] == ["failed"] * 3
    assert "roc_auc is undefined on val" in one.failures()[0].reason


def test_random_goes_on_behind_an_interruption_with_new_points(tmp_path) -> None:
    space = {"alpha": {"low": 0.1, "high": 1.0}}
    run(study(tmp_path, space, sampler="random", trials=8), _Scripted(by_alpha))
    run(study(tmp_path, space, sampler="random", trials=16), _Scripted(by_alpha))
    again = study(tmp_path, space, sampler="random", trials=16)
    assert len({r.value for r in again.finished()}) == 16
    assert len(again._study.get_trials()) == 16  # none was a known point, proposed again and set aside


class _Shared(JournalFolder):
    """A folder of journals that several owners share, with a list of those who live."""

    shared = True
    living: ClassVar[set[str]] = set()

    def __init__(self, folder: Path, owner: str) -> None:
        super().__init__(folder)
        self.owner = owner

    def alive(self, name: str, owner: str) -> bool:
        return owner in self.living


def test_what_a_dead_host_was_running_is_run_by_a_living_one(tmp_path, runs, monkeypatch) -> None:
    monkeypatch.setattr(scheduler_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(_Shared, "living", {"one", "two"})
    sweep = SweepConfig.model_validate({"space": {"alpha": list(ALPHAS)}})
    other = RunningStudy(_Shared(tmp_path, "two"), "s@helium", sweep, PROVENANCE)
    other.plan()
    trial = other.ask()
    assert trial is not None
    taken: list[str] = []

    class _Taken(_FakeRun):
        def __init__(self, tracking: object, run_id: str) -> None:
            taken.append(run_id)
            self.state, self.name, self.tags = "running", "taken", {}

    def by_alpha_and_die(task: Task) -> list[Event]:
        monkeypatch.setattr(_Shared, "living", {"one"})  # it dies while this one is at work
        return by_alpha(task)

    trial.set_attributes(run_id="of the dead")
    create = _FakeRun.create
    monkeypatch.setattr(scheduler_module, "Run", _Taken)
    monkeypatch.setattr(_Taken, "create", create)
    mine = RunningStudy(_Shared(tmp_path, "one"), "s@helium", sweep, PROVENANCE)
    assert run(mine, _Scripted(by_alpha_and_die))
    assert sorted(r.value for r in mine.finished()) == list(ALPHAS)
    assert taken == ["of the dead"]


def test_seeds_queued_beyond_what_is_wanted_keep_no_host_waiting(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(_Shared, "living", {"one"})
    rule = {"sampler": "random", "trials": 8, "seeds": 3}
    sweep = SweepConfig.model_validate({"space": {"alpha": {"low": 0.1, "high": 1.0}}, "study": rule})
    one = RunningStudy(_Shared(tmp_path, "one"), "s@helium", sweep, PROVENANCE)
    assert run(one, _Scripted(by_alpha))
    assert one.counts() == {"complete": 8, "waiting": 1}


def test_devices_are_dealt_out_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices("auto", 3, 1) == ["cpu"] * 3
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert devices("auto", 4, 2) == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert devices("cuda:1", 2, 2) == ["cuda:1", "cuda:1"]
    assert devices("cpu", 5, 1) == ["cpu"] * 5
    with pytest.raises(
        ConfigError, match=r"5 workers are more than 2 GPUs with 2 a GPU take; .*--trials-per-device 3"
    ) as e:
        devices("auto", 5, 2)
    assert e.value.exit_code == EXIT_INPUT
