//! The nested Laplace approximation: fields of any likelihood integrated out, parameters left.
//!
//! Given θ the unknowns x of the fields have a normal prior of precision Q and the predictors are linear in
//! them, η = … + B x. At the mode x̂ of p(y, x | θ), with W = −∂²log p(y | η)/∂η∂ηᵀ there,
//!
//! ```text
//! log p̂(y | θ) = log p(y | x̂) − ½ x̂ᵀQx̂ + ½ log|Q| − ½ log|P|,   P = Q + BᵀWB
//! ```
//!
//! exact where the likelihood is Gaussian. W is the observed information, also where it is indefinite: at
//! a mode P is positive definite all the same, and the value has no jumps. On the way to the mode, where P
//! may be indefinite, observations that are not concave have the likelihood's curvature in its place,
//! less of it in the tails of outliers.
//!
//! The gradient is exact, the path of x̂ included. With g = ∂log p/∂η, S the posterior covariance of η,
//! v_c = ½ Σ_ab S_ab ∂³log p/∂η_a∂η_b∂η_c and q = P⁻¹Bᵀv it is
//!
//! ```text
//! (g + v − W B q)ᵀ dη|ₓ + Σ (g qᵀ − W B P⁻¹) ∘ dB − ½ tr((P⁻¹ + x̂x̂ᵀ + x̂qᵀ + qx̂ᵀ) dQ) + ½ d log|Q|
//! ```
//!
//! # Source
//! Rue, Martino and Chopin (2009), Journal of the Royal Statistical Society B 71, 319–392, section 3; the
//! gradient as in Rasmussen and Williams (2006), section 5.5.1, and Kristensen and others (2016), Journal
//! of Statistical Software 70 (5), equation 6.

mod cells;
mod dense;
mod matching;
#[cfg(test)]
mod matching_tests;
mod mode;
mod plan;
mod possible;
mod posterior;
mod sites;
mod square;
mod states;
#[cfg(test)]
mod tests;

use faer::Mat;
use gridgp_grid::{Error, Result};
use gridgp_likelihood::MAX_PARAMETERS;
use gridgp_model::Model;
use rayon::prelude::*;

use crate::joint::Observed;
use crate::observed_equation::field_index;
use cells::{AtCell, Slopes, Which, about_fields};
pub use matching::Correction;
pub use plan::NestedPlan;
pub use posterior::NestedPosterior;
use sites::Sites;
use states::States;

/// log p̂(y | θ) of a model, its fields integrated out by Laplace's method.
///
/// ```
/// use gridgp_density::NestedLaplace;
/// use gridgp_grid::{Axis, Dataset, Grid, Variable};
/// use gridgp_model::{Model, spec::{ModelSpec, Source}};
///
/// let x = Axis::numbers("x", vec![0.0, 1.0, 2.5])?;
/// let data = Dataset::new(Grid::new(vec![x])?, Variable::new("y", vec![1.0, 0.0, 3.0]), vec![])?;
/// let source = Source::new(
///     "m.toml",
///     "[data]\nresponse = 'y'\naxes = ['x']\n[fields.f]\nx = 'matern12()'\n\
///      [likelihood]\nfamily = 'poisson'\nrate = 'exp(f)'\n",
/// );
/// let model = Model::new(ModelSpec::from_toml(&source)?, &source, data)?;
/// let mut nested = NestedLaplace::new(&model)?;
/// assert!(nested.log_prob(&[0.5, 1.0])? < 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct NestedLaplace {
    observed: Observed,
    states: States,
    plan: NestedPlan,
    /// For each field, which of its values each observation sees.
    positions: Vec<Vec<u32>>,
    slopes: Slopes,
    /// The mode at the last θ, where the next search begins.
    x: Vec<f64>,
    /// The values of each field at x.
    values: Vec<Vec<f64>>,
    /// What each observation says of the fields, and the derivatives with respect to them.
    information: Vec<f64>,
    gradient: Vec<f64>,
    newton: usize,
    /// What each observation is replaced by where moments are matched, and rounds of that.
    sites: Option<Sites>,
    rounds: usize,
    /// The squared step of the last round.
    steady: f64,
    /// How near a mode the last step of a search begins.
    close: f64,
}

