"""The types a model file may hold. skops creates nothing else; what is not here is refused."""

from __future__ import annotations

OWN = (
    "automl_core.cleaning.transformers.ClipOutliers",
    "automl_core.cleaning.transformers.FrequencyEncoder",
    "automl_core.cleaning.transformers.GroupRare",
    "automl_core.cleaning.transformers.TextFeatures",
    "automl_core.cleaning.transformers.level_name",
)
BOOSTERS = (
    "catboost.core.CatBoostClassifier",
    "catboost.core.CatBoostRegressor",
    "collections.OrderedDict",
    "collections.defaultdict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
LIBRARIES = (
    "numpy.dtype",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)
TRUSTED: tuple[str, ...] = (*OWN, *BOOSTERS, *LIBRARIES)
"""Besides what skops itself knows to be harmless. Each was read: none runs code of the file's choosing when created."""


def load_trusted(data: bytes, what: str) -> object:
    """Rebuild an object from skops' bytes.

    Parameters
    ----------
    data : bytes
    what : str
        Name of the file, for the message.

    Raises
    ------
    FormatError
        When it is no skops file, or holds a type that is not in `TRUSTED`; nothing of it was created then.
    """
    import zipfile

    import skops.io

    from automl_core.errors import FormatError

    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise FormatError(f"{what} is no readable model: {error}.", action="Export the model again.") from error
    if unknown:
        raise FormatError(
            f"{what} holds {', '.join(unknown[:5])}, which is not among the types this version trusts.",
            "A model exported by Tablewright holds none of these.",
            "Do not use this file unless you know who made it and how.",
        )
    try:
        return skops.io.loads(data, trusted=list(TRUSTED))
    except ModuleNotFoundError as error:
        raise FormatError(
            f"{what} needs the package {error.name!r}, which is not installed here.",
            action="Install the exact versions with: pip install -r requirements.txt",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, ImportError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{what} cannot be rebuilt: {error}.", action="Install the versions in its requirements.txt, or export it again."
        ) from error
