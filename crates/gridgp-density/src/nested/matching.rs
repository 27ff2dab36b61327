//! The fields given the parameters by matched moments, where the normal distribution at their mode is not
//! good enough.
//!
//! The likelihood of each observation is replaced by t(η) = exp(bᵀη − ½ηᵀSη). At first that is its second-order
//! expansion at the mode x̂. Then q, the posterior with all t, has a mean and a covariance for the predictors
//! of each observation, and p in place of its t others: t is changed to give q those, for all observations at
//! once, until nothing moves. That takes a factor and a selected inverse a round, as an evaluation with its
//! gradient does, and integrals over one to four normals by observation, by Gauss–Hermite quadrature. Then
//!
//! ```text
//! log p̂(y | θ) = log ∫ p(x | θ) Π t + Σ log E_q p/t
//! ```
//!
//! whose derivatives with respect to all t are 0, so that its gradient with respect to θ is that at fixed t.
//! Means, variances and p̂ include the skewness of the likelihood, through the tails as well: what remains are
//! products of third cumulants of two observations with the third power of their correlation.
//!
//! # Source
//! Opper and Winther (2000), Neural Computation 12, 2655–2684; Minka (2001), Expectation propagation, UAI;
//! Nickisch and Rasmussen (2008), Journal of Machine Learning Research 9, 2035–2078, who compare it with
//! Laplace's method for yes and no. Cseke and Heskes (2011), ibid. 12, 417–454, section 2.

use gridgp_grid::Result;
use gridgp_likelihood::MAX_PARAMETERS;
use rayon::prelude::*;

use super::sites::Sites;
use super::{NestedLaplace, no_mode};

/// Most rounds.
const MOST: usize = 30;
/// A round whose squared step of all means, in posterior standard deviations together, and whose divergences
/// of all observations together are smaller is the last.
pub(super) const SMALL: f64 = 1e-2;
const CLOSE: f64 = 2e-2;
/// Halvings of a round after which the precision is not positive definite.
const HALVINGS: usize = 6;

/// What matched moments change in the values of the fields that the observations see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correction {
    /// The largest distance of a mean from the mode, in standard deviations.
    pub shift: f64,
    /// Smallest and largest standard deviation, over that of the curvature at the mode.
    pub scale: [f64; 2],
    /// Rounds that it took.
    pub rounds: usize,
    /// log p̂(y | θ) less that of Laplace's method.
    pub log_prob: f64,
}

impl NestedLaplace {
    /// What matched moments change at θ, from the mode; afterwards they are matched there.
    ///
    /// # Errors
    /// As [`matched_log_prob`](Self::matched_log_prob).
    pub fn correction(&mut self, theta: &[f64]) -> Result<Correction> {
        let at_mode = self.log_prob(theta)?;
        let (modes, sds) = (self.values.clone(), self.standard_deviations());
        self.sites = None;
        let before = self.rounds;
        let matched = self.matched_log_prob(theta)?;
        let (found, fields) = (self.standard_deviations(), self.values.len());
        let (mut shift, mut scale) = (0.0f64, [f64::INFINITY, 0.0f64]);
        for (k, (sd, old)) in found.iter().zip(&sds).enumerate() {
            let f = k % fields;
            let at = self.positions[f][k / fields] as usize;
            if *sd > 0.0 {
                shift = shift.max((self.values[f][at] - modes[f][at]).abs() / sd);
                scale = [scale[0].min(sd / old), scale[1].max(sd / old)];
            }
        }
        Ok(Correction { shift, scale, rounds: self.rounds - before, log_prob: matched - at_mode })
    }

    /// log p̂(y | θ) by matched moments: from the mode the first time, then from where the last θ ended.
    /// [`draws`](Self::draws) and [`modes`](Self::modes) are those of q from then on, until
    /// [`log_prob`](Self::log_prob).
    ///
    /// # Errors
    /// As [`log_prob`](Self::log_prob), and where the rounds do not end, as they may where a likelihood is
    /// not log-concave.
    pub fn matched_log_prob(&mut self, theta: &[f64]) -> Result<f64> {
        match self.sites {
            None => {
                self.find_mode(theta)?;
                self.sites = Some(Sites::new(&self.observed, self.values.len())?);
            }
            Some(_) => {
                self.observed.theta.copy_from_slice(theta);
                self.states.update(theta)?;
                self.slopes.update(&self.observed, self.values.len());
                self.condition()?;
            }
        }
        for _ in 0..MOST {
            let (value, sites, divergence) = self.round()?;
            let before = self.sites.replace(sites).expect("a round needs sites");
            let step = self.condition_from(&before)?;
            self.rounds += 1;
            if step < self.steady && divergence < CLOSE {
                return Ok(value);
            }
        }
        Err(no_mode(&format!("{MOST} rounds did not match the moments of all observations")))
    }

    /// The same; the derivatives with respect to θ are added to `theta_bar`.
    ///
    /// # Errors
    /// As [`matched_log_prob`](Self::matched_log_prob).
    pub fn matched_log_prob_vjp(&mut self, theta: &[f64], theta_bar: &mut [f64]) -> Result<f64> {
        let value = self.matched_log_prob(theta)?;
        self.matched_vjp(theta, theta_bar)?;
        Ok(value)
    }

