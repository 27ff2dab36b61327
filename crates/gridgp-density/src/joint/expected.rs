//! The joint log density, averaged exactly over normal fields.

use gridgp_dense::symmetric_eigen;
use gridgp_dist::Distribution;
use gridgp_dist::special::LN_SQRT_2PI;
use gridgp_grid::{Error, Result};
use gridgp_likelihood::{Column, Family, Likelihood, MAX_PARAMETERS};
use gridgp_model::Model;
use gridgp_model::param::Parameter;

use super::super::observed_equation::ObservedEquation;
use super::Joint;
use super::latent_field::{FieldSpread, LatentField};
use super::long_axis::LongAxes;
use crate::ExpectedLogDensity;

/// Nodes for one, two and three predictors with fields: with n of them a polynomial of degree 2n − 1
/// in the predictor is integrated exactly.
const NODES: [usize; 3] = [10, 6, 5];

/// E log p(y, z | θ) p(θ) over z ~ N(mean, diag sd²) at given θ.
///
/// Given θ every field is linear in z, and every predictor is in the fields; so at each cell the
/// predictors are normal, with means and variances by mode products. The expectation of a cell's log
/// likelihood is an integral over as many normals as there are predictors with fields, one to three:
/// Gauss–Hermite product quadrature. It is exact where the log likelihood is a polynomial of low
/// degree in the predictors, as for a Gaussian with a field in its location.
///
/// It exists where no field enters two predictors (they would be dependent), and at most three
/// predictors have fields.
#[derive(Debug, Clone)]
pub struct ExpectedJoint {
    joint: Joint,
    parameters: Vec<Parameter>,
    family: Family,
    response: Vec<f64>,
    fields: Vec<LatentField>,
    spreads: Vec<FieldSpread>,
    equations: Vec<ObservedEquation>,
    /// The equations with fields.
    random: Vec<usize>,
    /// Nodes and weights of the standard normal distribution.
    nodes: Vec<(f64, f64)>,
    theta: Vec<f64>,
    theta_bar: Vec<f64>,
    /// Adjoints of the equations: of η where there are fields, else of the parameter.
    bars: Vec<Vec<f64>>,
    node_bars: Vec<Vec<f64>>,
    /// Standard deviation of η, and its adjoint, for each of `random`.
    sds: Vec<Vec<f64>>,
    sd_bars: Vec<Vec<f64>>,
    /// Parameter and slope at a node, for each of `random`.
    seen: Vec<(Vec<f64>, Vec<f64>)>,
    field_bars: Vec<Vec<f64>>,
    spread_bars: Vec<Vec<f64>>,
    variances: Vec<f64>,
}

impl ExpectedJoint {
    /// The expectation for a model.
    ///
    /// # Errors
    /// [`Error::Spec`] for a field in two predictors, or fields in more than three;
    /// [`Error::Singular`] as [`Joint::new`].
    pub fn new(model: &Model) -> Result<Self> {
        let refuse = |why: String| {
            Error::Spec(format!("{why}; inference.expectation = \"monte_carlo\" takes any model"))
        };
        let joint = Joint::new(model)?;
        let long = LongAxes::of(model);
        let make = |f| LatentField::new(f, &model.data.grid, long);
        let fields = model.fields.iter().map(make).collect::<Result<Vec<_>>>()?;
        let equations = joint.observed_equations().to_vec();
        let random: Vec<usize> =
            (0..equations.len()).filter(|&e| equations[e].fields().next().is_some()).collect();
        for (f, field) in model.fields.iter().enumerate() {
            let enters = |e: &&usize| equations[**e].fields().any(|g| g == f);
            if random.iter().filter(enters).count() > 1 {
                return Err(refuse(format!(
                    "the field {:?} enters two parameters of the likelihood, which expectation = \
                     \"quadrature\" takes for independent",
                    field.name
                )));
            }
        }
        if random.len() > NODES.len() {
            return Err(refuse(format!(
                "{} parameters of the likelihood have fields, and expectation = \"quadrature\" \
                 integrates over at most {}",
                random.len(),
                NODES.len()
            )));
        }
        let mut spreads = Vec::with_capacity(fields.len());
        for (field, declared) in fields.iter().zip(&model.fields) {
            spreads.push(FieldSpread::new(field).ok_or_else(|| {
                refuse(format!(
                    "the field {:?} goes by state space along a long axis, where expectation = \
                     \"quadrature\" would need a matrix of its length",
                    declared.name
                ))
            })?);
        }
        let nodes = gauss_hermite(NODES[random.len().saturating_sub(1)])?;
        let all = model.modelled_response();
        let response: Vec<f64> = joint.cells().iter().map(|&c| all[c]).collect();
        let columns = |e: &usize| vec![0.0; equations[*e].len()];
        let bars: Vec<Vec<f64>> = equations.iter().map(|e| vec![0.0; e.len()]).collect();
        let field_bars: Vec<Vec<f64>> =
            fields.iter().map(|f| vec![0.0; f.values().len()]).collect();
        Ok(Self {
            parameters: model.parameters.clone(),
            family: joint.family().clone(),
            spreads,
            theta: vec![0.0; model.parameters.len()],
            theta_bar: vec![0.0; model.parameters.len()],
            node_bars: bars.clone(),
            bars,
            sds: random.iter().map(columns).collect(),
            sd_bars: random.iter().map(columns).collect(),
            seen: random.iter().map(|e| (columns(e), columns(e))).collect(),
            spread_bars: field_bars.clone(),
            field_bars,
            variances: vec![0.0; response.len()],
            joint,
            response,
            fields,
            equations,
            random,
            nodes,
        })
    }

