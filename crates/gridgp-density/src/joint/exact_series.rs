//! A⁻¹r of one field with a long axis, noise included, by a filter.

use gridgp_grid::{Error, Result};
use gridgp_kernel::{Block, Factor};
use gridgp_series::{Filter, Loadings, Observations, Process};

use super::Joint;
use super::field_axis::FieldAxis;
use super::observed::Observed;
use super::series_axis::weigh;

impl Joint {
    /// (HHᵀ + σ²I)⁻¹ r in the observed cells at the last θ, where the only field has a long axis; `None`
    /// where it has none. H is that of the model which is sampled, jitter included: white noise along the
    /// long axis that all cells of a time share as they share the field.
    ///
    /// # Errors
    /// [`Error::Singular`] if an observation has no variance.
    pub(super) fn solve_along(&self, sigma: f64, residual: &[f64]) -> Option<Result<Vec<f64>>> {
        let field = &self.fields[0];
        let long = field.roots().iter().position(|axis| matches!(axis, FieldAxis::Series(..)))?;
        Some(self.solve_along_axis(long, sigma, residual))
    }

    fn solve_along_axis(&self, long: usize, sigma: f64, residual: &[f64]) -> Result<Vec<f64>> {
        let field = &self.fields[0];
        let FieldAxis::Series(series, _) = &field.roots()[long] else {
            unreachable!("it is the long one")
        };
        debug_assert!(!series.kernel.center, "no marginal takes a mean out by state space");
        let Observed { equations, theta, cells, .. } = &self.observed;
        let weights = self.weights.as_ref().expect("the model integrates its field out");
        let scale = equations[0].coefficient(0, theta) * field.amplitude(theta);
        let time = field.positions()[long];
        let n = series.size();
        // Functions of the other axes, in the sites.
        let mut others = Vec::new();
        for (axis, &a) in field.roots().iter().zip(field.positions()).filter(|(_, a)| **a != time) {
            others.push((a, axis.matrix().expect("a field has one long axis").root()));
        }
        let count: usize = others.iter().map(|(_, root)| root.ncols()).product();
        let shape: Vec<usize> = weights.iter().map(|(size, _)| *size).collect();
        let sites: usize = shape.iter().product::<usize>() / n;
        let stride: usize = shape[time + 1..].iter().product();
        let site_of = |cell: usize| cell / (stride * n) * stride + cell % stride;
        let epsilon = series.epsilon();
        let mut blocks = series.blocks().to_vec();
        let (mut of_block, mut all) = weigh(&blocks, &series.times);
        of_block.resize(blocks.len(), None);
        if epsilon > 0.0 {
            blocks.push(Block::new(epsilon.sqrt(), vec![Factor::White]));
            of_block.push(None);
        }
        if let Some(along) = &weights[time].1 {
            for own in &mut all {
                own.iter_mut().zip(along).for_each(|(w, along)| *w *= along);
            }
            all.push(along.clone());
            of_block.iter_mut().for_each(|w| *w = w.or(Some(all.len() - 1)));
        }
        let mut gains = Vec::with_capacity(sites * count * blocks.len());
        for site in 0..sites {
            // The index of the site along each axis, the last one fastest.
            let (mut rest, mut index) = (site, vec![0; shape.len()]);
            let mut weight = scale;
            for a in (0..shape.len()).rev().filter(|&a| a != time) {
                index[a] = rest % shape[a];
                rest /= shape[a];
                weight *= weights[a].1.as_ref().map_or(1.0, |w| w[index[a]]);
            }
            for function in 0..count {
                let (mut rest, mut product) = (function, weight);
                for (a, root) in others.iter().rev() {
                    product *= root[(index[*a], rest % root.ncols())];
                    rest /= root.ncols();
                }
                gains.extend(blocks.iter().map(|b| product * b.gain));
            }
        }
        let mut starts = vec![0; n + 1];
        cells.iter().for_each(|&cell| starts[cell / stride % n + 1] += 1);
        (0..n).for_each(|k| starts[k + 1] += starts[k]);
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by_key(|&i| cells[i] / stride % n);
        let seen: Vec<u32> = order.iter().map(|&i| site_of(cells[i]) as u32).collect();
        let observed: Vec<Vec<f64>> =
            all.iter().map(|w| order.iter().map(|&i| w[cells[i] / stride % n]).collect()).collect();
        let weighted: Vec<Option<usize>> = (0..count).flat_map(|_| of_block.clone()).collect();
        let process = Process::new((0..count).flat_map(|_| blocks.clone()).collect());
        let variances = vec![sigma * sigma; cells.len()];
        let observations = Observations {
            times: &series.times,
            starts: &starts,
            variances: &variances,
            loadings: Loadings {
                gains: &gains,
                sites: &seen,
                weighted: if observed.is_empty() { &[] } else { &weighted },
                weights: &observed,
            },
        };
        let singular = |e: gridgp_series::Error| Error::Singular(e.to_string());
        let filter = Filter::new(&process, &observations).map_err(singular)?;
        let r: Vec<f64> = order.iter().map(|&i| residual[cells[i]]).collect();
        let solved = filter.solve(&process, &observations, &r);
        let mut alpha = vec![0.0; cells.len()];
        order.iter().zip(solved).for_each(|(&i, a)| alpha[i] = a);
        Ok(alpha)
    }
}