    /// Ends [`matched_log_prob`](Self::matched_log_prob) with a round that moves all unknowns together by less
    /// than `distance` posterior standard deviations, in place of 0.1.
    pub fn match_within(&mut self, distance: f64) {
        self.steady = distance * distance;
    }

    /// Rounds of matching so far, of all evaluations.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// log p̂ with the present sites, the sites of the next round, and how far these are.
    fn round(&mut self) -> Result<(f64, Sites, f64)> {
        let (known, _) = self.states.covariances();
        let own = self.sites.as_ref().expect("a round needs sites");
        let mut unused = vec![0.0; self.x.len()];
        let at_mean = self.states.prior(&self.x, &mut unused) + own.log_sites(&self.observed);
        let (sites, sweep) = own.swept(&self.observed, &self.slopes, &known);
        let value = at_mean + self.states.half_log_det() + sweep.log_ratio;
        if !value.is_finite() {
            return Err(no_mode("the moments of an observation are not finite"));
        }
        Ok((value, sites, sweep.divergence))
    }

    /// [`condition`](Self::condition), with sites nearer to those before where these have no posterior.
    fn condition_from(&mut self, before: &Sites) -> Result<f64> {
        for _ in 0..HALVINGS {
            if let Ok(step) = self.condition() {
                return Ok(step);
            }
            self.sites.as_mut().expect("there are sites").approach(before);
        }
        self.condition()
    }

    /// Moves x to the mean of q and factorizes its precision; the square of the step, in posterior standard
    /// deviations of all unknowns together.
    fn condition(&mut self) -> Result<f64> {
        self.move_fields();
        let Self { observed, slopes, information, gradient, sites, .. } = &mut *self;
        let sites = sites.as_ref().expect("there are sites");
        let (n, e, fields) = (observed.response.len(), slopes.predictors, slopes.fields);
        information.resize(n * fields * fields, 0.0);
        gradient.resize(n * fields, 0.0);
        let blocks = information.par_chunks_exact_mut((fields * fields).max(1));
        let all = blocks.zip(gradient.par_chunks_exact_mut(fields.max(1))).enumerate();
        all.with_min_len(256).for_each(|(i, (v, g))| {
            let mut w = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
            sites.information(i, &mut w[..e * e]);
            slopes.squared(i, &w[..e * e], v);
            slopes.to_fields(i, &sites.gradient(observed, i)[..e], g);
        });
        self.states.factorize(&self.information)?;
        let mut slope = vec![0.0; self.x.len()];
        self.pull_back(&mut slope);
        self.states.prior(&self.x, &mut slope);
        let mut step = slope.clone();
        self.states.solve(&mut step);
        let square: f64 = slope.iter().zip(&step).map(|(s, d)| s * d).sum();
        if !square.is_finite() {
            return Err(no_mode("a step of matched moments leaves the range of numbers"));
        }
        self.x.iter_mut().zip(&step).for_each(|(x, s)| *x += s);
        self.move_fields();
        Ok(square)
    }

    /// Fields and equations at x.
    fn move_fields(&mut self) {
        let Self { observed, states, values, x, .. } = self;
        states.values(x, values);
        observed.move_equations(|f| &values[f]);
    }

    /// After the moments were matched.
    fn matched_vjp(&mut self, theta: &[f64], theta_bar: &mut [f64]) -> Result<()> {
        let Self { observed, states, slopes, positions, x, values, information, sites, .. } = self;
        let (slopes, sites) = (&*slopes, sites.as_ref().expect("moments were matched"));
        let (n, e, fields) = (observed.response.len(), slopes.predictors, slopes.fields);
        let found = states.covariances();
        let known = &found.0;
        // The adjoints of η at fixed x, and of what multiplies the fields beside that.
        let (mut v, mut extra) = (vec![0.0; n * e], vec![0.0; n * e * fields]);
        let cells = v.par_chunks_exact_mut(e).zip(extra.par_chunks_exact_mut(e * fields));
        cells.enumerate().with_min_len(64).for_each(|(i, (bars, extra))| {
            let g = sites.gradient(observed, i);
            let others = sites.expected_gradient(observed, slopes, known, i);
            let mut w = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
            sites.information(i, &mut w[..e * e]);
            let s = slopes.at(i);
            let k = &known[i * fields * fields..][..fields * fields];
            for (a, bar) in bars.iter_mut().enumerate() {
                *bar = g[a] + others[a];
                for f in 0..fields {
                    let seen = |b: usize| -> f64 {
                        (0..fields).map(|h| s[b * fields + h] * k[h * fields + f]).sum()
                    };
                    extra[a * fields + f] = -(0..e).map(|b| w[a * e + b] * seen(b)).sum::<f64>();
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
        let nothing: Vec<Vec<f64>> = values.iter().map(|f| vec![0.0; f.len()]).collect();
        let mut b = nothing.clone();
        for (a, equation) in observed.equations.iter().enumerate() {
            equation.terms_vjp(theta, &observed.bars[a], |f| &values[f], theta_bar, &mut b);
            for f in 0..fields {
                let bar = |i: usize| extra[(i * e + a) * fields + f];
                equation.coefficient_vjp(f, theta, bar, theta_bar);
            }
        }
        debug_assert_eq!(positions.len(), fields);
        let q = vec![0.0; x.len()];
        let (values, bars) = ((&values[..], &nothing[..]), (&b[..], &nothing[..]));
        states.vjp(theta, (x, &q), values, bars, information, found, theta_bar)
    }
}
