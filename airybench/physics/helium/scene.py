"""Scenes of helium droplets that a person labels as asked (version 2 of the simulator).

The label set is given. Droplets, their number of photons and, rarely, a second droplet that nobody will see are drawn
from their natural distributions until the soft labeller gives that set. So the label sets keep their frequencies, and
every scene is one that nature makes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from airybench.physics.helium import label_rules, natural
from airybench.physics.helium.brightness import draw_photons
from airybench.physics.helium.draw import Illumination, SceneDroplet, UnfitError, illuminate
from airybench.physics.helium.empty import about_empty, draw_empty
from airybench.physics.helium.labeller import (
    Look,
    Measure,
    chance_of_elongated,
    chance_of_spheroid,
    seen,
    true_labels,
)
from airybench.physics.helium.neighbours import add_companion, add_double, add_newton
from airybench.physics.helium.truth import Truth, about, no_truth
from airybench.physics.helium.visibility import Frame, evidence_of_fringes, evidence_of_member, look_at
from airybench.physics.optics.geometry import wavenumber
from airybench.physics.populations import helium_label_sets
from airybench.physics.stored import stored

ATTEMPTS = 16
"""Droplets whose field is computed for one radius before another radius is drawn."""

UNSEEN = 6
"""Scenes of one radius whose second droplet is not seen before another radius is drawn: what is small is dim."""

EXTRAS = ("NewtonRings", "DoubleRings")
"""Labels of a second droplet that a scene may have without anybody seeing it."""


@dataclass(frozen=True)
class HeliumScene:
    """A scene and what is known of it.

    Attributes:
        members: the droplets, the main one first; none where there is only stray light.
        photons: of them, expected on the sensitive area; NaN without a droplet.
        labels: what a person who sees everything and never errs would write.
        truth: parameters as they are stored.
    """

    members: tuple[SceneDroplet, ...]
    photons: float
    labels: frozenset[str]
    truth: Truth


@dataclass(frozen=True)
class Request:
    """What a scene is drawn for.

    Attributes:
        labels: what the person writes.
        light: the beam and its absorption.
        frame: where the pattern falls.
        insist: the person sees every droplet that the labels name, however dim the shot.
    """

    labels: frozenset[str]
    light: Illumination
    frame: Frame
    insist: bool = False


def draw_scene(request: Request, radius: float, rng: np.random.Generator) -> HeliumScene:
    """Draw a scene below which a person writes the labels of a request.

    Args:
        request: labels, beam and frame.
        radius: volume-equivalent, of the main droplet unless that is a thin pill, nm.
        rng: of all parameters.

    Raises:
        UnfitError: no droplet of this radius gets the labels within `ATTEMPTS`, or too much stays `UNSEEN`.
    """
    labels, light = request.labels, request.light
    truth = no_truth() | {"absorption": light.absorption, "refraction": light.refraction}
    if "Empty" in labels:
        members, photons = draw_empty(radius, light, rng)
        return HeliumScene(members, photons, labels, truth | about_empty(members))
    stray = float(request.frame.stray[request.frame.sensitive].mean())
    mains = _offers(_main_candidates(labels, radius, rng), _chance(labels, "Prolate" in labels), light, rng)
    partner = _partner_candidates(labels, radius, rng)
    partners = _offers(partner, _chance(labels, label_rules.has_weak_pill(labels)), light, rng) if partner else None
    extra = _extra_droplets(labels, rng)
    unseen = 0
    for attempt in range(ATTEMPTS):
        photons = draw_photons(rng, radius)
        offered = mains(photons, stray)
        beside = partners(photons, stray) if partners and offered else None
        if offered is None or (partners and beside is None):
            continue
        main, look = offered
        scene, found = [main], truth | about("", main) | {"aspect": stored(float(look.aspect)), "redraws": attempt}
        if beside:
            add_companion(scene, beside[0], found, rng)
        if _others_fit(scene, request, extra, photons, found, rng):
            return HeliumScene(
                tuple(scene), photons, true_labels(labels, look, beside[1] if beside else None, extra), found
            )
        unseen += 1
        if unseen == UNSEEN:
            break
    raise UnfitError


def _others_fit(
    scene: list[SceneDroplet],
    request: Request,
    extra: frozenset[str],
    photons: float,
    truth: Truth,
    rng: np.random.Generator,
) -> bool:
    """Add the droplets of double and Newton's rings; whether a person sees what the labels name, and nothing else."""
    measures = [(evidence_of_member, True)] if len(scene) > 1 else []
    if "DoubleRings" in extra:
        add_double(scene, request.light, truth, rng)
        measures.append((evidence_of_member, "DoubleRings" in request.labels))
    if "NewtonRings" in extra:
        add_newton(scene, request.light, truth, rng)
        measures.append((evidence_of_fringes, "NewtonRings" in request.labels))
    for place, (measure, named) in enumerate(measures, 1):
        if named and request.insist:
            continue
        nats = measure(scene, place, request.light.photon_energy, photons, request.frame)
        if (rng.random() < seen(nats)) != named:
            return False
    return True


def _extra_droplets(labels: frozenset[str], rng: np.random.Generator) -> frozenset[str]:
    """The second droplets of a scene: those that the labels name, and now and then one that stays unseen.

    The table of label sets says how often a second droplet occurs beside the same first one.
    """
    sets, counts = helium_label_sets()
    known = dict(zip(sets, counts, strict=True))
    options = [labels, *(labels | {name} for name in EXTRAS if name not in labels and labels | {name} in known)]
    weights = np.array([known.get(option, 1) for option in options], dtype=np.float64)
    return options[int(rng.choice(len(options), p=weights / weights.sum()))] & set(EXTRAS)


def _main_candidates(labels: frozenset[str], radius: float, rng: np.random.Generator) -> natural.Candidates:
    if "Prolate" not in labels:
        return natural.draw_spheroids(rng, radius)
    return natural.draw_pills(rng) if "Layered" in labels else natural.draw_elongated(rng, radius)


def _partner_candidates(labels: frozenset[str], radius: float, rng: np.random.Generator) -> natural.Candidates | None:
    """The weaker of pill and spheroid, if the labels speak of both."""
    if label_rules.has_weak_pill(labels):
        return natural.draw_pills(rng) if "Layered" in labels else natural.draw_elongated(rng, radius)
    return natural.draw_spheroids(rng, radius) if "Layered" in labels else None


def _chance(labels: frozenset[str], elongated: bool) -> Callable[[Look], Measure]:
    """The probability that a person writes the labels about a droplet of a given look."""
    of = chance_of_elongated if elongated else chance_of_spheroid
    return lambda look: of(look, labels)


def _offers(
    candidates: natural.Candidates,
    chance: Callable[[Look], Measure],
    light: Illumination,
    rng: np.random.Generator,
) -> Callable[[float, float], tuple[SceneDroplet, Look] | None]:
    """A function of photons and stray light that tries the next candidate: the droplet and its look, or nothing."""
    order = natural.screened(candidates, chance, wavenumber(light.photon_energy), rng)

    def offer(photons: float, stray: float) -> tuple[SceneDroplet, Look] | None:
        place, weight = next(order)
        member = illuminate(natural.droplet_of(candidates, place, rng), light)
        look = look_at(member, photons, stray)
        return (member, look) if rng.random() * weight < float(chance(look)) else None

    return offer
