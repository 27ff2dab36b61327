"""The operators in JAX (jit, 64 bit): Cholesky factors, simultaneous diagonalization, FFT."""

import measure  # first: sets the number of threads

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve, solve_triangular

from operators.problem import measured

jax.config.update("jax_enable_x64", True)


def kronecker_solve(matrices, v):
    a, b = matrices
    x = cho_solve(cho_factor(a, lower=True), v.reshape(len(a), len(b)))
    return cho_solve(cho_factor(b, lower=True), x.T).T.ravel()


def kronecker_log_det(matrices, v):
    a, b = (2.0 * jnp.log(jnp.linalg.cholesky(m).diagonal()).sum() for m in matrices)
    return len(matrices[1]) * a + len(matrices[0]) * b


def kronecker_matvec(matrices, v):
    a, b = matrices
    return (a @ v.reshape(len(a), len(b)) @ b.T).ravel()


def sum_solve(matrices, v):
    """Whitens by the second term, diagonalizes the first, per factor."""
    pencils = [_diagonalize(one, two) for one, two in zip(matrices[:2], matrices[2:])]
    (la, wa), (lb, wb) = pencils
    x = wa.T @ v.reshape(len(la), len(lb)) @ wb
    return (wa @ (x / (1.0 + jnp.multiply.outer(la, lb))) @ wb.T).ravel()


def _diagonalize(one, two):
    """W with W' two W = I and W' one W = diag(l)."""
    root = jnp.linalg.cholesky(two)
    whitened = solve_triangular(root, solve_triangular(root, one, lower=True).T, lower=True)
    values, vectors = jnp.linalg.eigh(whitened)
    return values, solve_triangular(root, vectors, lower=True, trans=1)


def toeplitz_matvec(matrices, v):
    (column,) = matrices
    n = column.size
    length = 1 << (2 * n - 1).bit_length()  # a power of two, for the FFT
    circulant = jnp.zeros(length).at[:n].set(column).at[length - n + 1 :].set(column[:0:-1])
    return jnp.fft.irfft(jnp.fft.rfft(circulant) * jnp.fft.rfft(v, length), length)[:n]


OPERATIONS = {
    f.__name__: jax.jit(f)
    for f in (kronecker_solve, kronecker_log_det, kronecker_matvec, sum_solve, toeplitz_matvec)
}


def run(operation, matrices, v):
    return jax.block_until_ready(OPERATIONS[operation](matrices, v))


if __name__ == "__main__":
    measured("jax_operators", run)
