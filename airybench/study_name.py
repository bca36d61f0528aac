"""Names of studies: `NAME@D`, of which a user may give NAME alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StudyName:
    """The full name of a study.

    Attributes:
        name: what the user called it.
        dataset: what the user calls the data set; empty for a study of another program, which has none in its name.
    """

    name: str
    dataset: str

    @classmethod
    def parse(cls, text: str) -> "StudyName":
        """Take a full name apart.

        >>> StudyName.parse("quick@helium").dataset, StudyName.parse("foreign").dataset
        ('helium', '')
        """
        name, at, dataset = text.rpartition("@")
        return cls(name, dataset) if at else cls(text, "")

    def __str__(self) -> str:
        """As storages and runs call it."""
        return f"{self.name}@{self.dataset}" if self.dataset else self.name

    def matches(self, wanted: str) -> bool:
        """Whether a user means this study by its full name or by NAME, which stands for every data set.

        >>> [StudyName("quick", "helium").matches(wanted) for wanted in ("quick", "quick@helium", "quick@cxidb")]
        [True, True, False]
        """
        return wanted in (str(self), self.name)
