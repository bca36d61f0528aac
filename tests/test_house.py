"""The house keeps its order: imports point down, nothing goes in circles, one idea per file, nothing twice."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import airybench

PACKAGE = Path(airybench.__file__).parent
FLOORS = (
    "version",
    "passwords",
    "errors",
    "reporter",
    "interrupts",
    "forking",
    "temporary",
    "paths",
    "study_name",
    "parsing",
    "cores",
    "provenance",
    "config",
    "physics.optics",
    "physics",
    "networks",
    "data.hdf5",
    "data.store",
    "data.split",
    "data.reading",
    "data.labelling",
    "data.formats",
    "data.datasets",
    "data.loading",
    "training",
    "figures",
    "inference",
    "tracking",
    "trial",
    "sweep",
    "analysis",
    "report",
    "jobs",
    "bench",
    "api",
    "cli",
)
"""Rooms from the ground floor up; docs/architecture.md draws the same picture."""

OWN_TESTS = ("analysis", "report", "jobs", "sweep")
"""Rooms in which every module has a test module of its own, except for these."""

TESTED_ELSEWHERE = {
    "analysis.baseline_rows": "jobs/test_summary.py",
    "analysis.cells": "analysis/test_compare.py",
    "analysis.notes": "cli/test_report.py",
    "report.baselines": "jobs/test_reproduce.py",
    "report.pictures": "cli/test_report.py",
    "report.publish": "jobs/test_reproduce.py",
    "report.results": "report/test_agreement.py",
    "report.scored": "report/test_answers.py",
    "report.searches": "jobs/test_reproduce_search.py",
    "report.tables": "cli/test_report.py",
    "report.stressed": "analysis/test_study_robustness.py",
    "jobs.table": "cli/test_table.py",
    "jobs.models": "jobs/test_evaluate.py",
    "jobs.options": "jobs/test_sweep.py",
    "sweep.carried": "jobs/test_transfer.py",
    "sweep.cost": "sweep/test_forecast.py",
    "sweep.engines": "test_cluster.py",
    "sweep.executor": "sweep/test_scheduler.py",
    "sweep.observer": "jobs/test_sweep.py",
    "sweep.postgres_storage": "test_cluster.py",
    "sweep.ray_engine": "test_cluster.py",
    "sweep.records": "sweep/test_study.py",
    "sweep.repeat": "sweep/test_study.py",
    "sweep.run_names": "jobs/test_cells.py",
    "sweep.samplers": "sweep/test_study.py",
    "sweep.trial_list": "sweep/test_study.py",
    "sweep.trial_queue": "sweep/test_study.py",
    "sweep.workers": "test_parallel.py",
}
"""Modules that a test of their caller covers, and where."""

LONGEST_FILE, LONGEST_FORMAT, LONGEST_TEST, LONGEST_COPY = 300, 149, 400, 7  # lines
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))
}
FACES = ("airybench.__init__", "airybench.__main__")  # what stands outside the house: its doors


def imported(path: Path) -> set[str]:
    """Every module of this package that a file imports, at whatever depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            parts = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found.update(parts or {node.module or ""})
    return found


def room(module: str) -> str:
    """The room of a dotted module name: the longest one that contains it."""
    inside = module.removeprefix("airybench.")
    found = [name for name in FLOORS if inside == name or inside.startswith(f"{name}.")]
    assert found, f"{module} stands on no floor"
    return max(found, key=len)