    /// The density whose expectation this is.
    pub fn joint(&self) -> &Joint {
        &self.joint
    }

    /// Means and standard deviations of the predictors; false where a covariance is singular.
    fn move_to(&mut self, x: &[f64], sd: &[f64]) -> bool {
        let (x, mut z) = x.split_at(self.parameters.len());
        for ((t, p), &x) in self.theta.iter_mut().zip(&self.parameters).zip(x) {
            *t = p.transform.forward(x);
        }
        let mut sd = sd;
        let mut squares = std::mem::take(&mut self.variances);
        for (field, spread) in self.fields.iter_mut().zip(&mut self.spreads) {
            let n = field.unknowns();
            if field.update(&self.theta, &z[..n]).is_err() {
                return false;
            }
            squares.clear();
            squares.extend(sd[..n].iter().map(|s| s * s));
            spread.update(field, &self.theta, &squares);
            (z, sd) = (&z[n..], &sd[n..]);
        }
        self.variances = squares;
        for e in &mut self.equations {
            e.update(&self.theta, |f| self.fields[f].values());
        }
        for (&e, sd) in self.random.iter().zip(&mut self.sds) {
            self.equations[e].variance(&self.theta, |f| self.spreads[f].values(), sd);
            sd.iter_mut().for_each(|v| *v = v.sqrt());
        }
        true
    }

    /// E log p(y | …) over the predictors, by quadrature; its derivatives are added to the bars.
    fn expected(&mut self) -> f64 {
        let (count, n, dims) = (self.equations.len(), self.nodes.len(), self.random.len());
        let mut total = 0.0;
        for combination in 0..n.pow(dims as u32) {
            let mut weight = 1.0;
            let mut node = [0.0; NODES.len()];
            let mut rest = combination;
            for (k, &e) in self.random.iter().enumerate() {
                let (at, share) = self.nodes[rest % n];
                rest /= n;
                weight *= share;
                node[k] = at;
                let (equation, (p, slope)) = (&self.equations[e], &mut self.seen[k]);
                let moments = equation.eta().iter().zip(&self.sds[k]);
                for (i, (mean, sd)) in moments.enumerate() {
                    (p[i], slope[i]) = equation.seen(i, mean + sd * at);
                }
            }
            self.node_bars.iter_mut().for_each(|b| b.fill(0.0));
            let mut columns = [Column::Constant(0.0); MAX_PARAMETERS];
            for (column, e) in columns.iter_mut().zip(&self.equations) {
                *column = e.column();
            }
            for (&e, (p, _)) in self.random.iter().zip(&self.seen) {
                columns[e] = Column::Varying(p);
            }
            let mut bars: [&mut [f64]; MAX_PARAMETERS] = Default::default();
            for (slot, bar) in bars.iter_mut().zip(&mut self.node_bars) {
                *slot = bar;
            }
            let value =
                self.family.accumulate(&self.response, &columns[..count], &mut bars[..count]);
            if !value.is_finite() {
                return f64::NEG_INFINITY;
            }
            total += weight * value;
            for (k, &e) in self.random.iter().enumerate() {
                let slopes = self.seen[k].1.iter().zip(&self.sds[k]).zip(&mut self.sd_bars[k]);
                for (bar, ((slope, _), sd_bar)) in self.node_bars[e].iter_mut().zip(slopes) {
                    *bar *= slope;
                    *sd_bar += weight * *bar * node[k];
                }
            }
            for (bar, part) in self.bars.iter_mut().zip(&self.node_bars) {
                bar.iter_mut().zip(part).for_each(|(b, p)| *b += weight * p);
            }
        }
        total
    }
}

