"""The support-vector baseline: its features and the grid of its hyperparameters."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from airybench.config.values import Frozen, Number, split_commas

TITLES = {"majority": "majority", "brightness": "brightness scalars + SVM", "svm": "features + PCA + SVM"}
"""What results call each baseline that predicts the classes."""

LIT_PIXELS = "lit-pixels"
"""The rule that tells hits from misses and knows no other class."""

NAMES = {**TITLES, LIT_PIXELS: "lit pixels"}
"""What results call every baseline."""

Positive = Annotated[Number, Field(gt=0)]
Positives = Annotated[tuple[Positive, ...], Field(min_length=1), BeforeValidator(split_commas)]


class BaselineConfig(Frozen):
    """Principal components of the features, and the grid over C and gamma of the support-vector machines."""

    components: int = Field(64, ge=1, le=10_000, description="Largest number of principal components of the features.")
    c: Positives = Field((1.0, 10.0, 100.0, 1000.0), description="Values of C to choose from.")
    gamma: Positives = Field((3e-5, 1e-4, 3e-4, 1e-3), description="Values of gamma to choose from.")
    lit_count: Annotated[Number, Field(ge=0)] | None = Field(
        None, description="Count above which a pixel is lit, for the lit-pixel rule. Chosen on the training shots."
    )
    cv: int = Field(3, ge=2, le=20, description="Folds of the cross-validation on the training shots.")

    @classmethod
    def quick(cls) -> "BaselineConfig":
        """A grid of four combinations instead of sixteen."""
        return cls(c=(10.0, 100.0), gamma=(1e-4, 1e-3))