def lines_of(path: Path) -> int:
    """Number of lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def code_lines(path: Path) -> list[tuple[int, str]]:
    """Number and text of the lines that count for copies: no blank lines, comments or imports."""
    text = path.read_text(encoding="utf-8")
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if number not in skipped]
    return [(number, line) for number, line in lines if line.strip("()[]{},:") and not line.startswith("#")]


@pytest.mark.parametrize("module", [name for name in MODULES if name not in FACES])
def test_imports_point_down(module: str) -> None:
    here = FLOORS.index(room(module)) if module != "airybench.data.__init__" else 0
    for other in imported(MODULES[module]):
        assert other not in ("airybench", "airybench.__init__"), f"{module} imports the package's own face"
        if other.startswith("airybench."):
            assert FLOORS.index(room(other)) <= here, f"{module} imports {other} from a floor above"


def test_no_imports_in_a_circle() -> None:
    graph = {name: {one for one in imported(path) if one in MODULES} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"imports in a circle: {' -> '.join([*way[way.index(name) :], name])}"
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[1] in ("physics", "networks")])
def test_physics_and_networks_know_nothing_of_the_rest(module: str) -> None:
    assert not {name.split(".")[0] for name in imported(MODULES[module])} & {"mlflow", "optuna", "typer"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[1] != "tracking"])
def test_one_place_talks_to_mlflow(module: str) -> None:
    assert "mlflow" not in {name.split(".")[0] for name in imported(MODULES[module])}


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[1] in ("jobs", "api")])
def test_jobs_neither_parse_nor_print(module: str) -> None:
    assert "typer" not in {name.split(".")[0] for name in imported(MODULES[module])}
    calls = [n.func.id for n in ast.walk(ast.parse(MODULES[module].read_text())) if isinstance(n, ast.Call)
             and isinstance(n.func, ast.Name)]  # fmt: skip
    assert "print" not in calls


def test_every_room_says_what_lives_there() -> None:
    for folder in {path.parent for path in MODULES.values()}:
        said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert said, f"{folder} has no sentence in its __init__.py"


def test_no_file_holds_two_ideas() -> None:
    long = {m: n for m, path in MODULES.items() if (n := lines_of(path)) > LONGEST_FILE}
    tests = sorted(Path(__file__).parent.rglob("*.py"))
    long |= {str(p): n for p in tests if (n := lines_of(p)) > LONGEST_TEST}
    long |= {m: n for m, path in MODULES.items() if "data.formats." in m and (n := lines_of(path)) > LONGEST_FORMAT}
    most = f"{LONGEST_FILE} lines ({LONGEST_FORMAT} in formats, {LONGEST_TEST} in tests)"
    assert not long, f"past {most} there are two ideas in a file: {long}"


def test_functions_are_neither_branchy_nor_greedy() -> None:
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--output-format", "concise"]
    complexity = ["--select", "C901", "--config", "lint.mccabe.max-complexity=15"]
    arguments = ["--select", "PLR0913", "--config", "lint.pylint.max-args=8", "--exclude", "cli"]
    for rules in (complexity, arguments):
        found = subprocess.run([*ruff, *rules, str(PACKAGE)], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout + found.stderr


def test_nothing_is_written_twice() -> None:
    places: dict[tuple[str, ...], set[tuple[str, int]]] = defaultdict(set)
    for name, path in MODULES.items():
        lines = code_lines(path)
        for start in range(len(lines) - LONGEST_COPY):
            window = lines[start : start + LONGEST_COPY + 1]
            places[tuple(text for _, text in window)].add((name, window[0][0]))
    twice = [sorted(where) for where in places.values() if len(where) > 1]
    assert not twice, f"{LONGEST_COPY + 1} equal lines stand in two places: {sorted(twice)[:5]}"


def test_one_constant_says_that_data_are_simulated() -> None:
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare | ast.keyword):
                said = [n.value for n in ast.iter_child_nodes(node) if isinstance(n, ast.Constant)]
                assert "simulated" not in said, f"{module}: ask Provenance or Store, or name SIMULATED"


def test_no_two_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    twice = {name: modules for name, modules in places.items() if len(modules) > 1}
    assert not twice, f"one word for two things: {twice}"


def test_tests_mirror_the_package() -> None:
    folder = Path(__file__).parent
    for path in folder.rglob("test_*.py"):
        place = path.relative_to(folder)
        if len(place.parts) > 1:
            stem = place.stem.removeprefix("test_")
            modules = [Path(*m.split(".")[1:]) for m in MODULES]
            near = [m for m in modules if m.parent == place.parent and stem.startswith(m.name)]
            assert near, f"{place} tests no module of airybench/{place.parent} by its name"


def test_modules_of_the_rooms_that_compute_have_tests_of_their_own() -> None:
    folder = Path(__file__).parent
    stems = {room: [path.stem for path in (folder / room).glob("test_*.py")] for room in OWN_TESTS}
    for module in MODULES:
        place, _, name = module.removeprefix("airybench.").rpartition(".")
        if place in OWN_TESTS and name != "__init__":
            own = any(stem.startswith(f"test_{name}") for stem in stems[place])
            elsewhere = TESTED_ELSEWHERE.get(f"{place}.{name}")
            assert own != bool(elsewhere), f"{module} has {'a' if own else 'no'} test of its own; mend TESTED_ELSEWHERE"
            assert own or (folder / str(elsewhere)).is_file(), f"{elsewhere}, which tests {module}, is not there"
