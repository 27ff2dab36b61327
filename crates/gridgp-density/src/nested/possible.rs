//! Where a search can begin: fields at which all observations are possible.
//!
//! A likelihood with an end, such as a GEV, may give an observation density 0 where the fields are 0. Each
//! such observation asks its predictor to move as far as it needs, the more firmly the longer it is
//! impossible, and the fields follow as they would follow Gaussian data.

use gridgp_likelihood::{Likelihood, MAX_PARAMETERS};

use super::NestedLaplace;

/// Rounds, each with a factorization.
const ROUNDS: usize = 30;
/// Doublings of a move.
const DOUBLINGS: i32 = 24;
/// What is moved goes beyond the edge by this factor.
const BEYOND: f64 = 1.5;
/// How much more firmly a cell asks each time.
const FIRMER: f64 = 10.0;

/// What an observation asks of its predictor.
#[derive(Clone, Copy, Default)]
struct Wish {
    target: f64,
    /// 0 where it asks for nothing.
    precision: f64,
}

impl NestedLaplace {
    /// Moves x from 0 to where all observations are possible; whether there is such a place.
    pub(super) fn make_possible(&mut self) -> bool {
        self.x.fill(0.0);
        let has_fields =
            |e: &usize| (0..self.values.len()).any(|f| self.observed.equations[*e].has_field(f));
        let Some(moved) = (0..self.observed.equations.len()).find(has_fields) else { return false };
        let n = self.observed.response.len();
        let (low, high) = self
            .observed
            .response
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(*y), h.max(*y)));
        // The unit of a location is that of the data; other links have none.
        let unit = if self.observed.equations[moved].is_plain() { high - low } else { 1.0 };
        let unit = if unit > 0.0 && unit.is_finite() { unit } else { 1.0 };
        let mut wishes = vec![Wish::default(); n];
        let mut unused = vec![0.0; self.x.len()];
        for _ in 0..ROUNDS {
            if self.objective(&self.x.clone(), &mut unused).is_finite() {
                return true;
            }
            if !self.wish(moved, unit, &mut wishes) || self.follow(moved, &wishes).is_none() {
                return false;
            }
        }
        false
    }

    /// Renews the wishes of impossible observations; false where no move makes one of them possible.
    fn wish(&self, moved: usize, unit: f64, wishes: &mut [Wish]) -> bool {
        let observed = &self.observed;
        let count = observed.equations.len();
        let mut p = [0.0; MAX_PARAMETERS];
        for (i, (wish, &y)) in wishes.iter_mut().zip(&observed.response).enumerate() {
            for (p, e) in p.iter_mut().zip(&observed.equations) {
                *p = e.column().at(i);
            }
            if observed.family.log_prob(y, &p[..count]).is_finite() {
                continue;
            }
            let equation = &observed.equations[moved];
            let eta = equation.predictor(i);
            let moves = (0..DOUBLINGS).flat_map(|k| {
                let size = unit * 2f64.powi(k - DOUBLINGS / 2);
                [size, -size]
            });
            let found = moves.into_iter().find(|by| {
                p[moved] = equation.parameter_at(i, eta + by);
                observed.family.log_prob(y, &p[..count]).is_finite()
            });
            let Some(by) = found else { return false };
            let precision = (FIRMER * wish.precision).max((unit * unit).recip());
            *wish = Wish { target: eta + BEYOND * by, precision };
        }
        true
    }

    /// The fields that follow the wishes as Gaussian data; `None` where that has no factor.
    fn follow(&mut self, moved: usize, wishes: &[Wish]) -> Option<()> {
        let fields = self.values.len();
        self.information.clear();
        self.gradient.clear();
        for (i, wish) in wishes.iter().enumerate() {
            let s = &self.slopes.at(i)[moved * fields..][..fields];
            let rest = wish.target - self.observed.equations[moved].predictor(i);
            self.gradient.extend(s.iter().map(|s| s * wish.precision * rest));
            self.information
                .extend(s.iter().flat_map(|a| s.iter().map(move |b| a * wish.precision * b)));
        }
        self.states.factorize(&self.information).ok()?;
        let mut step = vec![0.0; self.x.len()];
        self.pull_back(&mut step);
        let mut prior = vec![0.0; self.x.len()];
        self.states.prior(&self.x, &mut prior);
        step.iter_mut().zip(&prior).for_each(|(s, p)| *s += p);
        self.states.solve(&mut step);
        self.x.iter_mut().zip(&step).for_each(|(x, s)| *x += s);
        Some(())
    }
}
