"""Options that exclude each other are one line, before any file is opened."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.cli.main import run
from airybench.data.formats.description import describe_source
from airybench.data.formats.dispatch import open_shots
from airybench.data.reading.contradictions import refuse_contradictions
from airybench.data.reading.options import DEFAULT_OPTIONS, LabelOptions, Selection, SourceOptions, StackKeys
from airybench.errors import ConfigError

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
    ("--fold-case", "--fold-case is about the words of labels; give --labels KEY or --labels-csv FILE as well"),
    ("--unsure class", "--unsure is about the words of labels; give --labels KEY or --labels-csv FILE as well"),
    ("--label-separators |", "--label-separators is about the words of labels; give --labels KEY"),
    ("--keep a,b --drop b", "--keep and --drop both name b; one is enough"),
    ("--wavelength w --unit mm", "unknown --unit 'mm'; valid: eV, keV, J, nm, angstrom, m, pm."),
    ("--axis frist", "unknown --axis 'frist'; valid: first, last. Did you mean 'first'?"),
    ("--labels l --unsure no", "unknown --unsure 'no'; valid: unlabelled, class, refuse."),
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


IDLE = {
    "--mask-convention cxi": "--mask-convention says how a mask is read, and none is; give --mask KEY as well",
    "--unit nm": "--unit is that of an energy, and none is read; give --energy KEY or --wavelength KEY as well",
    "--photon-energy 9000 --class-names a,b": "--class-names was given without labels",
    "--photon-energy 9000 --on-conflict first": "--on-conflict was given without labels",
}
"""Options without effect on a source that has neither mask nor energies nor labels, and what is said of them."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images, folder = np.random.default_rng(1).poisson(5, (4, 9, 11)).astype("u2"), tmp_path_factory.mktemp("plain")
    np.save(folder / "s.npy", images)
    with h5py.File(folder / "s.h5", "w") as file:
        file["images"] = images
    return folder


@pytest.mark.parametrize("kind", ["h5", "npy"])
@pytest.mark.parametrize("words", IDLE)
def test_an_option_without_effect_is_refused(
    plain: Path, kind: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("import", "info"):
        assert run(["data", command, str(plain / f"s.{kind}"), *words.split()]) == 2
        assert IDLE[words] in capsys.readouterr().err.splitlines()[-1]


def test_what_only_an_import_or_only_hdf5_takes_is_refused_elsewhere(plain: Path) -> None:
    for options in (
        SourceOptions(selection=Selection(drop_blank=True)),
        SourceOptions(labels=LabelOptions(conflicts="drop")),
    ):
        with pytest.raises(ConfigError, match="is for an import"):
            open_shots(plain / "s.h5", options)
    with pytest.raises(ConfigError, match="--swmr is for HDF5 files; --wait SECONDS"):
        open_shots(plain / "s.npy", SourceOptions(swmr=True))


def test_labels_of_a_list_reach_shots_that_are_opened_without_an_import(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("id,label\n" + "".join(f"{row},{'ab'[row % 2]}\n" for row in range(4)))
    options = SourceOptions(labels=LabelOptions(csv=tmp_path / "l.csv"))
    assert open_shots(plain / "s.h5", options).labels.tolist() == [[1, 0], [0, 1]] * 2
    facts = describe_source([plain / "s.h5"], options)
    assert facts["choices"]["labels"] == "l.csv: column label: a 2, b 2"
