"""Simulated stores of version 1: the plates of the gallery, and the counts of labels against the published ones."""

from collections import Counter

import numpy as np
from matplotlib.figure import Figure

from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.figures.gallery import store_gallery
from airybench.physics.helium import label_rules
from airybench.physics.populations import helium_label_sets
from docs.figures.statistics import SEED, label_set_test, radius_fit

HELIUM_SHOTS, CXIDB_SHOTS = 7264, 1024

LETTERS = 5.6
"""Points of the captions: these plates are as wide as the page, pixel by pixel, so that small letters are read."""


def helium_store() -> Store:
    """The store from which plates and counts are made."""
    return simulated_store(Series("helium", SEED, version=1), HELIUM_SHOTS)


def gallery_helium_round() -> Figure:
    """Examples of helium, the first six classes."""
    return store_gallery(helium_store(), columns=4, panel=0.86, dpi=120, letters=LETTERS, classes=slice(0, 6))


def gallery_helium_more() -> Figure:
    """Examples of helium, the other five classes."""
    return store_gallery(helium_store(), columns=4, panel=0.86, dpi=120, letters=LETTERS, classes=slice(6, 11))


def gallery_cxidb() -> Figure:
    """Examples of cxidb, all classes, version 1 of the simulator."""
    return _cxidb(version=1)


def gallery_cxidb_2() -> Figure:
    """The same of version 2."""
    return _cxidb(version=2)


def _cxidb(version: int) -> Figure:
    store = simulated_store(Series("cxidb", SEED, version=version), CXIDB_SHOTS)
    return store_gallery(store, columns=4, panel=0.86, dpi=120, letters=LETTERS)


def counts() -> None:
    """Print the tables of label counts in Markdown: the 7264 simulated shots and the published ones."""
    store, (sets, published) = helium_store(), helium_label_sets()
    labels = store.labels()
    names = np.array(store.class_names)
    simulated = Counter(frozenset(names[row == 1].tolist()) for row in labels)
    print("| class | published | simulated | difference (standard deviations) |\n|---|---:|---:|---:|")
    for column, name in enumerate(store.class_names):
        expected = sum(count for label_set, count in zip(sets, published, strict=True) if name in label_set)
        drawn = int(labels[:, column].sum())
        share = expected / sum(published)
        deviation = (drawn - expected) / (store.count * share * (1 - share)) ** 0.5
        print(f"| {name} | {expected} | {drawn} | {deviation:+.1f} |")
    print("\n| label set | published | simulated |\n|---|---:|---:|")
    for label_set, count in zip(sets, published, strict=True):
        print(f"| {', '.join(name for name in names if name in label_set)} | {count} | {simulated[label_set]} |")
    drawn_sets = np.array([simulated[label_set] for label_set in sets], dtype=float)
    print(f"\n{label_set_test(drawn_sets, np.array(published) * store.count / sum(published))}")
    truth = store.columns("truth")
    laws = np.array([label_rules.radius_law(frozenset(names[row == 1].tolist())) for row in labels])
    for law in label_rules.RADIUS_LAWS:
        radii = truth["law_radius"][(laws == law) & ~np.isnan(truth["law_radius"])].astype(np.float64)
        inside, _, p = radius_fit(radii, law)
        print(f"radii of the {len(inside)} shots after {law}: median {np.median(inside):.0f} nm, KS p = {p:.3f}")
    redraws, radii_redrawn = truth["redraws"].mean(), (truth["redraws_of_radius"] > 0).mean()
    print(f"redraws per shot: {redraws:.2f}; with another radius: {radii_redrawn:.2%}")
