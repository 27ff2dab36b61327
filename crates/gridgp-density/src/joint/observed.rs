//! Parameters, equations and responses: all of a joint density but its fields.

use gridgp_dist::Distribution;
use gridgp_likelihood::{Column, Family, Likelihood, MAX_PARAMETERS};
use gridgp_model::Model;
use gridgp_model::param::Parameter;

use super::super::observed_equation::ObservedEquation;

/// log p(y | θ, fields) + log p(θ) in unconstrained θ, with the pullback.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    pub(crate) parameters: Vec<Parameter>,
    /// That of the model, or where its first parameter is a link to (0, 1), the same by log odds.
    pub(crate) family: Family,
    pub(crate) equations: Vec<ObservedEquation>,
    /// The observed responses, as modelled.
    pub(crate) response: Vec<f64>,
    /// The cells that they are in.
    pub(crate) cells: Vec<usize>,
    pub(crate) theta: Vec<f64>,
    pub(crate) theta_bar: Vec<f64>,
    /// Adjoints of the likelihood's parameters.
    pub(crate) bars: Vec<Vec<f64>>,
    pub(crate) field_bars: Vec<Vec<f64>>,
}

impl Observed {
    /// Of a model whose field f lives on the axes `positions[f]`.
    pub(crate) fn new(model: &Model, positions: &[Vec<usize>]) -> Self {
        let data = &model.data;
        let missing = data.response.missing.as_deref();
        let is_observed = |cell: &usize| missing.is_none_or(|m| !m[*cell]);
        let cells: Vec<usize> = (0..data.grid.len()).filter(is_observed).collect();
        let mut equations: Vec<ObservedEquation> = model
            .equations
            .iter()
            .map(|e| ObservedEquation::new(e, &data.grid, &data.covariates, positions, &cells))
            .collect();
        if let (Some(upper), Some(last)) = (&model.upper, equations.last_mut()) {
            *last = ObservedEquation::known(cells.iter().map(|&c| upper[c]).collect());
        }
        let by_log_odds = model.family.by_log_odds();
        let by_log_odds = by_log_odds.filter(|_| equations[0].give_log_odds());
        let (all, shape) = (model.modelled_response(), data.grid.shape());
        let size = |axes: &Vec<usize>| axes.iter().map(|&a| shape[a]).product();
        Self {
            parameters: model.parameters.clone(),
            family: by_log_odds.unwrap_or_else(|| model.family.clone()),
            response: cells.iter().map(|&c| all[c]).collect(),
            cells,
            theta: vec![0.0; model.parameters.len()],
            theta_bar: vec![0.0; model.parameters.len()],
            bars: equations.iter().map(|e| vec![0.0; e.len()]).collect(),
            field_bars: positions.iter().map(|axes| vec![0.0; size(axes)]).collect(),
            equations,
        }
    }

    /// θ from its unconstrained values.
    pub(crate) fn move_parameters(&mut self, x: &[f64]) {
        for ((t, p), &x) in self.theta.iter_mut().zip(&self.parameters).zip(x) {
            *t = p.transform.forward(x);
        }
    }

    /// The likelihood's parameters at θ and the values of each field.
    pub(crate) fn move_equations<'f>(&mut self, values: impl Fn(usize) -> &'f [f64]) {
        for e in &mut self.equations {
            e.update(&self.theta, &values);
        }
    }

    /// Those that are one number for all cells.
    pub(crate) fn move_equations_without_fields(&mut self) {
        for e in self.equations.iter_mut().filter(|e| e.is_constant()) {
            e.update(&self.theta, |_| &[]);
        }
    }

    /// log p(yᵢ | x) of each observed cell.
    pub(crate) fn pointwise(&self, out: &mut [f64]) {
        let mut p = [0.0; MAX_PARAMETERS];
        let count = self.equations.len();
        for (i, (out, &y)) in out.iter_mut().zip(&self.response).enumerate() {
            for (p, e) in p.iter_mut().zip(&self.equations) {
                *p = e.column().at(i);
            }
            *out = self.family.log_prob(y, &p[..count]);
        }
    }

    /// log p(y | θ, fields), with the adjoints of the likelihood's parameters.
    pub(crate) fn log_likelihood(&mut self) -> f64 {
        self.bars.iter_mut().for_each(|b| b.fill(0.0));
        self.field_bars.iter_mut().for_each(|b| b.fill(0.0));
        self.theta_bar.fill(0.0);
        let mut columns = [Column::Constant(0.0); MAX_PARAMETERS];
        for (column, e) in columns.iter_mut().zip(&self.equations) {
            *column = e.column();
        }
        let mut bars: [&mut [f64]; MAX_PARAMETERS] = Default::default();
        for (slot, bar) in bars.iter_mut().zip(&mut self.bars) {
            *slot = bar;
        }
        let count = self.equations.len();
        self.family.accumulate(&self.response, &columns[..count], &mut bars[..count])
    }

    /// Pulls the adjoint of one of the likelihood's parameters back to θ and the fields.
    pub(crate) fn equation_vjp<'f>(&mut self, e: usize, values: impl Fn(usize) -> &'f [f64]) {
        let Self { equations, bars, theta, theta_bar, field_bars, .. } = self;
        equations[e].vjp(theta, &mut bars[e], values, theta_bar, field_bars);
    }

    /// log p(θ) with the Jacobian; the derivative of everything with respect to the unconstrained
    /// parameters is written to `x_bar`.
    pub(crate) fn priors(&self, x: &[f64], x_bar: &mut [f64]) -> f64 {
        let mut total = 0.0;
        for (j, p) in self.parameters.iter().enumerate() {
            let theta = self.theta[j];
            total += p.prior.log_prob(theta) + p.transform.log_jacobian(x[j]);
            let bar = self.theta_bar[j] + p.prior.log_prob_derivative(theta);
            x_bar[j] =
                bar * p.transform.derivative(x[j]) + p.transform.log_jacobian_derivative(x[j]);
        }
        total
    }

    /// For each field Σ (∂p/∂f)ᵀ J (∂p/∂f) over the cells, over the number of its values: what the
    /// data say on average about one of them. J is the likelihood's curvature.
    pub(crate) fn information(&self) -> Vec<f64> {
        let mut found = vec![0.0; self.field_bars.len()];
        self.each_information(|f, _, information| found[f] += information);
        found.iter().zip(&self.field_bars).map(|(f, bar)| f / bar.len() as f64).collect()
    }

    /// (∂p/∂f)ᵀ J (∂p/∂f) of each field f in each cell: `take` gets f, the cell and that.
    pub(crate) fn each_information(&self, mut take: impl FnMut(usize, usize, f64)) {
        let count = self.equations.len();
        let mut p = [0.0; MAX_PARAMETERS];
        let mut curvature = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
        let mut slopes = [0.0; MAX_PARAMETERS];
        for (i, &y) in self.response.iter().enumerate() {
            for (p, e) in p.iter_mut().zip(&self.equations) {
                *p = e.column().at(i);
            }
            self.family.curvature(y, &p[..count], &mut curvature[..count * count]);
            for f in 0..self.field_bars.len() {
                for (slope, e) in slopes.iter_mut().zip(&self.equations) {
                    *slope = if e.has_field(f) { e.slope(f, i, &self.theta) } else { 0.0 };
                }
                let pairs = (0..count).flat_map(|a| (0..count).map(move |b| (a, b)));
                let sum = pairs.map(|(a, b)| slopes[a] * curvature[a * count + b] * slopes[b]);
                take(f, self.cells[i], sum.sum());
            }
        }
    }
}
