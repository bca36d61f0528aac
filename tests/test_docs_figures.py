"""`python -m docs.figures` draws every figure of the documentation."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

import docs.figures


def test_every_module_of_the_figures_can_be_imported() -> None:
    names = [module.name for module in iter_modules(docs.figures.__path__) if module.name != "__main__"]
    assert len(names) >= 7
    for name in names:
        import_module(f"docs.figures.{name}")


@pytest.mark.slow
def test_every_figure_can_be_drawn_again(tmp_path, monkeypatch, capsys) -> None:
    from docs.figures import __main__ as figures
    from docs.figures import stores

    monkeypatch.setattr(stores, "HELIUM_SHOTS", 96)
    monkeypatch.setattr(stores, "CXIDB_SHOTS", 48)
    names = [figure.__name__ for figure in figures.FIGURES]
    monkeypatch.setattr(sys, "argv", ["figures", *names, "counts", "--output", str(tmp_path)])
    figures.main()
    drawn = {path.stem.replace("-", "_") for path in tmp_path.glob("*.png")}
    assert drawn == set(names)
    printed = capsys.readouterr().out
    assert "minima within 0.25 px, maxima within 1.38 %" in printed
    assert "variance/mean 0.9997 on average" in printed
    assert "chi-square 22.3 over 35 sets and the rest, p = 0.953" in printed
    assert "| Prolate | 453 |" in printed
