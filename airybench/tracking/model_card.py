"""What the page of a logged model says: what it is, what it takes and gives, how good it is, how to call it."""

from dataclasses import dataclass

from airybench.inference.predictor import Predictor

_NOT_IN_NAMES = str.maketrans({character: "-" for character in "/:.%\"'"})
"""MLflow refuses these in the name of a model."""


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model beside its network.

    Attributes:
        origin: what trained it: a study, `NAME@D`, or the name of a data set.
        data: the data in a few words.
        scores: what it reached, a sentence.
        metrics: scores that the page lists, by name.
    """

    origin: str
    data: str
    scores: str
    metrics: dict[str, float]

    def name(self, predictor: Predictor) -> str:
        """Of the model, in MLflow's list of models."""
        return f"{self.origin} {predictor.config.label}".translate(_NOT_IN_NAMES)

    def description(self, predictor: Predictor, uri: str) -> str:
        """Markdown for the page of the model.

        Args:
            predictor: the model.
            uri: `models:/m-...`.
        """
        config, shape = predictor.config, predictor.provenance and predictor.provenance.image_shape
        size = f"(n, {shape[0]}, {shape[1]})" if shape else "(n, H, W)"
        answers = (
            "each class for itself, yes above 0.5"
            if predictor.label_kind == "multilabel"
            else "the most probable one is the answer"
        )
        return (
            f"**{config.label}**, trained on {self.data} ({self.origin}), seed {config.training.seed}.\n\n"
            f"- Score: {self.scores}\n"
            f"- Takes raw detector counts, uint16, shape {size}; any number of shots, nothing to be scaled before.\n"
            f"- Gives probabilities, float32, shape (n, {len(predictor.class_names)}), of "
            f"{', '.join(predictor.class_names)}; {answers}.\n\n"
            "```python\n"
            "import airybench as ab\n\n"
            f'ab.load_model("{uri}").predict(counts).to_pandas()\n'
            "```\n\n"
            "```sh\n"
            f"airybench predict {uri} FILE --output answers.csv\n"
            "```\n\n"
            f'Without airybench: `mlflow.pytorch.load_model("{uri}")(torch.from_numpy(counts))`.\n'
        )
