"""The house keeps its order: imports point down, and some rooms know nothing of others."""

import ast
from pathlib import Path

import pytest

import airybench

PACKAGE = Path(airybench.__file__).parent
FLOORS = (
    "errors",
    "config",
    "experiment",
    "physics",
    "data",
    "networks",
    "training",
    "inference",
    "figures",
    "tracking",
    "sweep",
    "analysis",
    "bench",
    "cli",
)
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imported(path: Path) -> list[str]:
    """Every module that a file imports, at whatever depth of its code."""
    found = []
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.append(node.module or "")
    return found


def floor(module: str) -> int:
    """Floor of a dotted module or a path inside the package."""
    part = module.removeprefix("airybench").strip(".").split(".")[0]
    return FLOORS.index(part) if part in FLOORS else len(FLOORS)


@pytest.mark.parametrize(
    "path", [m for m in MODULES if m.name not in ("__main__.py", "__init__.py") or len(m.parts) > 1], ids=str
)
def test_imports_point_down(path: Path) -> None:
    here = path.parts[0].removesuffix(".py")
    assert here in FLOORS, f"{path} stands on no floor"
    for module in imported(path):
        if module.startswith("airybench."):
            assert floor(module) <= FLOORS.index(here), f"{path} imports {module} from a floor above"


@pytest.mark.parametrize("path", [m for m in MODULES if m.parts[0] in ("physics", "networks")], ids=str)
def test_physics_and_networks_know_nothing_of_the_rest(path: Path) -> None:
    for module in imported(path):
        assert module.split(".")[0] not in ("mlflow", "optuna", "typer"), f"{path} imports {module}"


@pytest.mark.parametrize("path", [m for m in MODULES if m.parts[0] not in ("tracking",)], ids=str)
def test_one_place_talks_to_mlflow(path: Path) -> None:
    assert not [module for module in imported(path) if module.split(".")[0] == "mlflow"]


def test_no_module_holds_two_ideas() -> None:
    long = {str(m): n for m in MODULES if (n := len((PACKAGE / m).read_text(encoding="utf-8").splitlines())) > 400}
    assert not long, f"past 300 lines there are two ideas in a file: {long}"
