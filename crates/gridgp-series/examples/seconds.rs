//! Seconds of one value with its gradient, by the number of times and of states.
//!
//!     cargo run --release -p gridgp-series --example seconds

use std::time::Instant;

use gridgp_kernel::{Block, Factor};
use gridgp_series::{Loadings, Observations, Process, log_prob_gradient};

fn main() {
    let matern = |order, rate| Factor::Matern { order, rate };
    let wave = |j: usize| Factor::Rotation { rate: 0.5 * j as f64 };
    let quasi = |order: usize, count: usize| -> Vec<Block> {
        let first = Block::new(1.0, vec![matern(order, 0.01)]);
        let waves = (1..count).map(|j| Block::new(0.5, vec![matern(order, 0.01), wave(j)]));
        std::iter::once(first).chain(waves).collect()
    };
    let models = [
        ("matern12", vec![Block::new(1.0, vec![matern(1, 0.1)])]),
        ("matern32", vec![Block::new(1.0, vec![matern(2, 0.1)])]),
        ("matern52", vec![Block::new(1.0, vec![matern(3, 0.1)])]),
        (
            "matern32 + matern32 cosine + matern12",
            vec![
                Block::new(1.0, vec![matern(2, 0.1)]),
                Block::new(1.0, vec![matern(2, 0.1), wave(1)]),
                Block::new(1.0, vec![matern(1, 0.1)]),
            ],
        ),
        ("matern32 periodic of 5", quasi(2, 5)),
        ("matern52 periodic of 10", quasi(3, 10)),
    ];
    println!(
        "{:40} {:>6} {:>9} {:>8} {:>10} {:>12}",
        "kernel", "states", "times", "even", "seconds", "us a time"
    );
    for (name, blocks) in models {
        let process = Process::new(blocks);
        let gains: Vec<f64> = process.blocks().iter().map(|b| b.gain).collect();
        for times in [1_000, 10_000, 100_000, 1_000_000] {
            if process.size() > 20 && times > 10_000 || process.size() > 8 && times > 100_000 {
                continue;
            }
            for even in [true, false] {
                let t: Vec<f64> = (0..times)
                    .map(|k| k as f64 + if even { 0.0 } else { 0.3 * (k as f64).sin() })
                    .collect();
                let starts: Vec<usize> = (0..=times).collect();
                let observations = Observations {
                    times: &t,
                    starts: &starts,
                    variances: &vec![0.1; times],
                    loadings: Loadings::gains(&gains),
                };
                let r: Vec<f64> = t.iter().map(|t| (0.1 * t).sin()).collect();
                let started = Instant::now();
                let found = log_prob_gradient(&process, &observations, &r).expect("it has noise");
                let seconds = started.elapsed().as_secs_f64();
                assert!(found.log_prob.is_finite());
                let each = 1e6 * seconds / times as f64;
                println!(
                    "{name:40} {:6} {times:9} {even:8} {seconds:10.4} {each:12.3}",
                    process.size()
                );
            }
        }
    }
}
