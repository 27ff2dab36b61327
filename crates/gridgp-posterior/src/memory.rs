//! What predictions take of memory, known before any of it is allocated.

use gridgp_density::{Marginal, memory};
use gridgp_kernel::Covariance;
use gridgp_model::spec::Algebra;
use gridgp_model::{AxisKernel, Field, Model};

use super::forecast::Target;
use super::tiles;

const NUMBER: u128 = 8;

/// Bytes that [`Conditional`](crate::Conditional) takes for moments and `draws` joint draws on a grid or
/// at points, the result included.
pub fn at_mode(model: &Model, target: &Target<'_>, draws: usize) -> u128 {
    let threads = rayon::current_num_threads() as u128;
    let (count, data) = (cells(target), model.data.grid.len() as u128);
    let kept = (4 + draws as u128) * count;
    let larger = count.max(data);
    let by_state_space = || {
        let plan = Marginal::plan_of(model);
        plan.is_ok_and(|plan| plan.algebra == Algebra::StateSpace)
    };
    let work = match target {
        // States and targets of each time, of each thread's draw.
        _ if by_state_space() => 24 * larger * if draws == 0 { 1 } else { threads },
        Target::Grid(_) => {
            let cross = axes_of(model, target).map(|(k, m, _)| 2 * m * k.points.len() as u128);
            let roots = axes_of(model, target).map(|(k, m, _)| {
                let all = m + k.points.len() as u128;
                let few = k.kernel.feature_count().is_some_and(|count| count as u128 <= all);
                if few { 0 } else { 5 * all * all }
            });
            let joint = if draws == 0 { 0 } else { roots.sum::<u128>() + 6 * larger * threads };
            cross.sum::<u128>() + 6 * larger + joint
        }
        Target::Points(..) => 4 * count + if draws == 0 { 0 } else { 4 * count * count },
    };
    memory::marginal(model) + NUMBER * (kept + work)
}

/// Bytes that [`forecast`](crate::forecast()) takes for `quantities`, the result included.
pub fn from_draws(
    model: &Model,
    samples: usize,
    target: &Target<'_>,
    quantities: usize,
    quantiles: usize,
    draws: usize,
) -> u128 {
    let threads = rayon::current_num_threads() as u128;
    let (count, quantities) = (cells(target), quantities as u128);
    let draws = draws.min(samples) as u128;
    // The cells of a tile, of which all draws are kept for quantiles.
    let a_cell = samples as u128 * quantities;
    let (tile, kept) = match quantiles {
        0 => (count, 0),
        _ => {
            let tile = count.min((tiles::MOST_KEPT as u128).div_ceil(a_cell.max(1)));
            (tile, tile * a_cell)
        }
    };
    let result = quantities * count * (2 + quantiles as u128 + draws);
    // Each thread has its own joint density, rows of the new points and fields there.
    let rows = axes_of(model, target).filter(|(.., moved)| *moved).map(|(k, m, _)| {
        let old = k.functions().unwrap_or(k.points.len()) as u128;
        let is_long = |f: &Field| {
            let at = f.axes.iter().position(|own| own.as_ref().is_some_and(|o| std::ptr::eq(o, k)));
            at.is_some_and(|axis| memory::is_by_state_space(model, f, axis))
        };
        if model.fields.iter().any(is_long) {
            // Paths of some states along all times.
            return 24 * (old + m);
        }
        let joint = if draws > 0 && k.functions().is_none() { 5 * m * m } else { 0 };
        2 * m * old + joint
    });
    let fields = model.fields.len() as u128 + 2 * model.equations.len() as u128;
    let thread = rows.sum::<u128>() + (3 * fields + 2 * quantities) * tile;
    (threads + 1) * memory::joint(model) + NUMBER * (result + kept + threads * thread)
}

/// Number of cells or points.
pub fn cells(target: &Target<'_>) -> u128 {
    match target {
        Target::Grid(place) => place.grid.axes().iter().map(|a| a.len() as u128).product(),
        Target::Points(points, _) => points.first().map_or(0, |p| p.len()) as u128,
    }
}

/// The kernels of all fields, each with the number of points along its axis and whether they are other
/// points than those of the data.
fn axes_of<'a>(
    model: &'a Model,
    target: &'a Target<'a>,
) -> impl Iterator<Item = (&'a AxisKernel, u128, bool)> {
    model.fields.iter().flat_map(move |f| {
        f.axes.iter().enumerate().filter_map(move |(a, k)| {
            let (points, moved) = match target {
                Target::Grid(place) => {
                    let axis = place.grid.axes().get(a)?;
                    (axis.len(), axis != &model.data.grid.axes()[a])
                }
                Target::Points(points, _) => (points.get(a)?.len(), true),
            };
            Some((k.as_ref()?, points as u128, moved))
        })
    })
}