impl ExpectedLogDensity for ExpectedJoint {
    fn dim(&self) -> usize {
        self.parameters.len() + self.fields.iter().map(LatentField::unknowns).sum::<usize>()
    }

    fn sampled(&self) -> usize {
        self.parameters.len()
    }

    fn expectation_gradient(
        &mut self,
        x: &[f64],
        sd: &[f64],
        gradient: &mut [f64],
        sd_gradient: &mut [f64],
    ) -> f64 {
        assert_eq!((x.len(), gradient.len()), (self.dim(), self.dim()), "lengths must be dim()");
        if !self.move_to(x, sd) {
            return f64::NEG_INFINITY;
        }
        for all in [&mut self.bars, &mut self.sd_bars, &mut self.field_bars, &mut self.spread_bars]
        {
            all.iter_mut().for_each(|b| b.fill(0.0));
        }
        self.theta_bar.fill(0.0);
        let mut total = self.expected();
        if !total.is_finite() {
            return f64::NEG_INFINITY;
        }
        let Self { parameters, fields, spreads, equations, random, theta, theta_bar, .. } = self;
        for (e, (equation, bar)) in equations.iter().zip(&mut self.bars).enumerate() {
            let means = |f: usize| fields[f].values();
            let Some(k) = random.iter().position(|&r| r == e) else {
                equation.vjp(theta, bar, means, theta_bar, &mut self.field_bars);
                continue;
            };
            equation.terms_vjp(theta, bar, means, theta_bar, &mut self.field_bars);
            // ∂/∂v = ∂/∂sd/(2 sd); where sd is 0 a covariate is, and with it the derivative of v.
            let bars = self.sd_bars[k].iter_mut().zip(&self.sds[k]);
            bars.for_each(|(bar, sd)| *bar = if *sd > 0.0 { *bar / (2.0 * sd) } else { 0.0 });
            let values = |f: usize| spreads[f].values();
            let bar = &self.sd_bars[k];
            equation.variance_vjp(theta, bar, values, theta_bar, &mut self.spread_bars);
        }
        let (x, z) = x.split_at(parameters.len());
        let (x_bar, z_bar) = gradient.split_at_mut(parameters.len());
        // The prior of z: E z² = mean² + sd². Until the end `sd_gradient` is that of the variances.
        sd_gradient.fill(0.0);
        for ((bar, z), sd) in z_bar.iter_mut().zip(z).zip(sd) {
            *bar = -z;
            total -= 0.5 * (z * z + sd * sd) + LN_SQRT_2PI;
        }
        let (mut z_rest, mut v_rest) = (z_bar, &mut *sd_gradient);
        let bars = self.field_bars.iter().zip(&self.spread_bars);
        for ((field, spread), (bar, spread_bar)) in fields.iter_mut().zip(spreads).zip(bars) {
            let n = field.unknowns();
            let (own, next) = z_rest.split_at_mut(n);
            let (own_v, next_v) = v_rest.split_at_mut(n);
            field.vjp(theta, bar, theta_bar, own);
            spread.vjp(field, theta, spread_bar, theta_bar, own_v);
            (z_rest, v_rest) = (next, next_v);
        }
        for (bar, sd) in sd_gradient.iter_mut().zip(sd) {
            *bar = 2.0 * sd * *bar - sd;
        }
        for (j, p) in parameters.iter().enumerate() {
            total += p.prior.log_prob(theta[j]) + p.transform.log_jacobian(x[j]);
            let bar = theta_bar[j] + p.prior.log_prob_derivative(theta[j]);
            x_bar[j] =
                bar * p.transform.derivative(x[j]) + p.transform.log_jacobian_derivative(x[j]);
        }
        let finite = |v: &[f64]| v.iter().all(|g| g.is_finite());
        if total.is_nan() || !finite(gradient) || !finite(sd_gradient) {
            return f64::NEG_INFINITY;
        }
        total
    }
}

