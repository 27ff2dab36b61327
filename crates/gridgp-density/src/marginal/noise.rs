//! The noise: one σ, or one that known covariates and coefficients make in each cell.

use gridgp_grid::{Covariate, Grid};
use gridgp_likelihood::Column;
use gridgp_model::param::Value;
use gridgp_model::{Equation, Model};

use super::super::observed_equation::ObservedEquation;

/// σ of the observed cells.
#[derive(Debug, Clone)]
pub(super) enum Noise {
    /// One number.
    Same(Value),
    /// An equation without fields, at the observed cells.
    Cells(Box<(Equation, ObservedEquation)>),
}

impl Noise {
    /// That of a scale without fields; `cells` are those observed.
    pub(super) fn new(scale: &Equation, model: &Model, cells: &[usize]) -> Self {
        match scale.as_quantity() {
            Some(value) => Self::Same(value),
            None => {
                let observed =
                    Self::observed(scale, &model.data.grid, &model.data.covariates, cells);
                Self::Cells(Box::new((scale.clone(), observed)))
            }
        }
    }

    fn observed(
        scale: &Equation,
        grid: &Grid,
        covariates: &[Covariate],
        cells: &[usize],
    ) -> ObservedEquation {
        ObservedEquation::new(scale, grid, covariates, &[], cells)
    }

    /// The quantity that is the same in every cell.
    pub(super) fn same(&self) -> Option<Value> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Cells(_) => None,
        }
    }

    /// σ of each of `count` observed cells.
    pub(super) fn at(&mut self, theta: &[f64], count: usize) -> Vec<f64> {
        match self {
            Self::Same(value) => vec![value.at(theta); count],
            Self::Cells(cells) => {
                cells.1.update(theta, |_| &[]);
                match cells.1.column() {
                    Column::Constant(sigma) => vec![sigma; count],
                    Column::Varying(sigma) => sigma.to_vec(),
                }
            }
        }
    }

    /// Adds Σ σ̄ᵢ ∂σᵢ/∂θ over the observed cells, after [`at`](Self::at).
    pub(super) fn vjp(&self, theta: &[f64], mut sigma_bar: Vec<f64>, theta_bar: &mut [f64]) {
        match self {
            Self::Same(value) => value.pull_back(sigma_bar.iter().sum(), theta_bar),
            Self::Cells(cells) => {
                if cells.1.len() == 1 {
                    sigma_bar = vec![sigma_bar.iter().sum()];
                }
                cells.1.vjp(theta, &mut sigma_bar, |_| &[], theta_bar, &mut []);
            }
        }
    }

    /// σ in each cell of another grid.
    pub(super) fn elsewhere(
        &self,
        theta: &[f64],
        grid: &Grid,
        covariates: &[Covariate],
    ) -> Vec<f64> {
        let all: Vec<usize> = (0..grid.len()).collect();
        match self {
            Self::Same(value) => vec![value.at(theta); all.len()],
            Self::Cells(cells) => {
                let observed = Self::observed(&cells.0, grid, covariates, &all);
                let mut there = Self::Cells(Box::new((cells.0.clone(), observed)));
                there.at(theta, all.len())
            }
        }
    }
}
