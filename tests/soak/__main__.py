"""Kill airybench at random moments, again and again, and compare what is left with an uninterrupted run.

    python tests/soak --kills 300 --seed 1612 --log soak.jsonl        # run again, it continues
    python tests/soak --summary soak.jsonl                            # counts by command and signal, and the faults

A round is one command: it is started, killed after a random time, started again, and so on; at last it runs to its end.
Its seed is `SEED/NUMBER`: `--round NUMBER` repeats the same draws. Each kill and each round is a line of the log.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from soak_commands import COMMANDS, Command, copy_template, make_template, runs
from soak_process import Process, group_of, preload, start

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MOST_KILLS = 5
"""In one round."""

ANSWER_SECONDS = 5.0
"""In which a command has to end after SIGINT or SIGTERM; a busy machine has its load average times as long."""

END_SECONDS = 1800.0
RAW = argparse.RawTextHelpFormatter


class Log:
    """Lines of JSON, one per kill and per round."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def add(self, **line: Any) -> None:
        """Write one line."""
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def of(self, what: str) -> list[dict[str, Any]]:
        """The lines of one kind, `kill`, `round` or `reference`."""
        return [line for line in self.lines if line["what"] == what]


class Soak:
    """A series of rounds.

    Args:
        folder: for the template, references and rounds.
        log: of what happened.
        seed: of all draws.
        only: names of the commands to kill; all by default.
        signals: to draw from.
    """

    def __init__(
        self, folder: Path, log: Log, seed: int, only: list[str], signals: tuple[signal.Signals, ...] = SIGNALS
    ) -> None:
        self.folder, self.log, self.seed = folder, log, seed
        self.names, self.signals = only or list(COMMANDS), signals
        self.template = folder / "template"
        self.takes: dict[str, float] = {}
        self.wanted: dict[str, dict[str, str]] = {}

    def prepare(self) -> None:
        """Make what all rounds start from."""
        if not (self.template / "whole").exists():
            shutil.rmtree(self.template, ignore_errors=True)
            (self.template / "known").mkdir(parents=True)
            (self.template / "data").mkdir()
            make_template(self.template, lambda place, words: start(place, words, cold=False).wait(END_SECONDS) or 0)
            shutil.rmtree(self.template / "tmp")
            (self.template / "whole").touch()

    def _reference(self, name: str) -> None:
        """What a command leaves that nobody interrupts, and how long it takes: found once, kept for later."""
        place, kept = self.folder / f"reference-{name}", self.folder / f"reference-{name}.json"
        if not kept.exists():
            shutil.rmtree(place, ignore_errors=True)
            copy_template(self.template, place)
            began = time.monotonic()
            process = start(place, COMMANDS[name].words, cold=False)
            assert process.wait(END_SECONDS) == 0, f"{name}: {process.said()}"
            takes = time.monotonic() - began
            found = {"takes": takes, "result": COMMANDS[name].result(place / "work"), "files": sorted(files(place))}
            kept.write_text(json.dumps(found), encoding="utf-8")
            shutil.rmtree(place)
        read = json.loads(kept.read_text(encoding="utf-8"))
        self.takes[name], self.wanted[name] = read["takes"], read["result"]

    def rounds(self, kills: int, at_once: int) -> None:
        """Run rounds, some at once, until so many kills are logged."""
        known = {line["number"] for line in self.log.of("round")}
        numbers = (number for number in range(10**6) if number not in known)
        active: list[Iterator[None]] = []
        while active or len(self.log.of("kill")) < kills:
            while len(active) < at_once and len(self.log.of("kill")) < kills:
                active.append(self.round(next(numbers)))
            for one in list(active):
                try:
                    next(one)
                except StopIteration:
                    active.remove(one)
            time.sleep(0.005)

    def round(self, number: int) -> Iterator[None]:
        """One round; yields while it waits."""
        chance = random.Random(f"{self.seed}/{number}")
        name = chance.choices(self.names, [COMMANDS[one].weight for one in self.names])[0]
        command, place = COMMANDS[name], self.folder / f"r{number:04d}"
        self._reference(name)
        shutil.rmtree(place, ignore_errors=True)
        copy_template(self.template, place)
        if chance.random() < 0.3 and name in ("sweep", "train", "sweep-workers"):
            for store in (place / "data").glob("*.h5"):  # made anew, and so met while it is made
                store.unlink()
        faults: list[str] = []
        plan = [(chance.random() < 0.2, chance.random(), chance.choice(self.signals), chance.random() < 0.5)
                for _ in range(chance.randint(2, MOST_KILLS))]  # fmt: skip
        for step, (cold, share, sent, group) in enumerate(plan):
            process = start(place, command.words, cold=cold, number=step)
            whole = self.takes[name] * 1.05
            moment = share * (whole + 12.0 if cold else whole)  # a new interpreter loads modules first
            while process.poll() is None and time.monotonic() - process.began < moment:
                yield
            if process.poll() is not None:
                faults += self._unexpected(process, command, 0.0)
                break
            before = len(process.said())
            with suppress(ProcessLookupError):
                # Ctrl-C reaches every process of a terminal; a kill or a request may reach one or all.
                os.killpg(process.pid, sent) if group or sent == signal.SIGINT else os.kill(process.pid, sent)
            sent_at = time.monotonic()
            while process.poll() is None and time.monotonic() - sent_at < END_SECONDS:
                yield
            waited = time.monotonic() - sent_at
            met = self._after(process, command, sent, waited, before)
            met += list(self._left_processes(process))
            self.log.add(what="kill", number=number, step=step, command=name, signal=sent.name, cold=cold, at=moment,
                         takes=self.takes[name], code=process.code, waited=round(waited, 2), faults=met,
                         load=round(os.getloadavg()[0], 1))  # fmt: skip
            faults += met
            if command.over(place / "work"):
                break
        if not command.over(place / "work"):
            process = start(place, command.words, cold=False, number=99)
            while process.poll() is None and time.monotonic() - process.began < END_SECONDS:
                yield
            faults += self._unexpected(process, command, time.monotonic() - process.began)
            faults += list(self._left_processes(process))
        faults += self._differences(name, place)
        self.log.add(what="round", number=number, command=name, seed=f"{self.seed}/{number}", faults=faults)
        if not faults:
            shutil.rmtree(place)

    def _after(self, process: Process, command: Command, sent: signal.Signals, waited: float, before: int) -> list[str]:
        """What is wrong about the end of a command that was sent a signal."""
        said, code = process.said(), process.code
        if code is None:
            process.kill_all()
            process.wait(60)
            return [f"still runs {waited:.0f} s after {sent.name}"]
        if sent == signal.SIGKILL:
            return [] if code in (-9, 0, 2) else [f"exit code {code} at SIGKILL"]
        found = []
        early = code == -sent or (code == 1 and not said.strip())  # before the program could take the signal
        finished = code == 0 or (code == 2 and command.done and command.done in said)
        if not (code == 130 or early or finished):
            found.append(f"exit code {code} after {sent.name}: {said[-300:]}")
        if waited > ANSWER_SECONDS * max(1.0, os.getloadavg()[0]):
            found.append(f"{sent.name} answered after {waited:.1f} s")
        if finished and waited > ANSWER_SECONDS * max(1.0, os.getloadavg()[0]) / 2:
            found.append(f"{sent.name} seems to be lost: it went on for {waited:.1f} s to its end")
        if "Traceback" in said:
            found.append(f"traceback after {sent.name}: {said[said.index('Traceback') :][-400:]}")
        return found

    def _unexpected(self, process: Process, command: Command, took: float) -> list[str]:
        """What is wrong about a command that was left alone to its end."""
        said = process.said()
        if process.code is None:
            process.kill_all()
            process.wait(60)
            return [f"still runs after {took:.0f} s"]
        if process.code == 0 or (process.code == 2 and command.done and command.done in said):
            return ["a traceback was printed: " + said[-400:]] if "Traceback" in said else []
        return [f"exit code {process.code}: {said[-600:]}"]

    def _left_processes(self, process: Process) -> Iterator[str]:
        """Processes that outlive a command."""
        end = time.monotonic() + 30
        while (left := group_of(process.pid)) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            with suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:120]
                yield f"a process outlives the command: {line}"
        process.kill_all()

    def _differences(self, name: str, place: Path) -> list[str]:
        """How the end of a round differs from the reference."""
        found: list[str] = []
        try:
            got = COMMANDS[name].result(place / "work")
            wanted = self.wanted[name]
            found += [f"{key} is {got.get(key)}, not {wanted.get(key)}" for key in wanted | got
                      if got.get(key) != wanted.get(key)]  # fmt: skip
        except Exception as error:
            found.append(f"no result: {type(error).__name__}: {error}")
        found += [f"left behind: {one}" for one in files(place) - self._known_files(name)]
        if COMMANDS[name].logs and (place / "work" / "mlflow.db").exists():
            known = {run["run_id"] for run in runs(place / "work")}
            found += [f"artifacts of no run: {folder.name}" for folder in
                      (place / "work" / "mlruns" / "airybench").glob("*")
                      if folder.name != "models" and folder.name not in known]  # fmt: skip
            found += studies_left(place / "data")
        return found

    def _known_files(self, name: str) -> set[str]:
        return set(json.loads((self.folder / f"reference-{name}.json").read_text(encoding="utf-8"))["files"])


