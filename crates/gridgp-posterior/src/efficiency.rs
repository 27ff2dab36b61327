//! How much independent draws the draws of a fit are worth, for the weights of leave-one-out.

use gridgp_density::{Joint, Samples};
use gridgp_diagnostics::{ess_mean, relative_efficiency};
use gridgp_grid::Result;
use gridgp_model::Model;
use rayon::prelude::*;

use super::Unfolded;

/// Of a larger field some cells, evenly spread, stand for all.
const CELLS: usize = 2000;

/// Every how many-th cell of a field stands for all.
fn step(cells: usize) -> usize {
    (cells / CELLS).max(1)
}

impl Unfolded {
    /// The [relative efficiency](relative_efficiency) of the draws: the mean over all parameters and
    /// over the values of all fields, of a large field over some evenly spread ones.
    ///
    /// Both the summary of a fit and its residuals weigh draws by it, so that their leave-one-out
    /// densities are the same.
    pub fn relative_efficiency(&self, chains: usize, draws: usize) -> f64 {
        let ess = |values: &[f64]| ess_mean(&values.chunks_exact(draws).collect::<Vec<_>>());
        let mut all: Vec<f64> = self.parameters.iter().map(|values| ess(values)).collect();
        for values in &self.fields {
            let cells = values.len() / (chains * draws);
            let of_cell = |column: &mut Vec<f64>, cell: usize| {
                column.clear();
                column.extend(values.iter().skip(cell).step_by(cells));
                ess(column)
            };
            let some = (0..cells).into_par_iter().step_by(step(cells));
            all.par_extend(some.map_init(Vec::new, of_cell));
        }
        relative_efficiency(&all, chains, draws)
    }
}

/// The same from the draws of all unknowns, of which only the cells that count are unfolded.
pub(super) fn efficiency(model: &Model, joint: &Joint, samples: &Samples) -> Result<f64> {
    if samples.chains < 2 {
        return Ok(1.0);
    }
    let numbers: Vec<usize> = (0..samples.len()).collect();
    let draws: Vec<Vec<Vec<f64>>> = numbers
        .par_iter()
        .map_init(
            || joint.clone(),
            |joint, &i| {
                let fields = joint.fields_at(samples.at(i))?.1.into_iter();
                Ok(fields.map(|f| f.iter().step_by(step(f.len())).copied().collect()).collect())
            },
        )
        .collect::<Result<_>>()?;
    let natural: Vec<Vec<f64>> =
        numbers.iter().map(|&i| model.natural(&samples.at(i)[..model.parameters.len()])).collect();
    let some = Unfolded {
        parameters: (0..model.parameters.len())
            .map(|j| natural.iter().map(|t| t[j]).collect())
            .collect(),
        fields: (0..model.fields.len())
            .map(|f| draws.iter().flat_map(|d| d[f].iter().copied()).collect())
            .collect(),
        log_likelihood: vec![],
        cells: vec![],
    };
    // So few cells are all taken.
    Ok(some.relative_efficiency(samples.chains, samples.draws))
}
