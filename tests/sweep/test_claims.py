"""Claims are read off what the cells differ in, and compare like with like."""

from airybench.config import SweepConfig, TrialConfig
from airybench.config.experiments import load_experiment
from airybench.sweep.claims import Claim, best_of_each, claims
from airybench.sweep.space import cells


def of(name: str) -> tuple[list[TrialConfig], dict[str, Claim]]:
    found = [cell.config for cell in cells(load_experiment(name))]
    return found, {claim.statement: claim for claim in claims(found)}


def sides(configs: list[TrialConfig], claim: Claim, name: str) -> tuple[list[object], list[object]]:
    """A parameter of the cells of either side, each cell once."""
    first, second = (dict.fromkeys(side) for side in zip(*claim.pairs, strict=True))
    return [configs[i].params()[name] for i in first], [configs[i].params()[name] for i in second]


def test_maps_against_images_at_each_noise() -> None:
    configs, found = of("noise-ccf")
    assert list(found) == [
        "correlation maps against images, without noise",
        "correlation maps against images, with noise up to the mean",
        "correlation maps against images, with noise up to the mean + std",
        "correlation maps against images, with noise up to the max",
    ]
    loudest = found["correlation maps against images, with noise up to the max"]
    assert sides(configs, loudest, "input") == (["ccf"], ["image"])
    assert sides(configs, loudest, "noise") == (["max"], ["max"])


def test_activation_at_the_same_scale() -> None:
    configs, found = of("input-scaling")
    assert list(found)[:3] == [
        f"the logarithmic activation against none, at input scaling {scaling}"
        for scaling in ("counts", "unit", "log1p")
    ]
    for claim in list(found.values())[:3]:
        ((first,), (second,)) = sides(configs, claim, "input_scaling")
        assert first == second
        assert sides(configs, claim, "log_activation") == ([True], [False])


def test_the_activation_is_told_from_a_logarithm_of_the_input() -> None:
    configs, found = of("headline")
    scales = {
        "the logarithmic activation on counts against none on [0, 1]": ((True, "counts"), (False, "unit")),
        "the logarithmic activation on counts against none on ln(1 + counts)": ((True, "counts"), (False, "log1p")),
        "ln(1 + counts) against counts, both without the logarithmic activation": ((False, "log1p"), (False, "counts")),
    }
    assert list(found)[2:] == list(scales)
    for statement, expected in scales.items():
        claim = found[statement]
        (pair,) = claim.pairs  # named beforehand: nothing was chosen
        assert claim.alike
        assert not claim.chosen
        seen = [(configs[i].network.log_activation, configs[i].data.input_scaling) for i in pair]
        assert tuple(seen) == expected
    leaky = [one.replace({"leakiness": 0.0}) if one.network.log_activation else one for one in configs]
    assert not scales.keys() - {list(scales)[2]} & {claim.statement for claim in claims(leaky)}, "they differ in more"


def test_the_activation_is_compared_at_each_fraction() -> None:
    configs, found = of("fraction-medium")
    statement = "the logarithmic activation on counts against none on ln(1 + counts), with 5% of the training shots"
    ((first, second),) = found[statement].pairs
    assert configs[first].data.fraction == configs[second].data.fraction == 0.05
    assert [configs[i].network.log_activation for i in (first, second)] == [True, False]


def test_alpha_leakiness_and_fraction() -> None:
    configs, found = of("alpha")
    assert list(found) == ["the logarithmic activation against none", "another alpha than the paper's 0.2"]
    assert sides(configs, found["another alpha than the paper's 0.2"], "alpha")[1] == [0.2]
    configs, found = of("leakiness")
    assert sides(configs, found["a leaky ReLU against a plain one"], "leakiness")[1] == [0]
    configs, found = of("fraction-quick")
    whole = found["all training shots against 10% of them, at input scaling counts"]
    assert sides(configs, whole, "fraction") == ([1], [0.1])


def test_families_and_depths() -> None:
    configs, found = of("architecture-quick")
    assert list(found) == ["ResNet against VGG", "a deeper ResNet against 18 layers", "a deeper VGG against 11 layers"]
    assert sides(configs, found["a deeper ResNet against 18 layers"], "depth") == ([34, 50], [18])


def test_sides_are_equal_in_all_else_or_say_that_they_are_not() -> None:
    configs, found = of("quick")
    leaky = found["a leaky ReLU against a plain one"]
    assert sides(configs, leaky, "alpha") == ([0.2], [0.2])  # not the alpha of 0.5, which has no plain counterpart
    plain = found["the logarithmic activation against none"]
    assert sides(configs, plain, "leakiness") == ([0.2, 0.2, 0.2], [0.2, 0.2])
    space = [{"alpha": [0.5], "leakiness": [0.0]}, {"alpha": [0.2], "leakiness": [0.2]}]
    mixed = [cell.config for cell in cells(SweepConfig.model_validate({"space": space}))]
    assert [claim.statement for claim in claims(mixed)] == [
        "another alpha than the paper's 0.2 (several things differ)",
        "a leaky ReLU against a plain one (several things differ)",
    ]
    assert [claim.alike for claim in claims(mixed)] == [False, False]


def test_every_pair_is_equal_in_all_that_the_claim_is_not_about() -> None:
    configs, found = of("quick")
    plain = found["the logarithmic activation against none"]
    assert len(plain.pairs) == 3  # two alphas of the ResNet, one of the VGG
    for first, second in plain.pairs:
        assert configs[first].replace({"log_activation": False}).cell() == configs[second].cell()
    for claim in found.values():
        for first, second in claim.pairs:
            assert configs[first].data == configs[second].data
            assert configs[first].training == configs[second].training


def test_a_single_cell_claims_nothing() -> None:
    assert claims([TrialConfig()]) == []


def test_how_many_configurations_either_side_tried() -> None:
    _, found = of("quick")
    assert found["the logarithmic activation against none"].tried == (3, 2)
    assert found["a leaky ReLU against a plain one"].tried == (1, 1)  # the others have no counterpart
    assert not any(claim.chosen for claim in found.values())


def test_the_best_of_each_side() -> None:
    configs, _ = of("architecture-quick")
    (claim,) = best_of_each(configs)
    assert (claim.statement, claim.tried) == ("the best ResNet against the best VGG", (3, 2))
    (pair,) = claim.pairs
    assert [configs[i].network.arch for i in pair] == ["resnet", "vgg"]
    (other_way,) = best_of_each(configs[::-1])
    assert (other_way.statement, other_way.tried) == ("the best VGG against the best ResNet", (2, 3))
    configs, _ = of("alpha")
    (claim,) = best_of_each(configs[::-1])  # without the activation is best; it stands on the second side all the same
    assert claim.statement == "the best network with the logarithmic activation against the best without it"
    assert claim.tried == (6, 1)
    assert [configs[::-1][i].network.log_activation for i in claim.pairs[0]] == [True, False]


def test_two_chosen_cells_are_compared_once() -> None:
    networks = [{"arch": "resnet", "depth": 18}, {"arch": "vgg", "depth": 11, "log_activation": False}]
    both = [TrialConfig().replace(one) for one in networks]
    assert [claim.statement for claim in best_of_each(both)] == ["the best ResNet against the best VGG"]
    third = TrialConfig().replace({"arch": "vgg", "depth": 11})
    assert len(best_of_each([both[0], third, both[1]])) == 2
