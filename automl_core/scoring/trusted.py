"""The types a model file may hold. skops creates nothing else; what is not here is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automl_core.errors import FormatError

OWN = (
    # Our learned steps: attributes are set, nothing runs until rows are transformed.
    "automl_core.cleaning.choosing.Collinear",
    "automl_core.cleaning.choosing.KeepBest",
    "automl_core.cleaning.choosing.LowVariance",
    "automl_core.cleaning.preparation.Preparation",
    "automl_core.cleaning.shaping.BoxCox",
    "automl_core.cleaning.shaping.Components",
    "automl_core.cleaning.shaping.HashedWords",
    "automl_core.cleaning.shaping.LeaveSparseOut",
    "automl_core.cleaning.shaping.OddRows",
    "automl_core.cleaning.shaping.Products",
    "automl_core.cleaning.shaping.Ratios",
    "automl_core.cleaning.shaping.YeoJohnson",
    "automl_core.cleaning.transformers.ClipOutliers",
    "automl_core.cleaning.transformers.FrequencyEncoder",
    "automl_core.cleaning.transformers.GroupRare",
    "automl_core.cleaning.transformers.TextFeatures",
    "automl_core.cleaning.transformers.level_name",
    # A support vector regression that keeps two numbers more.
    "automl_core.scoring.targets.ScaledSVR",
    # Trees as arrays; which class they become is looked up in a list.
    "automl_core.scoring.trees.PackedTrees",
)
BOOSTERS = (
    # Each rebuilds its trees from the library's own stored form, which holds numbers and names only.
    "catboost.core.CatBoostClassifier",
    "catboost.core.CatBoostRegressor",
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
ADDITIVE = (
    # Explainable boosting: cuts, names and scores as plain attributes; prediction looks them up.
    "interpret.glassbox._ebm._ebm.ExplainableBoostingClassifier",
    "interpret.glassbox._ebm._ebm.ExplainableBoostingRegressor",
)
LIBRARIES = (
    "numpy.dtype",
    "scipy.sparse._csr.csr_matrix",
    # Kernels, optimisers and imputers are plain attributes.
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    # Arrays of numbers that compiled code follows: a file made to harm can crash the process with them, and no more.
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
)
TRUSTED: tuple[str, ...] = (*OWN, *BOOSTERS, *ADDITIVE, *LIBRARIES)
"""Besides what skops itself knows to be harmless. Each was read: none runs code of the file's choosing when created.

Only what a model of the catalogue or a step of a recipe needs is here; a test says so."""


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
        When it is no skops file, would unpack to too much, or holds a type that is not in `TRUSTED`; nothing of it was
        created then.
    """
    import io
    import zipfile

    import skops.io

    from automl_core.errors import FormatError
    from automl_core.scoring.archive import check_members
    from automl_core.scoring.trees import unpack_trees

    try:
        # A skops file is a zip inside the model's zip, and may be a bomb of its own.
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_members(archive, what)
    except FormatError:
        raise
    except Exception as error:  # of damaged files zipfile raises whatever occurs to it
        raise _unreadable(what, error) from error
    try:
        # It looks through all types before it creates anything.
        return unpack_trees(skops.io.loads(data, trusted=list(TRUSTED)))
    except MemoryError:  # says nothing about the file
        raise
    except Exception as error:  # the types it makes are of many libraries, each with errors of its own
        raise _refused(data, what, error) from error


def _unreadable(what: str, error: Exception) -> FormatError:
    from automl_core.errors import FormatError

    return FormatError(f"{what} is no readable model: {error}.", action="Export the model again.")


def _refused(data: bytes, what: str, error: Exception) -> FormatError:
    """Return why an object was not rebuilt; only now its types are looked through a second time."""
    import skops.io

    from automl_core.errors import FormatError

    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
    except Exception as damage:  # of damaged files json and skops raise whatever occurs to them
        raise _unreadable(what, damage) from damage
    if unknown:
        return FormatError(
            f"{what} holds {', '.join(unknown[:5])}, which is not among the types this version trusts.",
            "A model exported by Tablewright holds none of these.",
            "Do not use this file unless you know who made it and how.",
        )
    if isinstance(error, ModuleNotFoundError):
        return FormatError(
            f"{what} needs the package {str(error.name).split('.')[0]!r}, which is not installed here.",
            action="Install the exact versions with: pip install -r requirements.txt",
        )
    return FormatError(
        f"{what} cannot be rebuilt: {error}.", action="Install the versions in its requirements.txt, or export it again."
    )
