"""Structured matrices: products, solves, determinants, eigenvalues and draws without the matrix.

    >>> import numpy as np
    >>> from gridgp.operators import Kronecker
    >>> a = Kronecker([[[2.0, 1.0], [1.0, 2.0]], np.diag([1.0, 2.0, 3.0])])
    >>> a.shape
    (6, 6)
    >>> x = a.solve(np.ones(6))
    >>> np.abs(a @ x - 1.0).max() < 1e-15
    np.True_
    >>> round(a.log_det(), 6)
    6.879356

Tensors are row-major: the last factor's index runs fastest. A right-hand side is a vector of n
numbers, or an n × k array of k columns. What has no exact structured route is an error that says
what to use instead; nothing is made dense or approximated silently.

A factorization is made at the first solve or determinant, and kept.
"""

from gridgp.operators._operator import (
    Eigen,
    LogDetEstimate,
    MatrixLike,
    Operator,
    Solution,
)
from gridgp.operators._structures import (
    BlockDiagonal,
    Circulant,
    Dense,
    Diagonal,
    Identity,
    Kronecker,
    KroneckerIdentity,
    KroneckerSum,
    LowRank,
    LowRankUpdate,
    Masked,
    SumKronecker,
    Toeplitz,
    Triangular,
)

__all__ = [
    "BlockDiagonal",
    "Circulant",
    "Dense",
    "Diagonal",
    "Eigen",
    "Identity",
    "Kronecker",
    "KroneckerIdentity",
    "KroneckerSum",
    "LogDetEstimate",
    "LowRank",
    "LowRankUpdate",
    "Masked",
    "MatrixLike",
    "Operator",
    "Solution",
    "SumKronecker",
    "Toeplitz",
    "Triangular",
]
