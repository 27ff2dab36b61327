//! Draws of a parameter by chain and draw, as traces, ranks and pairs show them.

use crate::dimension::Quantity;
use crate::{Error, Result};

/// Draws of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Chains {
    /// Its name and unit.
    pub quantity: Quantity,
    /// A list a chain, all of the same length.
    pub draws: Vec<Vec<f64>>,
}

/// Checks what every figure of chains needs; the number of chains and of draws.
pub(crate) fn check(parameters: &[Chains]) -> Result<(usize, usize)> {
    let Some(first) = parameters.first() else {
        return Err(Error::data("there is no parameter with draws"));
    };
    let chains = first.draws.len();
    let draws = first.draws.first().map_or(0, Vec::len);
    for p in parameters {
        if p.draws.len() != chains || p.draws.iter().any(|c| c.len() != draws) {
            return Err(Error::data(format!(
                "{:?} does not have {chains} chains of {draws} draws as {:?} has",
                p.quantity.name, first.quantity.name
            )));
        }
    }
    if draws < 2 {
        return Err(Error::data(format!(
            "{draws} draws make no chain: the fit holds a mode, not draws; for its estimates use \
             the kind density"
        )));
    }
    Ok((chains, draws))
}

/// The ranks of all draws together, from 0; equal draws share the mean of their ranks.
pub(crate) fn ranks(draws: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (c, chain) in draws.iter().enumerate() {
        all.extend(chain.iter().enumerate().map(|(i, &v)| (v, c, i)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks: Vec<Vec<f64>> = draws.iter().map(|c| vec![0.0; c.len()]).collect();
    let mut from = 0;
    while from < all.len() {
        let mut to = from + 1;
        while to < all.len() && all[to].0 == all[from].0 {
            to += 1;
        }
        let rank = 0.5 * (from + to - 1) as f64;
        for &(_, c, i) in &all[from..to] {
            ranks[c][i] = rank;
        }
        from = to;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_draws_share_their_rank() {
        let r = ranks(&[vec![3.0, 1.0], vec![1.0, 2.0]]);
        assert_eq!(r, [vec![3.0, 0.5], vec![0.5, 2.0]]);
    }

    #[test]
    fn chains_of_different_lengths_and_modes_are_refused() {
        let p = |draws| Chains { quantity: Quantity::new("a", None), draws };
        assert!(check(&[]).is_err());
        let e = check(&[p(vec![vec![1.0]])]).unwrap_err().to_string();
        assert!(e.contains("mode"), "{e}");
        assert!(check(&[p(vec![vec![1.0, 2.0], vec![1.0]])]).is_err());
        assert_eq!(check(&[p(vec![vec![1.0, 2.0]; 4])]).unwrap(), (4, 2));
    }
}
