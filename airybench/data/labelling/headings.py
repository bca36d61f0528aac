"""What columns of label files and lists of shots are called."""

import re

_IDS = """id ids shot shots shotid shotids shotnumber shotno shotnr event events eventid eventids eventnumber
eventno bunch bunches bunchid bunchnumber frame frames frameid framenumber frameindex tag tagid tagnumber
pulse pulseid train trainid fiducial fid image images imageid imagename imagefile file files filename
filenames fname filepath path picture pattern patternid entry key name uid identifier
experimentidentifier experimentalidentifier number nr hitid"""
_INDICES = "index idx row rownames unnamed0"
_PARTS = """exp experiment run runs runid runnumber time seconds sec second nanoseconds nsec nanosecond fid fiducial
train trainid pulse pulseid timestamp machinetime machinetimenanoseconds"""
_LABELS = """label labels class classes classname classlabel classid category categories annotation annotations target
klasse type kind verdict"""
_OTHERS = """comment comments note notes remark remarks who user author annotator by date day hour energy photonenergy
wavelength intensity confidence score quality probability group groups split fold x y hits npeaks numpeaks"""

_FLAGS = "hit ishit hitfound good isgood isgoodframe bad isbad isbadframe keep kept selected used valid labelled"

FLAG_NAMES = frozenset(_FLAGS.split())
"""Of columns that say whether a shot is of use; a class only where they are the only ones, or named as one."""

EXACT = "id"
"""The column of this name comes before all others."""

ID_NAMES = frozenset(_IDS.split())
"""Of columns of ids, without case, spaces and signs."""

INDEX_NAMES = frozenset(_INDICES.split()) | {""}
"""Of columns of row numbers, as pandas and R write them; ids only where there is no other."""

PART_NAMES = frozenset(_PARTS.split())
"""Of columns that may be parts of an id made of several."""

LABEL_NAMES = frozenset(_LABELS.split())
"""Of columns that name the classes of a shot."""

OTHER_NAMES = frozenset(_OTHERS.split()) | PART_NAMES
"""Of columns that are neither ids nor classes in a table with a column for each class."""


def plain(name: str) -> str:
    """The name of a column without case, spaces and signs.

    >>> plain("Shot_ID "), plain("Unnamed: 0")
    ('shotid', 'unnamed0')
    """
    return re.sub(r"[\W_]+", "", name).casefold()


def is_known(name: str) -> bool:
    """Whether a cell is what only a heading holds: the name of a column of ids or of labels."""
    return plain(name) in ID_NAMES | LABEL_NAMES
