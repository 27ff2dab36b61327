//! Which algebra finds the modes of the fields, and what an evaluation costs.

use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::Algebra;

use crate::marginal::{SparseCost, SparseStates, beside_planes, seconds, sparse_operations};
use crate::memory::unknowns;

/// Newton iterations that are counted on, from the mode of parameters nearby.
const NEWTON: f64 = 3.0;
/// What a factor alone takes of a factor with its selected inverse.
const FACTOR: f64 = 1.0 / 3.0;
/// What an entry of the precision, and the likelihood of an observation with its derivatives, take.
const ENTRY: f64 = 400.0;
const CELL: f64 = 40_000.0;
/// Most unknowns that are written out unasked, and most states of a cell that have a sparse precision so.
const MOST_WRITTEN: f64 = 2500.0;
const MOST_STATES: usize = 8;

/// How a [`NestedLaplace`](super::NestedLaplace) is computed, and what an evaluation with its gradient costs.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedPlan {
    /// `Sparse` or `Dense`.
    pub algebra: Algebra,
    /// The same in words.
    pub detail: String,
    /// Floating-point operations of an evaluation with its gradient, each counted as what it takes beside
    /// one of a matrix product.
    pub operations: f64,
    /// Bytes of one density.
    pub bytes: f64,
}

impl NestedPlan {
    /// The algebra that the model's `[inference]` names, or the one that suits it.
    ///
    /// # Errors
    /// [`Error::Spec`] where there is no field or the algebra does not take the model, [`Error::TooLarge`]
    /// where only writing out too many unknowns would.
    pub fn new(model: &Model) -> Result<Self> {
        if model.fields.is_empty() {
            return Err(Error::Spec(
                "there is no field to integrate out by Laplace's method; add one to [fields]"
                    .into(),
            ));
        }
        let sparse = SparseStates::cost(model).map(|cost| (sparse(model, &cost), cost));
        let dense = dense(model);
        let count = unknowns(model) as f64 - model.parameters.len() as f64;
        let has_planes = model.fields.iter().any(|f| f.plane.is_some());
        match model.spec.inference.algebra {
            Algebra::Auto | Algebra::Sparse if has_planes => {
                sparse.map(|(plan, _)| plan).map_err(|why| beside_planes(&why))
            }
            Algebra::Dense if has_planes => Err(Error::Spec(
                "a kernel over two axes together has a sparse precision and is not written out: leave \
                 inference.algebra out"
                    .into(),
            )),
            Algebra::Dense => Ok(dense),
            Algebra::Sparse => sparse.map(|(plan, _)| plan).map_err(|why| {
                Error::Spec(format!(
                    "inference.algebra = \"sparse\" does not take this model: {why}; leave it out, or \
                     write \"dense\""
                ))
            }),
            Algebra::Auto => {
                let safe = sparse.as_ref().ok().filter(|(_, cost)| {
                    cost.is_rough && cost.states <= MOST_STATES
                });
                match safe {
                    Some((plan, _)) if plan.operations < dense.operations => Ok(plan.clone()),
                    _ if count <= MOST_WRITTEN => Ok(dense),
                    Some((plan, _)) => Ok(plan.clone()),
                    None => Err(too_large(count, sparse.err())),
                }
            }
            other => Err(Error::Spec(format!(
                "inference.algebra = \"{}\" is none of laplace, which takes \"sparse\" (Markov fields: \
                 Matérn kernels along every axis) and \"dense\" (any kernels, some thousand unknowns): \
                 leave it out",
                other.name()
            ))),
        }
    }

    /// Seconds that one core takes for an evaluation with its gradient, roughly.
    pub fn seconds(&self) -> f64 {
        seconds(self.operations)
    }
}

fn too_large(count: f64, why: Option<String>) -> Error {
    let why = match why {
        Some(why) => format!(
            "its fields have no sparse precision ({why}); matern12 kernels along every axis have one, \
             kernels with a basis have fewer unknowns"
        ),
        None => "its kernels are smooth, and lose digits in a sparse precision; ask for it with \
                 inference.algebra = \"sparse\", or take matern12"
            .into(),
    };
    Error::TooLarge(format!(
        "laplace writes out up to {MOST_WRITTEN} unknowns of fields unasked, and this model has {count} \
         unknowns: {why}; or use svi or pathfinder, or ask for inference.algebra = \"dense\""
    ))
}

/// Observations, each with its likelihood.
fn observations(model: &Model) -> f64 {
    (model.data.grid.len() - model.data.response.missing_cells().len()) as f64
}

fn dense(model: &Model) -> NestedPlan {
    let (n, fields) = (observations(model), model.fields.len() as f64);
    let r = unknowns(model) as f64 - model.parameters.len() as f64;
    let shape = model.data.grid.shape();
    let values: f64 = model
        .fields
        .iter()
        .map(|f| f.axes.iter().zip(&shape).filter_map(|(k, &n)| k.as_ref().map(|_| n as f64)))
        .map(Iterator::product::<f64>)
        .sum();
    NestedPlan {
        algebra: Algebra::Dense,
        detail: format!("{r} unknowns of fields written out, {n} observations"),
        operations: (NEWTON + 1.0) * (2.0 * n * fields * r * r + r * r * r)
            + 4.0 * n * fields * r * r
            + ENTRY * r * values
            + CELL * n,
        bytes: 8.0 * (3.0 * n * fields * r + 4.0 * r * r + 2.0 * r * values + 30.0 * n),
    }
}

fn sparse(model: &Model, cost: &SparseCost) -> NestedPlan {
    let (n, fields) = (observations(model), model.fields.len() as f64);
    let cells: f64 = cost.shape.iter().map(|&n| n as f64).product();
    let neighbours = cost.neighbours as f64;
    let states = cost.states as f64;
    let entries = cells * neighbours * states * states;
    let of_shape: Vec<String> = cost.shape.iter().map(usize::to_string).collect();
    NestedPlan {
        algebra: Algebra::Sparse,
        detail: format!(
            "the sparse precision of {} states on {} points, by nested dissection, {n} observations",
            cells * states,
            of_shape.join(" x ")
        ),
        operations: (NEWTON * FACTOR + 1.0) * sparse_operations(&cost.factor)
            + ENTRY * entries
            + (NEWTON + 3.0) * CELL * n * fields,
        bytes: 8.0
            * (1.3 * cost.factor.numbers
                + 5.0 * entries
                + 2.0 * cells * neighbours
                + 10.0 * cells * states
                + n * (10.0 + 2.0 * fields * fields + 20.0)),
    }
}