impl NestedLaplace {
    /// That of a model, by the algebra of its `[inference]` or the one that suits it.
    ///
    /// # Errors
    /// [`Error::Spec`] where there is no field, or the algebra that is asked for does not take the model;
    /// [`Error::Singular`] where a kernel without free parameters has no factor.
    pub fn new(model: &Model) -> Result<Self> {
        let plan = NestedPlan::new(model)?;
        let axes = |f: &gridgp_model::Field| -> Vec<usize> {
            (0..f.axes.len()).filter(|&a| f.varies_along(a)).collect()
        };
        let along: Vec<Vec<usize>> = model.fields.iter().map(axes).collect();
        let observed = Observed::new(model, &along);
        let positions: Vec<Vec<u32>> =
            along.iter().map(|axes| field_index(axes, &model.data.grid, &observed.cells)).collect();
        let states = States::new(model, plan.algebra, &positions)?;
        Ok(Self {
            x: vec![0.0; states.len()],
            values: observed.field_bars.clone(),
            slopes: Slopes::default(),
            information: Vec::new(),
            gradient: Vec::new(),
            newton: 0,
            sites: None,
            rounds: 0,
            steady: matching::SMALL,
            close: mode::CLOSE,
            observed,
            states,
            plan,
            positions,
        })
    }

    /// Ends searches of modes by the step from within `distance` of them, in posterior standard deviations of
    /// all unknowns together, in place of 10⁻⁵: a step leaves the square of that. For draws, and values that
    /// are not differentiated.
    ///
    /// # Panics
    /// Unless 0 < `distance` < 1.
    pub fn search_within(&mut self, distance: f64) {
        assert!(
            0.0 < distance && distance < 1.0,
            "a distance within which Newton's method is quadratic"
        );
        self.close = distance;
    }

    /// Gives the memory of the last evaluation back, but for the mode, where the next search begins: what
    /// is cloned from then on is small.
    pub fn forget(&mut self) {
        if let States::Sparse(states) = &mut self.states {
            states.forget();
        }
        self.slopes = Slopes::default();
        (self.information, self.gradient) = (Vec::new(), Vec::new());
    }

    /// How it is computed.
    pub fn plan(&self) -> &NestedPlan {
        &self.plan
    }

    /// Newton iterations so far, of all evaluations.
    pub fn newton_iterations(&self) -> usize {
        self.newton
    }

    /// The values of each field at the mode of the last θ, each on its own axes, row-major.
    pub fn modes(&self) -> &[Vec<f64>] {
        &self.values
    }

    /// The posterior standard deviations given the last θ of the field values that the observations see:
    /// observations × fields.
    pub fn standard_deviations(&mut self) -> Vec<f64> {
        let count = self.values.len();
        let (known, _) = self.states.covariances();
        let own = known.chunks_exact((count * count).max(1));
        own.flat_map(|k| (0..count).map(|f| k[f * count + f].sqrt())).collect()
    }

    /// log p̂(y | θ).
    ///
    /// # Errors
    /// [`Error::Singular`] where a covariance has no factor or no mode is found.
    pub fn log_prob(&mut self, theta: &[f64]) -> Result<f64> {
        let at_mode = self.find_mode(theta)?;
        Ok(at_mode + self.states.half_log_det())
    }

    /// log p̂(y | θ); the derivatives with respect to θ are added to `theta_bar`.
    ///
    /// # Errors
    /// As [`log_prob`](Self::log_prob).
    pub fn log_prob_vjp(&mut self, theta: &[f64], theta_bar: &mut [f64]) -> Result<f64> {
        let value = self.log_prob(theta)?;
        self.vjp(theta, theta_bar)?;
        Ok(value)
    }

    /// Draws of the values of the fields given the last θ: of each draw its fields after each other, a kernel
    /// over two axes together with its margins along those. For the dense algebra draws of their whitened unknowns, those of [`Joint`](crate::Joint). `noise` has a
    /// column of standard normal numbers a draw, and is overwritten.
    pub fn draws(&mut self, mut noise: Mat<f64>) -> Vec<Vec<f64>> {
        self.states.draw(noise.as_mut());
        let mut draws = Vec::with_capacity(noise.ncols());
        for k in 0..noise.ncols() {
            let draw = noise.col_as_slice_mut(k);
            draw.iter_mut().zip(&self.x).for_each(|(d, x)| *d += x);
            draws.push(match &self.states {
                States::Dense(_) => draw.to_vec(),
                States::Sparse(states) => states.whole_values(draw).concat(),
            });
        }
        draws
    }

