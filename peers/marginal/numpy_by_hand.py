"""Log marginal likelihood with gradient as an expert would write it in NumPy on OpenBLAS.

y ~ N(0, amplitude^2 K_1 (x) K_2 (x) ... + noise^2 I), K_a = Q_a diag(l_a) Q_a'. With
T = (Q_1 (x) Q_2 ...)' y, D = amplitude^2 l_1 (x) l_2 ... + noise^2 and a = T / D,

    value = -(<T, a> + sum log D + N log 2 pi) / 2
    Kbar_a = amplitude^2 Q_a (B_a - diag w_a) Q_a' / 2
    B_a = a_(a) diag(l of the other axes) a_(a)',   w_a = (1 / D)_(a) (l of the other axes)

so the gradient needs the forward rotation only, and no derivative of an eigenvector.
"""

import measure  # first: sets the number of threads

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.lib.stride_tricks import as_strided
from threadpoolctl import ThreadpoolController

BLAS = ThreadpoolController().select(user_api="blas").lib_controllers
SMALL = 100  # below this, a second thread costs more than it gives


def blas_threads(count):
    for library in BLAS:
        library.set_num_threads(count)


# Kernels fill k and dk = dk / d log(lengthscale) from distances r, three arrays of one shape. They
# are called for a few rows at a time, so that their temporaries stay in cache.
BLOCK = 16384  # numbers in such a block


def matern52(r, lengthscale, k, dk):
    np.multiply(r, np.sqrt(5.0) / lengthscale, out=k)  # u
    e = np.exp(-k)
    np.multiply(k, k, out=dk)
    dk *= 1.0 / 3.0  # u^2/3
    k += 1.0  # 1 + u
    e_u = np.multiply(k, e)  # (1 + u) e^-u
    e *= dk
    np.add(e_u, e, out=k)
    dk *= e_u


def matern32(r, lengthscale, k, dk):
    np.multiply(r, np.sqrt(3.0) / lengthscale, out=k)
    e = np.exp(-k)
    np.multiply(k, k, out=dk)
    dk *= e
    k += 1.0
    k *= e


def squared_exponential(r, lengthscale, k, dk):
    np.multiply(r, 1.0 / lengthscale, out=dk)
    dk *= dk
    np.multiply(dk, -0.5, out=k)
    np.exp(k, out=k)
    dk *= k


def cosine(r, period, k, dk):
    u = r * (2.0 * np.pi / period)
    np.cos(u, out=k)
    np.sin(u, out=dk)
    dk *= u


KERNELS = {f.__name__: f for f in (matern52, matern32, squared_exponential, cosine)}


