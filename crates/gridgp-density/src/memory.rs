//! What densities take of memory, known before any of it is allocated.
//!
//! Each figure counts the arrays of one density at its largest moment, an evaluation with gradient. The
//! factors are those of the peaks of whole runs in which one kind of array is nearly all.

use gridgp_model::{AxisKernel, Field, Model};

const NUMBER: u128 = 8;

/// Number of unknowns of [`Joint`](crate::Joint): parameters, and one for each function or point of
/// the fields.
pub fn unknowns(model: &Model) -> u128 {
    let fields = model.fields.iter().map(|f| along(f).map(unknowns_of).product::<u128>());
    model.parameters.len() as u128 + fields.sum::<u128>()
}

/// Bytes of a [`Marginal`](crate::Marginal); none where a model has none.
pub fn marginal(model: &Model) -> u128 {
    crate::Marginal::plan_of(model).map_or(0, |plan| plan.bytes as u128)
}

/// Bytes of a [`Joint`](crate::Joint).
pub fn joint(model: &Model) -> u128 {
    let field = |f: &Field| {
        let tensors = 2 * (along(f).count() as u128 + 1) + 1;
        let axes: u128 = along(f)
            .map(|k| {
                let (n, r) = (k.points.len() as u128, unknowns_of(k));
                if k.functions().is_some() { 4 * n * r } else { 6 * n * n }
            })
            .sum();
        tensors * tensor(f) + axes
    };
    NUMBER * (observed(model) + model.fields.iter().map(field).sum::<u128>())
}

/// Bytes of an [`InformedJoint`](crate::InformedJoint).
pub fn informed(model: &Model) -> u128 {
    let field = |f: &Field| {
        let axes = along(f).count() as u128;
        let (matrices, tensors) = if axes == 1 { (17, 6) } else { (15, 10 + 2 * axes) };
        let squares = along(f).map(|k| {
            let (n, r) = (k.points.len() as u128, unknowns_of(k));
            r * (r + n)
        });
        tensors * tensor(f) + matrices * squares.sum::<u128>() / 2
    };
    NUMBER * (observed(model) + model.fields.iter().map(field).sum::<u128>())
}

/// What the likelihood keeps of each cell.
fn observed(model: &Model) -> u128 {
    let equations = 4 * model.equations.len() as u128 + model.fields.len() as u128 + 3;
    equations * model.data.grid.len() as u128
}

fn along(field: &Field) -> impl Iterator<Item = &AxisKernel> {
    field.axes.iter().flatten()
}

/// Unknowns along one axis.
fn unknowns_of(k: &AxisKernel) -> u128 {
    k.functions().unwrap_or(k.points.len()) as u128
}

/// The larger of a field's tensors: of its unknowns or of its values.
fn tensor(field: &Field) -> u128 {
    along(field).map(|k| unknowns_of(k).max(k.points.len() as u128)).product()
}
