//! Nested dissection of a grid (George 1973): which cells are eliminated together, and in what order.
//!
//! A box of cells is cut by a plane of them; the two parts have no neighbours in each other, so each is
//! eliminated by itself, then the plane. What remains of a box is a dense matrix over its halo, the cells
//! around it. On an m × m grid of single states the factor has some 31 m² log₂ m numbers and takes some
//! 10 m³ multiplications (George and Liu 1981, section 8.1).

use std::ops::Range;
use std::sync::Arc;

use crate::Lattice;

/// A box of at most so many states is not cut any more.
const LEAF: usize = 48;

/// What a factor takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Multiplications and additions.
    pub operations: f64,
    /// Numbers of the factor.
    pub numbers: f64,
    /// Number of fronts.
    pub fronts: f64,
}

/// A set of cells that are eliminated together, after those of its children.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    /// Its cells.
    pub(crate) own: Vec<u32>,
    /// The cells that it leaves a matrix over.
    pub(crate) halo: Vec<u32>,
    /// Where each cell of the halo is among the parent's own cells and then its halo; it rises.
    pub(crate) inherit: Vec<u32>,
    pub(crate) children: Option<[usize; 2]>,
    /// The first front of the subtree that ends with this one.
    pub(crate) first: usize,
    /// The blocks of the matrix that enter here.
    pub(crate) entries: Range<usize>,
    /// Operations of the subtree.
    pub(crate) operations: f64,
}

/// A block of the matrix in a front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Its cell among those of the front.
    pub(crate) row: u32,
    /// The same, an own cell, not after `row`.
    pub(crate) column: u32,
    /// Which block of the stencil.
    pub(crate) at: u32,
    /// Whether it enters as its transpose.
    pub(crate) is_flipped: bool,
}

/// The order of elimination of the cells of a lattice.
#[derive(Debug, Clone)]
pub struct Dissection {
    pub(crate) lattice: Arc<Lattice>,
    /// States of a cell.
    pub(crate) size: usize,
    /// Each after its children; the last one is the root.
    pub(crate) fronts: Vec<Front>,
    pub(crate) entries: Vec<Entry>,
}

type Box = Vec<Range<usize>>;

impl Dissection {
    /// That of a lattice with `size` states in each cell.
    ///
    /// # Panics
    /// If there are more blocks than 32 bits count, or no states.
    pub fn new(lattice: Arc<Lattice>, size: usize) -> Self {
        let blocks = lattice.len() * lattice.steps().len();
        assert!(u32::try_from(blocks).is_ok(), "{blocks} blocks are more than a factor can count");
        assert!(size > 0, "a cell has a state");
        let whole: Box = lattice.shape().iter().map(|&n| 0..n).collect();
        let mut builder = Builder {
            position: vec![u32::MAX; lattice.len()],
            made: Self { lattice, size, fronts: Vec::new(), entries: Vec::new() },
        };
        builder.add(whole, Vec::new(), Vec::new());
        builder.made
    }

    /// What the factor takes with `size` states in each cell.
    pub fn cost(lattice: &Lattice, size: usize) -> Cost {
        let whole: Box = lattice.shape().iter().map(|&n| 0..n).collect();
        let mut cost = Cost::default();
        count(lattice, size, &whole, &mut cost);
        cost
    }

    /// The lattice.
    pub fn lattice(&self) -> &Arc<Lattice> {
        &self.lattice
    }

    /// States of a cell.
    pub fn size(&self) -> usize {
        self.size
    }
}

/// The plane that cuts a box, as thick as a step is long, and the parts; `None` where it is small.
fn cut(lattice: &Lattice, cells: &Box, size: usize) -> Option<(Box, [Box; 2])> {
    let count: usize = cells.iter().map(Range::len).product();
    let axis = (0..cells.len()).rev().max_by_key(|&a| cells[a].len())?;
    let (along, thick) = (cells[axis].clone(), lattice.reach(axis));
    if count * size <= LEAF || along.len() < thick + 2 {
        return None;
    }
    let middle = along.start + (along.len() + 1 - thick) / 2;
    let part = |range: Range<usize>| {
        let mut part = cells.clone();
        part[axis] = range;
        part
    };
    Some((
        part(middle..middle + thick),
        [part(along.start..middle), part(middle + thick..along.end)],
    ))
}

/// Operations of the elimination of s states that leave b.
fn operations(s: usize, b: usize) -> f64 {
    let (s, b) = (s as f64, b as f64);
    s * s * s / 3.0 + s * s * b + s * b * b
}

fn count(lattice: &Lattice, size: usize, cells: &Box, cost: &mut Cost) {
    let product = |all: &Box| all.iter().map(Range::len).product::<usize>();
    let around: Box = expanded(lattice, cells);
    let halo = product(&around) - product(cells);
    let own = match cut(lattice, cells, size) {
        None => product(cells),
        Some((plane, parts)) => {
            parts.iter().for_each(|part| count(lattice, size, part, cost));
            product(&plane)
        }
    };
    cost.operations += operations(own * size, halo * size);
    cost.numbers += ((own * size) * ((own + halo) * size)) as f64;
    cost.fronts += 1.0;
}

