"""Operations of your own."""
from __future__ import annotations

import inspect
from typing import Any, Callable, Optional, Sequence, Tuple

from ._dlc import CustomOp, Error, Expr

#: Element type and shape of a tensor.
Spec = Tuple[str, Tuple[int, ...]]


def _count(body: Callable[..., Expr]) -> int:
    """How many operands a function takes."""
    parameters = inspect.signature(body).parameters.values()
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise Error("%s: the body of an operation takes its operands one by one" % body.__name__)
    return len(parameters)


def elementwise(body: Callable[..., Expr]) -> CustomOp:
    """Makes an operation of a function from one element of each operand to one
    element of the result:

        @dlc.elementwise
        def mish(x):
            return x * dlc.tanh(dlc.log(1 + dlc.exp(x)))

        y = mish(tensor)

    Operands broadcast and have one element type: a float, or int8 to int64.
    Raises dlc.Error where it is called with what does not fit.
    """
    return CustomOp._elementwise(body.__name__, body, _count(body))


def reduction(kind: str, axes: Sequence[int], *, finish: Optional[Callable[[Expr], Expr]] = None,
              keepdims: bool = False) -> Callable[[Callable[..., Expr]], CustomOp]:
    """Makes an operation that reduces ("sum", "mean", "max", "min" or "prod") what a
    function says of the elements, over `axes`; `finish` is applied to each result:

        @dlc.reduction("sum", axes=[-1], finish=dlc.sqrt, keepdims=True)
        def norm(x):
            return x * x
    """
    return lambda body: CustomOp._reduction(body.__name__, kind, list(axes), body, _count(body),
                                            finish, keepdims)


def mlir(name: str, text: str, shapes: Callable[..., Sequence[Spec]]) -> CustomOp:
    """Makes an operation of a function in MLIR's syntax: one func.func over the
    dialects linalg, tensor, arith and math, in which !x0, !x1, … are the types of
    the operands and !r0, … those of the results. `shapes` takes (dtype, shape) of
    each operand and returns a list of those of the results.
    """
    return CustomOp._mlir(name, text, shapes)
