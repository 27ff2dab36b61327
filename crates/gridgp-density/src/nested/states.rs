//! The latent unknowns of all fields behind one interface: their prior, and what the data add to it.

use faer::MatMut;
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::Algebra;
use gridgp_sparse::Stencil;

use super::dense::DenseStates;
use crate::marginal::SparseStates;

/// Unknowns x, normal a priori, of which the values of the fields are linear functions.
#[derive(Debug, Clone)]
pub(super) enum States {
    Dense(Box<DenseStates>),
    Sparse(Box<SparseStates>),
}

/// What is known of the posterior covariance of the unknowns.
pub(super) enum Covariance {
    Dense,
    /// The blocks of neighbours.
    Sparse(Stencil),
}

impl States {
    /// Those of a model by an algebra; `positions[f]` are the values of field f that the observations see.
    pub(super) fn new(model: &Model, algebra: Algebra, positions: &[Vec<u32>]) -> Result<Self> {
        match algebra {
            Algebra::Sparse => {
                let first = positions.first().cloned().unwrap_or_default();
                let states = SparseStates::new(model, first);
                states.map(|s| Self::Sparse(Box::new(s))).map_err(Error::Spec)
            }
            _ => Ok(Self::Dense(Box::new(DenseStates::new(model, positions.to_vec())?))),
        }
    }

    /// Number of unknowns.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Dense(s) => s.len(),
            Self::Sparse(s) => s.len(),
        }
    }

    /// Moves to other parameters.
    pub(super) fn update(&mut self, theta: &[f64]) -> Result<()> {
        match self {
            Self::Dense(s) => s.update(theta),
            Self::Sparse(s) => s.update(theta),
        }
    }

    /// The values of each field.
    pub(super) fn values(&self, x: &[f64], values: &mut [Vec<f64>]) {
        match self {
            Self::Dense(s) => s.values(x, values),
            Self::Sparse(s) => s.values(x, values),
        }
    }

    /// The adjoint of x, from those of the values.
    pub(super) fn pull_back(&self, bars: &[Vec<f64>], out: &mut [f64]) {
        match self {
            Self::Dense(s) => s.pull_back(bars, out),
            Self::Sparse(s) => s.pull_back(bars, out),
        }
    }

    /// log p(x) without its constant; its derivative is added to `gradient`.
    pub(super) fn prior(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        match self {
            Self::Dense(_) => {
                gradient.iter_mut().zip(x).for_each(|(g, x)| *g -= x);
                -0.5 * x.iter().map(|x| x * x).sum::<f64>()
            }
            Self::Sparse(s) => s.prior(x, gradient),
        }
    }

    /// Factorizes P, the precision of x given data of this information about the values of the fields:
    /// fields × fields numbers an observation.
    pub(super) fn factorize(&mut self, information: &[f64]) -> Result<()> {
        match self {
            Self::Dense(s) => s.factorize(information),
            Self::Sparse(s) => s.factorize(information),
        }
    }

    /// Replaces x by P⁻¹x.
    pub(super) fn solve(&self, x: &mut [f64]) {
        match self {
            Self::Dense(s) => s.solve(x),
            Self::Sparse(s) => s.solve(x),
        }
    }

    /// Replaces standard normal numbers, a column a draw, by draws of covariance P⁻¹.
    pub(super) fn draw(&self, x: MatMut<'_, f64>) {
        match self {
            Self::Dense(s) => s.draw(x),
            Self::Sparse(s) => s.draw(x),
        }
    }

    /// ½ log|Q| − ½ log|P| with the prior precision Q.
    pub(super) fn half_log_det(&self) -> f64 {
        match self {
            Self::Dense(s) => s.half_log_det(),
            Self::Sparse(s) => s.half_log_det(),
        }
    }

    /// The covariance of the values that each observation sees, fields × fields numbers an observation.
    pub(super) fn covariances(&mut self) -> (Vec<f64>, Covariance) {
        match self {
            Self::Dense(s) => (s.covariances(), Covariance::Dense),
            Self::Sparse(s) => {
                let inverse = s.inverse();
                (s.covariances(&inverse), Covariance::Sparse(inverse))
            }
        }
    }

    /// Adds the derivatives with respect to θ of the unknowns' part: with the mode x, the solution q, the
    /// adjoints b and u of the values at x and at q, and what [`covariances`](Self::covariances) gave.
    #[expect(clippy::too_many_arguments, reason = "one pullback of all that was made of θ")]
    pub(super) fn vjp(
        &mut self,
        theta: &[f64],
        at: (&[f64], &[f64]),
        values: (&[Vec<f64>], &[Vec<f64>]),
        bars: (&[Vec<f64>], &[Vec<f64>]),
        information: &[f64],
        found: (Vec<f64>, Covariance),
        theta_bar: &mut [f64],
    ) -> Result<()> {
        match (self, found) {
            (Self::Sparse(s), (known, Covariance::Sparse(inverse))) => {
                // a ∂/∂a of each field's a: values are a x.
                let count = bars.0.len();
                let mut scale_bars: Vec<f64> = (0..count)
                    .map(|f| {
                        let dot = |a: &[f64], b: &[f64]| -> f64 {
                            a.iter().zip(b).map(|(a, b)| a * b).sum()
                        };
                        dot(&bars.0[f], &values.0[f]) + dot(&bars.1[f], &values.1[f])
                    })
                    .collect();
                let blocks = information.chunks_exact(count * count);
                for (v, k) in blocks.zip(known.chunks_exact(count * count)) {
                    for (f, bar) in scale_bars.iter_mut().enumerate() {
                        *bar -=
                            (0..count).map(|g| v[f * count + g] * k[g * count + f]).sum::<f64>();
                    }
                }
                s.vjp(theta, at, &scale_bars, inverse, theta_bar)
            }
            (Self::Dense(s), _) => {
                s.vjp(theta, at, bars, information, theta_bar);
                Ok(())
            }
            (Self::Sparse(_), _) => unreachable!("its covariances are those of neighbours"),
        }
    }
}
