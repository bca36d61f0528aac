"""Options that exclude each other are one line, before any file is opened."""

import pytest

from airybench.cli.main import run
from airybench.data.reading.contradictions import refuse_contradictions
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions, StackKeys

CASES = (
    ("--photon-energy 20 --energy e", "--energy and --photon-energy were both given; one is enough"),
    ("--photon-energy 0 --wavelength e", "--wavelength and --photon-energy were both given; one is enough"),
    ("--energy a --wavelength b", "--energy and --wavelength were both given; one is enough"),
    ("--photon-energy 20 --unit keV", "--photon-energy is in eV; --unit is for the key of --energy or --wavelength"),
    ("--groups run --group-by folder", "--groups and --group-by were both given; one is enough"),
    ("--stack-modules --geometry g", "--stack-modules and --geometry were both given; one is enough"),
    ("--stack-modules --index 0", "--stack-modules and --index were both given; one is enough"),
    ("--geometry g --index 0", "--geometry and --index were both given; one is enough"),
    ("--labels l --labels-csv c", "--labels and --labels-csv were both given; one is enough"),
    ("--swmr --wait 5", "--swmr and --wait were both given; one is enough"),
    ("--skip 2", "--skip needs --every, the period of which it is the remainder"),
    ("--keep a,b --drop b", "--keep and --drop both name b; one is enough"),
    ("--wavelength w --unit mm", "unknown --unit 'mm'; valid: eV, keV, J, nm, angstrom, m, pm."),
    ("--axis frist", "unknown --axis 'frist'; valid: first, last. Did you mean 'first'?"),
    ("--unsure no", "unknown --unsure 'no'; valid: unlabelled, class, refuse."),
    ("--on-conflict last", "unknown --on-conflict 'last'; valid: drop, first."),
    (
        "--mask m --mask-convention cix",
        "unknown --mask-convention 'cix'; valid: cxi, euxfel, good-is-one, nxmx. Did",
    ),
)


@pytest.mark.parametrize(("words", "message"), CASES, ids=[words for words, _ in CASES])
def test_contradictions_are_one_line(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "import", "missing.h5", *words.split()]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_unit_has_several_spellings() -> None:
    refuse_contradictions(SourceOptions(keys=StackKeys(wavelength="w", unit="Å")))


def test_nothing_said_is_no_contradiction() -> None:
    refuse_contradictions(DEFAULT_OPTIONS)