def studies_left(data: Path) -> list[str]:
    """Trials that are doubled or not ended, in every study of a data folder."""
    import optuna

    from airybench.sweep.journal import open_journal

    found = []
    for path in sorted((data / "studies").glob("*.journal")):
        trials = optuna.load_study(study_name=path.stem, storage=open_journal(path)).get_trials(deepcopy=False)
        keys = Counter((t.user_attrs["cell"], t.user_attrs.get("seed")) for t in trials if t.state.name == "COMPLETE")
        found += [f"{path.stem}: {count} finished trials of {key}" for key, count in keys.items() if count > 1]
        found += [f"{path.stem}: trial {t.number} {t.state.name}" for t in trials if not t.state.is_finished()]
    return found


def files(place: Path) -> set[str]:
    """Files of a round by name, without what differs from run to run: the artifacts of runs, and this harness's own."""
    found = set()
    for path in place.rglob("*"):
        name = str(path.relative_to(place))
        if name.startswith(("log-", "work/mlruns/airybench/", "stack.h5", "model")) or name in ("tmp", "work", "data"):
            continue
        found.add(name)
    return found


def summary(lines: list[dict[str, Any]]) -> str:
    """A table of kills by command and signal, and the faults that were found, most frequent first."""
    kills = [line for line in lines if line["what"] == "kill"]
    names = sorted({line["command"] for line in kills})
    signals = ("SIGKILL", "SIGTERM", "SIGINT")
    rows = ["| command | rounds | " + " | ".join(signals) + " | while modules load | rounds with a fault |",
            "|---|---|" + "---|" * 5]  # fmt: skip
    rounds = [line for line in lines if line["what"] == "round"]
    for name in [*names, "all"]:
        mine = [line for line in kills if name in ("all", line["command"])]
        ended = [line for line in rounds if name in ("all", line["command"])]
        by = Counter(line["signal"] for line in mine)
        cells = [name, len(ended), *(by[one] for one in signals), sum(line["cold"] for line in mine)]
        rows.append(f"| {' | '.join(map(str, cells))} | {sum(bool(line['faults']) for line in ended)} |")
    polite = [line["waited"] for line in kills if line["signal"] != "SIGKILL"]
    if polite:
        rows += [
            "",
            f"Ended after SIGTERM or SIGINT: median {statistics.median(polite):.1f} s, longest {max(polite):.1f} s",
        ]
    faults = Counter(f"{line['command']}: {fault[:160]}" for line in rounds for fault in line["faults"])
    rows += ["", *(f"{count} x {fault}" for fault, count in faults.most_common())]
    return "\n".join(rows)


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser("python tests/soak", description=__doc__, formatter_class=RAW)
    parser.add_argument("--kills", type=int, default=300, help="how many in all, those in the log included")
    parser.add_argument("--seed", type=int, default=1612)
    parser.add_argument("--log", type=Path, default=Path("soak.jsonl"))
    parser.add_argument("--folder", type=Path, help="for templates and rounds; a temporary one by default")
    parser.add_argument("--at-once", type=int, default=2, help="rounds that run at the same time")
    parser.add_argument("--only", action="append", default=[], choices=list(COMMANDS))
    parser.add_argument("--signal", action="append", default=[], choices=[one.name for one in {*SIGNALS}])
    parser.add_argument("--round", type=int, help="repeat one round")
    parser.add_argument("--summary", type=Path, metavar="LOG", help="print what a log says, and end")
    asked = parser.parse_args()
    if asked.summary:
        print(summary(Log(asked.summary).lines))
        return
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    preload()
    soak = Soak(folder.absolute(), Log(asked.log.absolute()), asked.seed, asked.only,
                tuple(signal.Signals[one] for one in asked.signal) or SIGNALS)  # fmt: skip
    soak.prepare()
    if asked.round is not None:
        for _ in soak.round(asked.round):
            time.sleep(0.005)
    else:
        soak.rounds(asked.kills, asked.at_once)
    print(summary(soak.log.lines))


if __name__ == "__main__":
    main()
