//! log p(θ | y) in the unconstrained parameters, up to a constant.

use gridgp_dist::Distribution;
use gridgp_grid::Result;
use gridgp_model::Model;
use gridgp_model::param::Parameter;
use gridgp_model::spec::Density;

use super::{LogDensity, Marginal, Plan};

/// The marginal likelihood times the priors, as a function of unconstrained x.
///
/// With [`Density::Natural`] it is the density of θ, written in x: what PyMC's `find_MAP`
/// maximizes. With [`Density::Unconstrained`] it is the density of x, with the Jacobian of the
/// transforms: what a sampler needs.
#[derive(Debug, Clone)]
pub struct LogPosterior {
    parameters: Vec<Parameter>,
    marginal: Marginal,
    density: Density,
    theta: Vec<f64>,
    theta_bar: Vec<f64>,
    standard_error: f64,
}

impl LogPosterior {
    /// The posterior of a model.
    ///
    /// # Errors
    /// As [`Marginal::new`].
    pub fn new(model: &Model, density: Density) -> Result<Self> {
        Ok(Self {
            parameters: model.parameters.clone(),
            marginal: Marginal::new(model)?,
            density,
            theta: Vec::new(),
            theta_bar: Vec::new(),
            standard_error: 0.0,
        })
    }

    /// How the marginal likelihood is computed.
    pub fn plan(&self) -> &Plan {
        self.marginal.plan()
    }

    /// The posterior given [`Marginal::completed`] at the unconstrained parameters `x`.
    ///
    /// # Errors
    /// As [`Marginal::completed`].
    pub fn completed(&self, x: &[f64]) -> Result<Option<Self>> {
        let pairs = self.parameters.iter().zip(x);
        let theta: Vec<f64> = pairs.map(|(p, &x)| p.transform.forward(x)).collect();
        let Some(marginal) = self.marginal.completed(&theta)? else { return Ok(None) };
        Ok(Some(Self {
            parameters: self.parameters.clone(),
            marginal,
            density: self.density,
            theta: Vec::new(),
            theta_bar: Vec::new(),
            standard_error: 0.0,
        }))
    }

    /// The marginal likelihood alone.
    pub fn marginal(&mut self) -> &mut Marginal {
        &mut self.marginal
    }
}

impl LogDensity for LogPosterior {
    fn dim(&self) -> usize {
        self.parameters.len()
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        assert_eq!((x.len(), gradient.len()), (self.dim(), self.dim()), "lengths must be dim()");
        let Self { parameters, marginal, density, theta, theta_bar, standard_error } = self;
        theta.clear();
        theta.extend(parameters.iter().zip(x).map(|(p, &x)| p.transform.forward(x)));
        theta_bar.clear();
        theta_bar.resize(x.len(), 0.0);
        // A factorization that fails is a place where the density cannot be known: outside.
        let Ok(value) = marginal.log_prob_vjp(theta, theta_bar) else {
            return f64::NEG_INFINITY;
        };
        *standard_error = value.standard_error;
        let mut total = value.log_prob;
        for (j, p) in parameters.iter().enumerate() {
            total += p.prior.log_prob(theta[j]);
            let bar = theta_bar[j] + p.prior.log_prob_derivative(theta[j]);
            gradient[j] = bar * p.transform.derivative(x[j]);
            if *density == Density::Unconstrained {
                total += p.transform.log_jacobian(x[j]);
                gradient[j] += p.transform.log_jacobian_derivative(x[j]);
            }
        }
        if total.is_nan() || gradient.iter().any(|g| !g.is_finite()) {
            return f64::NEG_INFINITY;
        }
        total
    }

    fn standard_error(&self) -> f64 {
        self.standard_error
    }
}
