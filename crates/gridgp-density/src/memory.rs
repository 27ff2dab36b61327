//! What densities take of memory, known before any of it is allocated.
//!
//! Each figure counts the arrays of one density at its largest moment, an evaluation with gradient. The
//! factors are those of the peaks of whole runs in which one kind of array is nearly all.

use gridgp_model::{AxisKernel, Field, Model};
use gridgp_sparse::MARGIN;

use crate::joint::LongAxes;

const NUMBER: u128 = 8;

/// Number of unknowns of [`Joint`](crate::Joint): parameters, and one for each function or point of
/// the fields.
pub fn unknowns(model: &Model) -> u128 {
    let of = |f| modes(model, f) * along(f).map(unknowns_of).product::<u128>();
    let fields = model.fields.iter().map(of);
    model.parameters.len() as u128 + fields.sum::<u128>()
}

/// Bytes of a [`Marginal`](crate::Marginal); none where a model has none.
pub fn marginal(model: &Model) -> u128 {
    crate::Marginal::plan_of(model).map_or(0, |plan| plan.bytes as u128)
}

/// Bytes of a [`Joint`](crate::Joint).
pub fn joint(model: &Model) -> u128 {
    let field = |f: &Field| {
        let whole = modes(model, f) * tensor(f);
        let tensors = 2 * (along(f).count() as u128 + 1) + 1 + 4 * u128::from(f.plane.is_some());
        let axes: u128 = axes_of(model, f)
            .map(|(k, states)| {
                let (n, r) = (k.points.len() as u128, unknowns_of(k));
                match states {
                    Some(d) => by_state_space(n, d, tensor(f)),
                    None if k.functions().is_some() => 4 * n * r,
                    None => 6 * n * n,
                }
            })
            .sum();
        tensors * whole + axes
    };
    NUMBER * (observed(model) + model.fields.iter().map(field).sum::<u128>())
}

/// Bytes of an [`InformedJoint`](crate::InformedJoint).
pub fn informed(model: &Model) -> u128 {
    let field = |f: &Field| {
        let axes = along(f).count() as u128;
        if axes_of(model, f).any(|(_, states)| states.is_some()) {
            let one = |(k, states): (&AxisKernel, Option<u128>)| {
                let (n, r) = (k.points.len() as u128, unknowns_of(k));
                states.map_or(8 * n * r, |d| by_state_space(n, d, tensor(f)))
            };
            return (10 + 2 * axes) * tensor(f) + axes_of(model, f).map(one).sum::<u128>();
        }
        let (matrices, tensors) = if axes == 1 { (17, 6) } else { (15, 10 + 2 * axes) };
        let squares = along(f).map(|k| {
            let (n, r) = (k.points.len() as u128, unknowns_of(k));
            r * (r + n)
        });
        tensors * tensor(f) + matrices * squares.sum::<u128>() / 2
    };
    NUMBER * (observed(model) + model.fields.iter().map(field).sum::<u128>())
}

/// For each axis of a field its kernel, and the number of states where it goes by state space.
fn axes_of<'m>(
    model: &Model,
    field: &'m Field,
) -> impl Iterator<Item = (&'m AxisKernel, Option<u128>)> + use<'m> {
    let long = LongAxes::of(model).states(field);
    let axes = field.axes.iter().enumerate().filter_map(|(a, k)| Some((a, k.as_ref()?)));
    axes.map(move |(a, k)| (k, long.filter(|(at, _)| *at == a).map(|(_, d)| d as u128)))
}

/// Whether a field goes by state space along an axis of the grid.
pub fn is_by_state_space(model: &Model, field: &Field, axis: usize) -> bool {
    LongAxes::of(model).states(field).is_some_and(|(at, _)| at == axis)
}

/// Numbers of an axis that goes by state space: d² and some rows of d a time, and d a cell.
fn by_state_space(n: u128, d: u128, tensor: u128) -> u128 {
    n * (d * d + 6 * d + 8) + (d + 4) * tensor
}

/// What the likelihood keeps of each cell.
fn observed(model: &Model) -> u128 {
    let equations = 4 * model.equations.len() as u128 + model.fields.len() as u128 + 3;
    equations * model.data.grid.len() as u128
}

/// Modes of a kernel over two axes together; 1 where there is none.
fn modes(model: &Model, field: &Field) -> u128 {
    let along = |a: usize| (model.data.grid.axes()[a].len() + 2 * MARGIN) as u128;
    field.plane.as_ref().map_or(1, |plane| along(plane.axes[0]) * along(plane.axes[1]))
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
