//! The curvature that L-BFGS remembers.

use std::collections::VecDeque;

/// A pair is kept only where the cosine between step and gradient change exceeds this: below, the
/// curvature is round-off and would make the next direction arbitrarily long.
const MIN_COSINE: f64 = 1e-8;

#[derive(Clone, Debug, PartialEq)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// ⟨step, change⟩, positive.
    curvature: f64,
}

/// The last m steps sᵢ and changes of the gradient yᵢ, standing for the inverse Hessian H.
///
/// An [`Optimum`](super::Optimum) has that of its search, and
/// [`MaximizeOptions`](super::MaximizeOptions) take one to begin with: the curvature of a like
/// density, [`scaled`](History::scaled) to the size of the new one.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pairs: VecDeque<Pair>,
    capacity: usize,
    weights: Vec<f64>,
}

impl History {
    pub(super) fn new(capacity: usize) -> Self {
        Self { pairs: VecDeque::new(), capacity, weights: vec![0.0; capacity] }
    }

    /// The curvature of the density times `factor`.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        for pair in &mut self.pairs {
            pair.change.iter_mut().for_each(|y| *y *= factor);
            pair.curvature *= factor;
        }
        self
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.pairs.clear();
    }

    /// Remembers the step from `x` to `x_new`, unless the curvature along it is not positive.
    pub(super) fn push(
        &mut self,
        x: &[f64],
        x_new: &[f64],
        gradient: &[f64],
        gradient_new: &[f64],
    ) {
        let oldest = if self.pairs.len() == self.capacity { self.pairs.pop_front() } else { None };
        let mut pair =
            oldest.unwrap_or_else(|| Pair { step: vec![], change: vec![], curvature: 0.0 });
        difference(x_new, x, &mut pair.step);
        difference(gradient_new, gradient, &mut pair.change);
        pair.curvature = dot(&pair.step, &pair.change);
        if pair.curvature > MIN_COSINE * norm(&pair.step) * norm(&pair.change) {
            self.pairs.push_back(pair);
        }
    }

    /// The direction −H ∇ by the two-loop recursion; −∇ where nothing is remembered.
    ///
    /// # Source
    ///
    /// Nocedal and Wright (2006), Numerical Optimization, algorithm 7.4 with equation 7.20.
    pub(super) fn direction(&mut self, gradient: &[f64], out: &mut [f64]) {
        for (d, g) in out.iter_mut().zip(gradient) {
            *d = -g;
        }
        for (pair, weight) in self.pairs.iter().zip(&mut self.weights).rev() {
            *weight = dot(&pair.step, out) / pair.curvature;
            add(-*weight, &pair.change, out);
        }
        if let Some(last) = self.pairs.back() {
            let scale = last.curvature / dot(&last.change, &last.change);
            out.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, weight) in self.pairs.iter().zip(&self.weights) {
            add(weight - dot(&pair.change, out) / pair.curvature, &pair.step, out);
        }
    }
}

fn difference(a: &[f64], b: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend(a.iter().zip(b).map(|(a, b)| a - b));
}

fn add(factor: f64, b: &[f64], out: &mut [f64]) {
    for (a, b) in out.iter_mut().zip(b) {
        *a += factor * b;
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After pairs along conjugate directions of a quadratic, H is its exact inverse Hessian.
    #[test]
    fn conjugate_pairs_give_the_newton_direction() {
        let diagonal = [1.0, 10.0, 100.0];
        let mut history = History::new(3);
        for axis in 0..3 {
            let mut x = [0.0; 3];
            x[axis] = 0.5;
            let gradient: Vec<f64> = x.iter().zip(diagonal).map(|(x, h)| h * x).collect();
            history.push(&[0.0; 3], &x, &[0.0; 3], &gradient);
        }
        let mut direction = [0.0; 3];
        history.direction(&[3.0, 50.0, -200.0], &mut direction);
        for (d, want) in direction.iter().zip([-3.0, -5.0, 2.0]) {
            approx::assert_relative_eq!(*d, want, max_relative = 1e-12);
        }
    }

    #[test]
    fn negative_curvature_is_not_remembered() {
        let mut history = History::new(2);
        history.push(&[0.0], &[1.0], &[0.0], &[-1.0]);
        assert!(history.is_empty());
    }

    #[test]
    fn a_full_history_forgets_the_oldest_pair() {
        let mut history = History::new(1);
        history.push(&[0.0], &[1.0], &[0.0], &[2.0]);
        history.push(&[0.0], &[1.0], &[0.0], &[5.0]);
        let mut direction = [0.0];
        history.direction(&[10.0], &mut direction);
        assert_eq!(direction, [-2.0]);
    }
}
