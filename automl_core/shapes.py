"""What plain data from elsewhere must look like before anything is made of it: types all the way down."""

from __future__ import annotations

import math
from typing import Any

Shape = Any
"""``str``, ``bool``, ``int``, ``float`` (any finite number), ``None`` or ``object`` (anything); ``[shape]`` for a list of such;
``{name: shape}`` for an object with these names, of which those that end in ``?`` may be absent and ``*`` stands for every name;
a tuple for one of several shapes."""


def check_shape(data: Any, shape: Shape, where: str = "it") -> None:
    """Check plain JSON types.

    Parameters
    ----------
    data : object
    shape : Shape
    where : str
        What the message calls the data.

    Raises
    ------
    KeyError
        For a name that an object lacks.
    TypeError
        For a value of another type, with the place where it stands.
    """
    if isinstance(shape, list):
        _demand(isinstance(data, list), data, where, "a list")
        if shape[0] is str and all(type(entry) is str for entry in data):
            return  # a wide table's columns hold a hundred thousand words
        for place, entry in enumerate(data):
            check_shape(entry, shape[0], f"{where}[{place}]")
    elif isinstance(shape, dict):
        _demand(isinstance(data, dict), data, where, "an object")
        for name, inner in shape.items():
            if name == "*":
                for key, entry in data.items():
                    check_shape(entry, inner, f"{where}.{key}")
            elif name.removesuffix("?") in data:
                check_shape(data[name.removesuffix("?")], inner, f"{where}.{name.removesuffix('?')}")
            elif not name.endswith("?"):
                raise KeyError(name)
    elif isinstance(shape, tuple):
        _demand(any(_fits(data, one) for one in shape), data, where, "something else")
    elif shape is float:
        _demand(_is_number(data), data, where, "a finite number")
    elif shape is int:
        _demand(isinstance(data, int) and not isinstance(data, bool), data, where, "a whole number")
    elif shape is None:
        _demand(data is None, data, where, "nothing")
    elif shape is not object:
        _demand(isinstance(data, shape), data, where, "a text" if shape is str else "yes or no")


def _fits(data: Any, shape: Shape) -> bool:
    try:
        check_shape(data, shape)
    except (KeyError, TypeError):
        return False
    return True


def _is_number(data: Any) -> bool:
    try:
        return isinstance(data, int | float) and not isinstance(data, bool) and math.isfinite(data)
    except OverflowError:  # whole numbers in JSON have no limit
        return False


def _demand(met: bool, data: Any, where: str, needed: str) -> None:
    if not met:
        raise TypeError(f"{where} is {str(data)[:60]!r}, and should be {needed}")