/// Nodes and weights of E f(Z), Z ~ N(0, 1): the eigenvalues of the Jacobi matrix of Hermite's
/// polynomials, and the squares of the first entries of its eigenvectors.
///
/// # Source
/// Golub and Welsch, Calculation of Gauss quadrature rules (1969).
pub(crate) fn gauss_hermite(n: usize) -> Result<Vec<(f64, f64)>> {
    let jacobi = faer::Mat::from_fn(n, n, |i, j| match i.abs_diff(j) {
        1 => (i.max(j) as f64).sqrt(),
        _ => 0.0,
    });
    let (nodes, vectors) =
        symmetric_eigen(jacobi.as_ref()).map_err(|e| Error::Singular(e.to_string()))?;
    Ok(nodes.into_iter().enumerate().map(|(k, at)| (at, vectors[(0, k)].powi(2))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LogDensity;
    use gridgp_grid::{Axis, Covariate, Dataset, Grid, Variable};
    use gridgp_model::spec::{ModelSpec, Source};
    use rand::SeedableRng;
    use rand_distr::{Distribution as _, StandardNormal};

    fn model(fields: &str, likelihood: &str) -> Model {
        let axis = |name: &str, n: usize| {
            Axis::numbers(name, (0..n).map(|i| i as f64 + 0.2 * (i as f64).sin()).collect())
                .unwrap()
        };
        let grid = Grid::new(vec![axis("s", 4), axis("t", 3)]).unwrap();
        let y = (0..12).map(|i| if i == 5 { f64::NAN } else { 1.0 + (1.3 * f64::from(i)).sin() });
        let g = Covariate {
            name: "g".into(),
            axes: vec![1],
            values: vec![-0.5, 0.0, 0.7],
            units: None,
            missing: None,
        };
        let y = Variable::with_nan_as_missing("y", y.collect());
        let data = Dataset::new(grid, y, vec![g]).unwrap();
        let source = Source::new(
            "test",
            format!(
                "[data]\nresponse = 'y'\naxes = ['s', 't']\ncovariates.g = {{ along = 't' }}\n\
                 [parameters]\nmu = 'normal(1, 1)'\nc = 'half_normal(1)'\n{fields}[likelihood]\n\
                 {likelihood}"
            ),
        );
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    const FIELDS: &str = "[fields.f]\namplitude = 'half_normal(1)'\ns = 'matern32(lengthscale ~ \
        log_normal(0, 1))'\nt = 'matern52(lengthscale = 1.5)'\n[fields.h]\namplitude = 0.6\ns = \
        'squared_exponential(lengthscale ~ log_normal(0, 1))'\ncenter = ['s']\n";

    fn models() -> Vec<Model> {
        let two = "family = 'gaussian'\nlocation = 'mu + c * f * g'\nscale = '0.3 + exp(h)'\n";
        let gev = "family = 'gev'\nlocation = 'mu + f + c * h * g'\nscale = 1.3\nshape = 0.05\n";
        vec![model(FIELDS, two), model(FIELDS, gev)]
    }

    fn point(dim: usize, count: usize) -> (Vec<f64>, Vec<f64>) {
        let x = (0..dim).map(|i| 0.3 * (0.7 * i as f64).sin()).collect();
        let sd = (0..dim - count).map(|i| 0.2 + 0.1 * (i as f64).cos()).collect();
        (x, sd)
    }

    /// The average of the joint density over many draws of z.
    #[test]
    fn the_expectation_is_that_of_draws() {
        for model in models() {
            let mut expected = ExpectedJoint::new(&model).unwrap();
            let (dim, count) = (expected.dim(), expected.sampled());
            let (x, sd) = point(dim, count);
            let (mut g, mut s) = (vec![0.0; dim], vec![0.0; dim - count]);
            let value = expected.expectation_gradient(&x, &sd, &mut g, &mut s);
            let mut joint = Joint::new(&model).unwrap();
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
            let (mut sum, mut square, n) = (0.0, 0.0, 40_000);
            let mut gradient = vec![0.0; dim];
            let mut mean = vec![0.0; dim];
            for _ in 0..n {
                let mut at = x.clone();
                for (z, sd) in at[count..].iter_mut().zip(&sd) {
                    let e: f64 = StandardNormal.sample(&mut rng);
                    *z += sd * e;
                }
                let v = joint.log_density_gradient(&at, &mut gradient);
                (sum, square) = (sum + v, square + v * v);
                mean.iter_mut().zip(&gradient).for_each(|(m, g)| *m += g / f64::from(n));
            }
            let n = f64::from(n);
            let error = ((square / n - (sum / n).powi(2)) / n).sqrt();
            assert!((value - sum / n).abs() < 4.0 * error, "{value} for {} ± {error}", sum / n);
            // The gradient of the expectation is the expectation of the gradient.
            for (i, (a, b)) in g.iter().zip(&mean).enumerate() {
                assert!((a - b).abs() < 0.05 * b.abs().max(1.0), "{i}: {a} for {b}");
            }
        }
    }

    /// −½ log 2πσ² − ((y − Eη)² + Var η)/2σ², by hand.
    #[test]
    fn a_gaussian_location_is_exact() {
        let likelihood = "family = 'gaussian'\nlocation = 'mu + c * f * g'\nscale = 0.8\n";
        let fields = FIELDS.split("[fields.h]").next().unwrap();
        let model = model(fields, likelihood);
        let mut expected = ExpectedJoint::new(&model).unwrap();
        let (dim, count) = (expected.dim(), expected.sampled());
        let (x, sd) = point(dim, count);
        let (mut g, mut s) = (vec![0.0; dim], vec![0.0; dim - count]);
        let value = expected.expectation_gradient(&x, &sd, &mut g, &mut s);
        let mut joint = Joint::new(&model).unwrap();
        let at_mean = joint.log_density_gradient(&x, &mut g);
        // The predictor is linear in z: its derivatives are differences.
        let cells = joint.cells().len();
        let row = |joint: &mut Joint, x: &[f64]| {
            let mut p = vec![0.0; 2 * cells];
            joint.observed_parameters(x, 0..cells, &mut p).unwrap();
            p.into_iter().step_by(2).collect::<Vec<f64>>()
        };
        let middle = row(&mut joint, &x);
        let mut missing = 0.0;
        for (k, sd) in sd.iter().enumerate() {
            let mut there = x.clone();
            there[count + k] += 1.0;
            let moved = row(&mut joint, &there);
            let squares = moved.iter().zip(&middle).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            missing += 0.5 * sd * sd * (squares / 0.64 + 1.0);
        }
        approx::assert_relative_eq!(value, at_mean - missing, max_relative = 1e-12);
    }

    #[test]
    fn the_gradient_is_that_of_differences() {
        for model in models() {
            let mut expected = ExpectedJoint::new(&model).unwrap();
            let (dim, count) = (expected.dim(), expected.sampled());
            let (x, sd) = point(dim, count);
            let (mut g, mut s) = (vec![0.0; dim], vec![0.0; dim - count]);
            expected.expectation_gradient(&x, &sd, &mut g, &mut s);
            let (mut unused, mut unused_sd) = (g.clone(), s.clone());
            let mut value = |x: &[f64], sd: &[f64]| {
                expected.expectation_gradient(x, sd, &mut unused, &mut unused_sd)
            };
            let h = 1e-4;
            let slope = |f: &mut dyn FnMut(f64) -> f64| {
                (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
            };
            for i in 0..dim {
                let found = slope(&mut |step| {
                    let mut at = x.clone();
                    at[i] += step;
                    value(&at, &sd)
                });
                assert!(
                    (g[i] - found).abs() < 1e-7 * found.abs().max(1.0),
                    "{i}: {} {found}",
                    g[i]
                );
            }
            for k in 0..sd.len() {
                let found = slope(&mut |step| {
                    let mut at = sd.clone();
                    at[k] += step;
                    value(&x, &at)
                });
                assert!(
                    (s[k] - found).abs() < 1e-7 * found.abs().max(1.0),
                    "sd {k}: {} {found}",
                    s[k]
                );
            }
        }
    }

    #[test]
    fn what_it_cannot_do_is_said() {
        let twice = "family = 'gaussian'\nlocation = 'mu + c * f'\nscale = 'exp(f)'\n";
        let fields = FIELDS.split("[fields.h]").next().unwrap();
        let e = ExpectedJoint::new(&model(fields, twice)).unwrap_err().to_string();
        assert!(e.contains("\"f\" enters two parameters") && e.contains("monte_carlo"), "{e}");
    }

    #[test]
    fn nodes_integrate_polynomials() {
        for n in [1, 2, 5, 10] {
            let nodes = gauss_hermite(n).unwrap();
            let mut moment = 1.0;
            for degree in (0..2 * n as i32).step_by(2) {
                let found: f64 = nodes.iter().map(|(x, w)| w * x.powi(degree)).sum();
                approx::assert_relative_eq!(found, moment, max_relative = 1e-11);
                moment *= f64::from(degree + 1);
            }
        }
    }
}
