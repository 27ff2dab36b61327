//! Known functions on the grid: what a coefficient of the mean multiplies.

use gridgp_grid::{Covariate, Grid};
use gridgp_model::Term;

/// A product of covariates on the grid.
#[derive(Debug, Clone)]
pub(super) enum Design {
    /// ⊗ of one vector an axis; `None` where it is constant.
    Separable(Vec<Option<Vec<f64>>>),
    /// One value a cell.
    Dense(Vec<f64>),
}

impl Design {
    /// The product of the covariates of a term on a grid.
    pub(super) fn new(term: &Term, grid: &Grid, covariates: &[Covariate]) -> Self {
        let shape = grid.shape();
        let covariates: Vec<_> = term.covariates.iter().map(|&c| &covariates[c]).collect();
        if covariates.iter().all(|c| c.axes.len() == 1) {
            let mut vectors: Vec<Option<Vec<f64>>> = vec![None; shape.len()];
            for c in covariates {
                let vector = vectors[c.axes[0]].get_or_insert_with(|| vec![1.0; c.values.len()]);
                vector.iter_mut().zip(&c.values).for_each(|(v, x)| *v *= x);
            }
            return Self::Separable(vectors);
        }
        let mut values = vec![1.0; grid.len()];
        for (cell, v) in values.iter_mut().enumerate() {
            let index = grid.unravel(cell);
            for c in &covariates {
                *v *= c.at(&index, grid);
            }
        }
        Self::Dense(values)
    }

    /// values += factor · design.
    pub(super) fn add_to(&self, factor: f64, shape: &[usize], values: &mut [f64]) {
        match self {
            Self::Dense(d) => values.iter_mut().zip(d).for_each(|(v, d)| *v += factor * d),
            Self::Separable(vectors) => add_outer(factor, vectors, shape, values),
        }
    }

    /// ⟨design, values⟩.
    pub(super) fn dot(&self, shape: &[usize], values: &[f64]) -> f64 {
        match self {
            Self::Dense(d) => d.iter().zip(values).map(|(d, v)| d * v).sum(),
            Self::Separable(vectors) => dot_outer(vectors, shape, values),
        }
    }
}

fn add_outer(factor: f64, vectors: &[Option<Vec<f64>>], shape: &[usize], values: &mut [f64]) {
    let Some(((vector, rest), inner)) = vectors.split_first().zip(shape.get(1..)) else {
        values[0] += factor;
        return;
    };
    if vectors.iter().all(Option::is_none) {
        values.iter_mut().for_each(|v| *v += factor);
        return;
    }
    let size = values.len() / shape[0];
    for (i, block) in values.chunks_exact_mut(size).enumerate() {
        add_outer(factor * vector.as_ref().map_or(1.0, |v| v[i]), rest, inner, block);
    }
}

fn dot_outer(vectors: &[Option<Vec<f64>>], shape: &[usize], values: &[f64]) -> f64 {
    let Some(((vector, rest), inner)) = vectors.split_first().zip(shape.get(1..)) else {
        return values[0];
    };
    if vectors.iter().all(Option::is_none) {
        return values.iter().sum();
    }
    let size = values.len() / shape[0];
    let blocks = values.chunks_exact(size).enumerate();
    blocks.map(|(i, b)| vector.as_ref().map_or(1.0, |v| v[i]) * dot_outer(rest, inner, b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separable_is_dense() {
        let shape = [2, 3, 2];
        let separable = Design::Separable(vec![Some(vec![1.0, 2.0]), None, Some(vec![3.0, -1.0])]);
        let dense: Vec<f64> = (0..12).map(|c| [1.0, 2.0][c / 6] * [3.0, -1.0][c % 2]).collect();
        let values: Vec<f64> = (0..12).map(|i| (i as f64).sin()).collect();
        let full = Design::Dense(dense);
        assert!((separable.dot(&shape, &values) - full.dot(&shape, &values)).abs() < 1e-14);
        let (mut a, mut b) = (values.clone(), values);
        separable.add_to(0.5, &shape, &mut a);
        full.add_to(0.5, &shape, &mut b);
        assert_eq!(a, b);
    }
}
