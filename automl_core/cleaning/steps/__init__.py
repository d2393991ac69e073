"""What each step of a recipe is: its parameters, its words, and whether it is learned inside the folds."""

from automl_core.cleaning.steps.catalogue import OPERATIONS, columns_of, operation, place, value
from automl_core.cleaning.steps.checks import check_params, check_step, describe
from automl_core.cleaning.steps.model import Intent, Operation, Param, ParamKind

__all__ = [
    "OPERATIONS",
    "Intent",
    "Operation",
    "Param",
    "ParamKind",
    "check_params",
    "check_step",
    "columns_of",
    "describe",
    "operation",
    "place",
    "value",
]
