"""Names of studies: `NAME@D`, of which a user may give NAME alone."""

from dataclasses import dataclass

from airybench.errors import ConfigError
from airybench.paths import is_plain

MAX_NAME = 100  # it becomes part of file names


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


def check_study_name(name: str, origin: str = "") -> None:
    """Refuse the NAME of a study that cannot be part of a file name.

    Args:
        name: of the study.
        origin: what it is called after, where the user has not typed it.

    Raises:
        ConfigError: it is too long, or has other characters than letters, digits, - _ and dots.
    """
    remedy = f"; give another with --study NAME, or rename {origin}" if origin else ""
    if len(name) > MAX_NAME:
        raise ConfigError(f"study name has {len(name)} characters, expected at most {MAX_NAME}{remedy}")
    if not is_plain(name):
        raise ConfigError(
            f"study name {name!r} has characters that a file name should not; use letters, digits, - _ .{remedy}"
        )