class Factor:
    """One axis: its distances, kernel, eigenvalues and eigenvectors, with all buffers."""

    def __init__(self, axis):
        n = axis.coordinates.size
        self.kernel = KERNELS[axis.kernel]
        self.k = np.empty((n, n))
        if axis.even:
            # Equal steps: n distances give the whole matrix, seen through strides.
            self.r = np.abs(axis.coordinates - axis.coordinates[0])
            self.lags = np.empty((2, 2 * n - 1))
            step = self.lags.itemsize
            toeplitz = [as_strided(row[n - 1 :], (n, n), (-step, step)) for row in self.lags]
            self.k_view, self.dk = toeplitz
        else:
            self.r = np.abs(axis.coordinates[:, None] - axis.coordinates)
            self.lags = None
            self.dk = np.empty((n, n))

    def evaluate(self, lengthscale):
        n = len(self.k)
        if self.lags is None:
            step = max(1, BLOCK // n)
            for start in range(0, n, step):
                rows = slice(start, start + step)
                self.kernel(self.r[rows], lengthscale, self.k[rows], self.dk[rows])
        else:
            k, dk = self.lags[:, n - 1 :]
            self.kernel(self.r, lengthscale, k, dk)
            self.lags[:, : n - 1] = self.lags[:, : n - 1 : -1]
            self.k[...] = self.k_view
        self.values, self.vectors = np.linalg.eigh(self.k)
        np.maximum(self.values, 0.0, out=self.values)

    def contract_dk(self, bar):
        """<bar, dK / d log lengthscale>."""
        if self.lags is None:
            return np.vdot(bar, self.dk)
        return np.einsum("ij,ij->", bar, self.dk)


class Marginal:
    def __init__(self, problem):
        self.y = problem.y
        self.shape = problem.y.shape
        self.factors = [Factor(axis) for axis in problem.axes]
        self.buffers = [np.empty(self.shape) for _ in range(3)]
        self.scratch = [np.empty((n, n)) for n in self.shape]
        # Two axes of about equal size: an axis to a thread, and BLAS on one thread in each. That is
        # 1.4 times faster here than one axis after the other on two threads of BLAS. (NumPy's eigh
        # releases the GIL, SciPy's does not.) Otherwise the threads are those of BLAS.
        smaller, larger = min(self.shape), max(self.shape)
        balanced = len(self.shape) == 2 and smaller > larger / 2
        self.threads = measure.THREADS if larger > SMALL else 1
        self.pool = ThreadPoolExecutor(self.threads) if balanced and self.threads > 1 else None
        blas_threads(1 if self.pool else self.threads)

    def map(self, function, *arguments):
        return list((self.pool.map if self.pool else map)(function, *arguments))

    def parts(self, count):
        """Slices of 0..count, one for each thread of the pool."""
        parts = self.threads if self.pool else 1
        return [slice(count * i // parts, count * (i + 1) // parts) for i in range(parts)]

    def broadcast(self, vector, axis):
        return vector.reshape((-1,) + (1,) * (len(self.shape) - 1 - axis))

    def rotate(self):
        """T = (Q_1 (x) Q_2 ...)' y, by ping-pong between two buffers; T and the other buffer."""
        source, last = self.y, len(self.factors) - 1
        for axis, factor in enumerate(self.factors):
            q, n, target = factor.vectors, self.shape[axis], self.buffers[axis % 2]
            if axis == last:
                x, out = source.reshape(-1, n), target.reshape(-1, n)
                self.map(lambda s: np.matmul(x[s], q, out=out[s]), self.parts(len(x)))
            elif axis == 0:
                x, out = source.reshape(n, -1), target.reshape(n, -1)
                self.map(lambda s: np.matmul(q.T, x[:, s], out=out[:, s]), self.parts(x.shape[1]))
            else:
                view = (int(np.prod(self.shape[:axis])), n, -1)
                np.matmul(q.T, source.reshape(view), out=target.reshape(view))
            source = target
        return source, self.buffers[1 - last % 2]

    def weigh(self, t, a, weights, amplitude, noise, rows):
        """Writes 1 / D and a = T / D; returns <T, a>, sum log D, <a, a>, sum 1 / D. In blocks that stay in cache."""
        sums = np.zeros(4)
        first, *others = [factor.values for factor in self.factors]
        step = max(1, BLOCK // (t.size // len(t)))
        for start in range(rows.start, rows.stop, step):
            block = slice(start, min(start + step, rows.stop))
            tb, ab, wb = t[block], a[block], weights[block]
            wb[...] = others[-1]
            for axis, values in enumerate(others[:-1], 1):
                wb *= self.broadcast(values, axis)
            wb *= self.broadcast(amplitude**2 * first[block], 0)
            wb += noise**2
            np.log(wb, out=ab)
            log_det = ab.sum()
            np.reciprocal(wb, out=wb)
            np.multiply(tb, wb, out=ab)
            sums += np.vdot(tb, ab), log_det, np.vdot(ab, ab), wb.sum()
        return sums

    def weights_of(self, axis, w):
        """1 / D contracted with the eigenvalues of the other axes."""
        for other in reversed(range(len(self.shape))):
            if other != axis:
                w = np.tensordot(w, self.factors[other].values, axes=(other, 0))
        return w

    def slope(self, axis, a, w, weighted):
        """<B - diag w, Q' (dK / d log lengthscale) Q>; overwrites `weighted`, of the size of the data."""
        factor, n, bar = self.factors[axis], self.shape[axis], self.scratch[axis]
        # B = C C' with C = a_(a) diag(sqrt l of the others): half the work of a general product.
        source = a
        for other, factor_b in enumerate(self.factors):
            if other != axis:
                np.multiply(source, self.broadcast(np.sqrt(factor_b.values), other), out=weighted)
                source = weighted
        if axis == 0:
            c = weighted.reshape(n, -1)
        elif axis == len(self.shape) - 1:
            c = weighted.reshape(-1, n).T
        else:
            c = np.moveaxis(weighted, axis, 0).reshape(n, -1)
        q, other = factor.vectors, factor.k  # K itself is not needed any more
        if c.shape[1] <= 1.5 * n:
            # Q (B - diag w) Q' = (Q C) (Q C)' - (Q sqrt w) (Q sqrt w)', both by halves (syrk).
            rotated = np.matmul(q, c)
            np.matmul(rotated, rotated.T, out=bar)
            np.multiply(q, np.sqrt(w), out=other)
            bar -= np.matmul(other, other.T)
        else:
            np.matmul(c, c.T, out=bar)
            bar.flat[:: n + 1] -= w
            np.matmul(q, bar, out=other)
            np.matmul(other, q.T, out=bar)
        return factor.contract_dk(bar)

    def __call__(self, log_parameters):
        *lengthscales, amplitude, noise = np.exp(log_parameters).tolist()
        axes, d, n = range(len(self.shape)), len(self.shape), self.y.size
        self.map(Factor.evaluate, self.factors, lengthscales)
        t, a = self.rotate()
        weights = self.buffers[2]
        rows = self.parts(len(t))
        sums = self.map(lambda s: self.weigh(t, a, weights, amplitude, noise, s), rows)
        quadratic, log_det, square, inverse = sum(sums)
        value = -0.5 * (quadratic + log_det + n * np.log(2.0 * np.pi))

        w = self.map(lambda axis: self.weights_of(axis, weights), axes)
        # From here on t and 1 / D are not needed: their memory holds C, for the even and odd axes.
        slopes = self.map(lambda axis: self.slope(axis, a, w[axis], (t, weights)[axis % 2]), axes)
        gradient = np.empty(d + 2)
        gradient[:d] = 0.5 * amplitude**2 * np.array(slopes)
        gradient[d] = quadratic - n + noise**2 * (inverse - square)
        gradient[d + 1] = noise**2 * (square - inverse)
        return value, gradient


if __name__ == "__main__":
    measure.marginal("numpy_by_hand", Marginal)
