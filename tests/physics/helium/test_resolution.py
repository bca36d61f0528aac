"""What an image size resolves, against phases counted pixel by pixel."""

import re
from pathlib import Path

import numpy as np
import pytest

from airybench.physics.helium.resolution import resolved_area, unresolved_classes
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES

DOCS = Path(__file__).parents[3] / "docs" / "physics.md"


def phases(offset, k):
    """q.r on the pixels of the detector, from the angles alone."""
    line = np.arange(259) - 129.0
    x, y = np.meshgrid(line, line)
    theta, phi = np.arctan(np.hypot(x, y) / 129 * np.tan(np.radians(30))), np.arctan2(y, x)
    q = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), 1 - np.cos(theta)
    return k * sum(a * b for a, b in zip(q, offset, strict=True)), np.hypot(x, y) >= 0.2 * 129


@pytest.mark.parametrize("size", [64, 128, 224])
def test_newtons_fringes_keep_their_contrast_where_phases_advance_slowly(size):
    rng, shares = np.random.default_rng(9), []
    for _ in range(200):
        k = 2 * np.pi * rng.uniform(19, 35) / 1239.84198
        z, angle, turn = rng.uniform(5e3, 2e4), np.radians(rng.uniform(5, 20)), rng.uniform(0, 2 * np.pi)
        phase, seen = phases((z * np.tan(angle) * np.cos(turn), z * np.tan(angle) * np.sin(turn), -z), k)
        contrast = 1.0
        for gradient in np.gradient(phase):
            x = gradient * 259 / size / 2
            contrast = contrast * np.sin(x) / np.where(x == 0, 1, x)
        shares.append((np.abs(contrast[seen]) > 0.5).mean())
    assert resolved_area("newton", size) == pytest.approx(np.median(shares), abs=0.12)


def test_more_pixels_resolve_more():
    for feature in ("rings", "fringes", "newton"):
        shares = [resolved_area(feature, size) for size in (24, 40, 64, 128, 259)]
        assert shares == sorted(shares)
    assert resolved_area("rings", 24) < 1
    assert resolved_area("fringes", 40) < resolved_area("rings", 40)


def test_classes_that_a_size_cannot_show():
    assert unresolved_classes(HELIUM_CLASSES, 40) == ("NewtonRings",)
    assert "Streak" in unresolved_classes(HELIUM_CLASSES, 16)
    assert unresolved_classes(HELIUM_CLASSES, 224) == ()
    assert unresolved_classes(CXIDB_CLASSES, 16) == ()


def test_the_table_of_the_docs_is_true():
    rows = re.findall(r"^\| (\d+) px \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    assert [int(row[0]) for row in rows] == [40, 64, 96, 128, 224, 259]
    for size, *shares in rows:
        found = [resolved_area(feature, int(size)) for feature in ("rings", "fringes", "newton")]
        np.testing.assert_allclose(found, [float(share) for share in shares], atol=0.006)
