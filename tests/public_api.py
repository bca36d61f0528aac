"""A user's script with every public name; it is not run, mypy checks its types."""

import airybench as ab


def script() -> None:
    data: ab.Dataset = ab.load_dataset("helium", count=64)
    own: ab.Dataset = ab.import_data("run.h5", images="patterns", class_names=("a", "b"))
    sweep: ab.SweepConfig = ab.load_experiment("quick")
    base: ab.TrialConfig = sweep.base
    study: ab.Study = ab.run_sweep(sweep, data, study="demo")
    model: ab.Model = ab.load_model(study.winner)
    low: float = ab.evaluate(model, data, split="test").scores["macro_ap"].low
    classes: list[tuple[str, ...]] = model.predict(data.images([0, 1])).classes
    print(ab.train(base, own).model.class_names, ab.open_shots("run.cxi").ids, ab.predict(model, "run.h5", "out.h5"))
    print(ab.compare(study, ab.open_study("demo")).to_pandas(), ab.write_report(study), low, classes)
    activation: ab.LogActivation = ab.LogActivation(alpha=0.2)
    try:
        print(ab.__version__, activation)
    except ab.AirybenchError as error:
        print(error.exit_code)
