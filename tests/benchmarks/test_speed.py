"""When two sides count as having scored the same."""

import speed


def scores(**changed: float) -> dict[str, dict[str, float]]:
    same = dict.fromkeys(speed.METRICS.values(), 0.5)
    return {model: {**same, "accuracy": changed.get(model, 0.5)} for model in speed.MODELS}


def test_fifteen_models_are_compared_on_every_metric():
    assert len(speed.MODELS) == 15
    assert set(speed.differences(scores(), scores()).values()) == {0.0}
    apart = speed.differences(scores(), scores(rf=0.51))
    assert apart["rf"] > speed.SAME and apart["et"] == 0.0


def test_the_order_of_probabilities_that_tie_is_not_compared():
    theirs = scores()
    theirs["qda"]["roc_auc"] = theirs["lr"]["roc_auc"] = 0.6
    apart = speed.differences(scores(), theirs)
    assert apart["qda"] == 0.0 and apart["lr"] > speed.SAME


def test_a_model_that_was_not_scored_is_not_the_same():
    theirs = scores()
    del theirs["knn"]
    assert speed.differences(scores(), theirs)["knn"] == float("inf")


def test_every_model_is_one_of_the_catalogue():
    from automl_core.search.candidates import catalogue

    assert set(speed.MODELS) <= set(catalogue("binary"))
