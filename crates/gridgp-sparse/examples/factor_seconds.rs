//! Seconds of a factor and of its selected inverse, on planes of cells.
//!
//! `cargo run --release -p gridgp-sparse --example factor_seconds -- 300 500 2`: a precision that joins
//! cells one step away, with 2 states in each; `-- plane 300 500 2`: two steps away.

use std::sync::Arc;
use std::time::Instant;

use gridgp_sparse::{Dissection, Factor, Lattice, Stencil};

fn main() -> Result<(), gridgp_sparse::Error> {
    let is_plane = std::env::args().any(|a| a == "plane");
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (shape, size) = match given.split_last() {
        Some((&size, shape)) if !shape.is_empty() => (shape.to_vec(), size),
        _ => (vec![300, 500], 1),
    };
    let planes: &[[usize; 2]] = if is_plane { &[[0, 1]] } else { &[] };
    let lattice = Arc::new(Lattice::with_planes(&shape, planes));
    let mut p = Stencil::zeros(lattice.clone(), size);
    lattice.each_pair(|cell, step, _| {
        let block = p.block_mut(cell, step);
        (0..size).for_each(|i| block[i * size + i] = if step == 0 { 15.0 } else { -1.0 });
    });
    let cost = Dissection::cost(&lattice, size);
    println!(
        "{shape:?}, {size} states: {:.2e} operations, {:.2e} numbers",
        cost.operations, cost.numbers
    );
    let start = Instant::now();
    let order = Arc::new(Dissection::new(lattice, size));
    println!("order            {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let mut factor = Factor::new(order, &p)?;
    println!("first factor     {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    factor.update(&p)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "factor           {seconds:.2} s, {:.1e} operations a second",
        cost.operations / seconds
    );
    let start = Instant::now();
    let inverse = factor.selected_inverse();
    println!("selected inverse {:.2} s", start.elapsed().as_secs_f64());
    println!("log det {:.6}, first variance {:.6}", factor.log_det(), inverse.block(0, 0)[0]);
    Ok(())
}
