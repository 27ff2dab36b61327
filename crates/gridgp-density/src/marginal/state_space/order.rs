//! Which observation of which filter each observed cell is.

use super::super::dense::Cells;
use super::timeline::Timeline;

/// The observed cells in the order of time.
///
/// An observation of the filters is a time and a site of the inner axes; it stands for a cell at each
/// point of those that are turned.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Observations `starts[k]..starts[k + 1]` are those of time k.
    pub(super) starts: Vec<usize>,
    /// For each observation and then each point of the turned axes, the last one fastest, the position
    /// among the observed cells.
    pub(super) cells: Vec<usize>,
    /// The site of each observation: a point of each inner axis, the last one fastest.
    pub(super) sites: Vec<u32>,
    /// Number of sites.
    pub(super) count: usize,
    /// Number of points of the turned axes.
    pub(super) turns: usize,
}

impl Order {
    pub(super) fn new(timeline: &Timeline, cells: &Cells) -> Self {
        let (axis, shape) = (timeline.axis, &cells.shape);
        let mut rank = vec![0; shape[axis]];
        timeline.order.iter().enumerate().for_each(|(k, &point)| rank[point] = k);
        let inner: Vec<usize> = timeline.inner(shape).map(|(a, _)| a).collect();
        let number = |axes: &[usize], i: usize| {
            axes.iter().fold(0, |number, &a| number * shape[a] + cells.along[a][i] as usize)
        };
        let time = |i: usize| rank[cells.along[axis][i] as usize];
        let site = |i: usize| number(&inner, i);
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by_key(|&i| (time(i), site(i), number(&timeline.turned, i)));
        let turns = timeline.turned(shape).product::<usize>();
        let firsts = || order.iter().step_by(turns).copied();
        let mut starts = vec![0; shape[axis] + 1];
        firsts().for_each(|i| starts[time(i) + 1] += 1);
        (0..shape[axis]).for_each(|k| starts[k + 1] += starts[k]);
        let sites = firsts().map(|i| site(i) as u32).collect();
        let count = inner.iter().map(|&a| shape[a]).product();
        Self { starts, cells: order, sites, count, turns }
    }
}
