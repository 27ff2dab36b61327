"""The operators in GPyTorch's linear_operator.

By default with exact algebra: `max_cholesky_size` is the size of a factor, so that factors are
factored and their product is not (raised further, a sum of products becomes a dense matrix).
With `PEER_DEFAULTS=1`, as a user meets it: a factor of more than 800 rows goes over to conjugate
gradients and Lanczos.
"""

import measure  # first: sets the number of threads

import os
from contextlib import nullcontext

import torch
from linear_operator import settings
from linear_operator.operators import (
    DenseLinearOperator,
    KroneckerProductLinearOperator,
    SumKroneckerLinearOperator,
    ToeplitzLinearOperator,
)

from operators.problem import measured

torch.set_num_threads(measure.THREADS)
DEFAULTS = bool(os.environ.get("PEER_DEFAULTS"))


def kronecker(matrices):
    return KroneckerProductLinearOperator(*(DenseLinearOperator(torch.from_numpy(m)) for m in matrices))


def apply(operation, matrices, v):
    v = torch.from_numpy(v)
    if operation == "kronecker_solve":
        return kronecker(matrices).solve(v)
    if operation == "kronecker_log_det":
        return kronecker(matrices).logdet()
    if operation == "kronecker_matvec":
        return kronecker(matrices) @ v
    if operation == "sum_solve":
        return SumKroneckerLinearOperator(kronecker(matrices[:2]), kronecker(matrices[2:])).solve(v)
    if operation == "toeplitz_matvec":
        return ToeplitzLinearOperator(torch.from_numpy(matrices[0])) @ v
    raise ValueError(f"unknown operation {operation!r}")


def run(operation, matrices, v):
    exact = nullcontext() if DEFAULTS else settings.max_cholesky_size(len(matrices[0]))
    with torch.no_grad(), exact:
        return apply(operation, matrices, v).numpy()


if __name__ == "__main__":
    measured("linear_operator_defaults" if DEFAULTS else "linear_operator", run)