/// The box with the cells that are a step away on each side.
fn expanded(lattice: &Lattice, cells: &Box) -> Box {
    let grow = |(a, r): (usize, &Range<usize>)| {
        let reach = lattice.reach(a);
        r.start.saturating_sub(reach)..(r.end + reach).min(lattice.shape()[a])
    };
    cells.iter().enumerate().map(grow).collect()
}

/// The cells of a box, row-major.
fn cells_of(shape: &[usize], cells: &Box) -> Vec<u32> {
    let mut all = vec![0_u32];
    for (range, &n) in cells.iter().zip(shape) {
        let from = all.iter();
        all = from.flat_map(|&c| range.clone().map(move |i| c * n as u32 + i as u32)).collect();
    }
    all
}

struct Builder {
    made: Dissection,
    /// Where each cell is in the front at hand.
    position: Vec<u32>,
}

impl Builder {
    /// Adds the fronts of a box; returns the last one.
    fn add(&mut self, cells: Box, halo: Vec<u32>, inherit: Vec<u32>) -> usize {
        let lattice = self.made.lattice.clone();
        let (plane, parts) = match cut(&lattice, &cells, self.made.size) {
            None => (cells, None),
            Some((plane, parts)) => (plane, Some(parts)),
        };
        let own = cells_of(lattice.shape(), &plane);
        for (i, &c) in own.iter().chain(&halo).enumerate() {
            self.position[c as usize] = i as u32;
        }
        let entries = self.entries(&own);
        let halos = parts.as_ref().map(|parts| parts.each_ref().map(|p| self.halo(p)));
        own.iter().chain(&halo).for_each(|&c| self.position[c as usize] = u32::MAX);
        let first = self.made.fronts.len();
        let children = parts.zip(halos).map(|([left, right], [for_left, for_right])| {
            [self.add(left, for_left.0, for_left.1), self.add(right, for_right.0, for_right.1)]
        });
        let from = self.made.entries.len();
        self.made.entries.extend(entries);
        let below: f64 = children.iter().flatten().map(|&c| self.made.fronts[c].operations).sum();
        let size = self.made.size;
        let operations = below + operations(own.len() * size, halo.len() * size);
        let entries = from..self.made.entries.len();
        self.made.fronts.push(Front { own, halo, inherit, children, first, entries, operations });
        self.made.fronts.len() - 1
    }

    /// The cells around a part of the box at hand, in their order there, and where they are there.
    fn halo(&self, part: &Box) -> (Vec<u32>, Vec<u32>) {
        let lattice = &*self.made.lattice;
        let shape = lattice.shape();
        let inside = |c: u32| {
            let mut rest = c as usize;
            part.iter().zip(shape).rev().all(|(range, &n)| {
                let i = rest % n;
                rest /= n;
                range.contains(&i)
            })
        };
        let around = cells_of(shape, &expanded(lattice, part)).into_iter().filter(|&c| !inside(c));
        let mut placed: Vec<(u32, u32)> = around.map(|c| (self.position[c as usize], c)).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(p, c)| (c, p)).unzip()
    }

    /// The blocks of pairs of which one is an own cell and the other is of the front.
    fn entries(&self, own: &[u32]) -> Vec<Entry> {
        let lattice = &self.made.lattice;
        let steps = lattice.steps();
        let back: Vec<Vec<isize>> = steps.iter().map(|s| s.iter().map(|p| -p).collect()).collect();
        let mut entries = Vec::with_capacity(own.len() * steps.len());
        for (column, &cell) in own.iter().enumerate() {
            let at = lattice.point(cell as usize);
            for (h, step) in steps.iter().enumerate() {
                let here = (cell as usize * steps.len() + h) as u32;
                if let Some(row) = self.row(&at, step, column, h == 0) {
                    let column = column as u32;
                    entries.push(Entry { row, column, at: here, is_flipped: true });
                }
                if h > 0
                    && let Some(row) = self.row(&at, &back[h], column, false)
                {
                    let other = lattice.after(&at, &back[h]).expect("it has a row");
                    let (column, there) = (column as u32, (other * steps.len() + h) as u32);
                    entries.push(Entry { row, column, at: there, is_flipped: false });
                }
            }
        }
        entries
    }

    /// The position of a neighbour in the front, if it is there and not before `column`.
    fn row(&self, at: &[usize], step: &[isize], column: usize, is_self: bool) -> Option<u32> {
        let other = self.made.lattice.after(at, step)?;
        let row = self.position[other];
        (row != u32::MAX && (is_self || row as usize > column)).then_some(row)
    }
}
