"""Wrong command lines are refused before torch and MLflow are loaded, and lists need neither."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airybench.cli.options import early

LINES = {
    "sweep --dataset heliun": "unknown data set 'heliun'",
    "sweep --dataset nosuch.h5": "nosuch.h5: no such file",
    "sweep --dataset helium --depth 17": "resnet has no depth 17",
    "sweep --config nosuch": "unknown config 'nosuch'",
    "train --dataset heliun": "unknown data set 'heliun'",
    "train --set nosuch=1": "unknown parameter 'nosuch'",
    "train --depth 17": "resnet has no depth 17",
    "train --epochs 0": "epochs: found '0'",
    "baseline --dataset heliun": "unknown data set 'heliun'",
    "baseline --c x": "c: found 'x'",
    "baseline --study nosuch": "unknown study 'nosuch'",
    "studies list": "",
    "studies show nosuch": "unknown study 'nosuch'",
    "compare --study nosuch": "study 'nosuch' is not in",
    "report --study nosuch": "study 'nosuch' is not in",
    "report --output report.pdf": "give a file ending in .html",
    "calibrate nosuch": "study 'nosuch' is not in",
    "calibrate": "neither STUDY nor --synthetic",
    "evaluate nosuch": "model 'nosuch' is not a folder, run or model",
    "evaluate winner:nosuch": "there is no tracking store",
    "predict winner:nosuch shots.h5 --output out.h5": "there is no tracking store",
    "predict nosuch shots.h5 --output out.h5": "model 'nosuch' is not a folder, run or model",
    "export nosuch --format onnx --output out.onnx": "model 'nosuch' is not a folder, run or model",
    "data info nosuch.h5": "nosuch.h5: no such file",
    "data import nosuch.h5 --output out.h5": "nosuch.h5: no such file",
}
"""Command line -> the beginning of what it says; empty where nothing is wrong with it."""

CODE = """
import contextlib, io, json, sys
from airybench.cli.main import run
found = {}
for line in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = run(line.split())
    found[line] = code, said.getvalue(), [name for name in ("torch", "mlflow", "timm") if name in sys.modules]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, list[str]]]:
    """Exit code, words, and what was loaded by then, of every line, in one fresh process."""
    folder: Path = tmp_path_factory.mktemp("early")
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(list(LINES))],
        cwd=folder, env=os.environ | {"AIRYBENCH_DATA": str(folder / "data"), "MLFLOW_TRACKING_URI": ""},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("line", LINES)
def test_nothing_heavy_is_loaded_to_say_that_a_line_is_wrong(answers, line: str) -> None:
    code, said, loaded = answers[line]
    assert loaded == []
    assert code == (2 if LINES[line] else 0)
    assert LINES[line] in said
    assert said.count("\n") == 1


def test_what_takes_long_is_said_and_what_does_not_is_not(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    early._say.cache_clear()
    monkeypatch.setattr(early, "SILENT_SECONDS", 0.01)
    with early.loading():
        said, deadline = "", time.monotonic() + 30
        while not said.endswith("\n") and time.monotonic() < deadline:
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert said == "loading torch and MLflow ...\n"
    early._say()
    monkeypatch.setattr(early, "SILENT_SECONDS", 60.0)
    with early.loading():
        pass
    assert capsys.readouterr().err == ""