    /// How many values of each field [`draws`](Self::draws) have, where they are not of unknowns.
    pub(crate) fn draw_lengths(&self) -> Vec<usize> {
        match &self.states {
            States::Dense(_) => self.values.iter().map(Vec::len).collect(),
            States::Sparse(states) => states.whole_lengths(),
        }
    }

    /// Whether [`draws`](Self::draws) are of whitened unknowns.
    pub fn draws_unknowns(&self) -> bool {
        matches!(self.states, States::Dense(_))
    }

    /// Number of standard normal numbers that a draw takes.
    pub fn noise_len(&self) -> usize {
        self.states.len()
    }

    /// After the mode was found.
    fn vjp(&mut self, theta: &[f64], theta_bar: &mut [f64]) -> Result<()> {
        let Self { observed, states, slopes, positions, x, values, information, gradient, .. } =
            self;
        let slopes = &*slopes;
        let (n, e, fields) = (observed.response.len(), slopes.predictors, slopes.fields);
        let found = states.covariances();
        let known = &found.0;
        // v of each observation, and q.
        let mut v = vec![0.0; n * e];
        let mut bars: Vec<Vec<f64>> = values.iter().map(|f| vec![0.0; f.len()]).collect();
        let mut u = bars.clone();
        v.par_chunks_exact_mut(e).enumerate().with_min_len(256).for_each(|(i, v)| {
            let k = &known[i * fields * fields..][..fields * fields];
            let mut spread = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
            slopes.spread(i, k, &mut spread[..e * e]);
            let third = AtCell::new(observed, i).third(&spread[..e * e]);
            v.iter_mut().zip(third).for_each(|(v, t)| *v = 0.5 * t);
        });
        let mut own = vec![0.0; fields];
        for i in 0..n {
            slopes.to_fields(i, &v[i * e..][..e], &mut own);
            for f in 0..fields {
                let at = positions[f][i] as usize;
                bars[f][at] += own[f];
                u[f][at] += gradient[i * fields + f];
            }
        }
        let mut q = vec![0.0; x.len()];
        states.pull_back(&bars, &mut q);
        states.solve(&mut q);
        let mut q_values: Vec<Vec<f64>> = bars;
        states.values(&q, &mut q_values);
        // The adjoints of η at fixed x, which v becomes, and of what multiplies the fields beside that.
        let mut extra = vec![0.0; n * e * fields];
        let cells = v.par_chunks_exact_mut(e).zip(extra.par_chunks_exact_mut(e * fields));
        cells.enumerate().with_min_len(256).for_each(|(i, (bars, extra))| {
            let cell = AtCell::new(observed, i);
            let (g, w) = (cell.gradient(), cell.information());
            let s = slopes.at(i);
            let k = &known[i * fields * fields..][..fields * fields];
            for (a, bar) in bars.iter_mut().enumerate() {
                *bar += g[a];
                for f in 0..fields {
                    let q = q_values[f][positions[f][i] as usize];
                    let mut through = 0.0;
                    for b in 0..e {
                        *bar -= w[a * e + b] * s[b * fields + f] * q;
                        let seen: f64 =
                            (0..fields).map(|h| s[b * fields + h] * k[h * fields + f]).sum();
                        through += w[a * e + b] * seen;
                    }
                    extra[a * fields + f] = g[a] * q - through;
                }
            }
        });
        for (a, own) in observed.bars.iter_mut().enumerate() {
            own.fill(0.0);
            for (i, bars) in v.chunks_exact(e).enumerate() {
                let at = if own.len() == 1 { 0 } else { i };
                own[at] += bars[a];
            }
        }
        let mut b: Vec<Vec<f64>> = values.iter().map(|f| vec![0.0; f.len()]).collect();
        for (a, equation) in observed.equations.iter().enumerate() {
            equation.terms_vjp(theta, &observed.bars[a], |f| &values[f], theta_bar, &mut b);
            for f in 0..fields {
                let bar = |i: usize| extra[(i * e + a) * fields + f];
                equation.coefficient_vjp(f, theta, bar, theta_bar);
            }
        }
        states.vjp(theta, (x, &q), (values, &q_values), (&b, &u), information, found, theta_bar)
    }
}

/// That no mode was found.
fn no_mode(why: &str) -> Error {
    Error::Singular(format!("the mode of the fields given the parameters: {why}"))
}
