//! Seconds of the parts of one evaluation of a whitened series with its derivatives.
//!
//!     cargo run --release -p gridgp-series --example root_seconds

use std::time::Instant;

use gridgp_kernel::{Block, Factor};
use gridgp_series::{Informed, Loadings, Observations, Process, Root, Sweep};

fn main() {
    let n = 20_000;
    println!("microseconds a time, {n} times");
    for (name, order, even) in [
        ("matern12", 1, true),
        ("matern32", 2, true),
        ("matern52", 3, true),
        ("matern32, uneven", 2, false),
    ] {
        let process =
            Process::new(vec![Block::new(1.0, vec![Factor::Matern { order, rate: 0.05 }])]);
        let times: Vec<f64> =
            (0..n).map(|k| k as f64 + if even { 0.0 } else { 0.3 * (k as f64).sin() }).collect();
        let starts: Vec<usize> = (0..=n).collect();
        let observations = Observations {
            times: &times,
            starts: &starts,
            variances: &vec![1e-8; n],
            loadings: Loadings::gains(&[1.0]),
        };
        let u: Vec<f64> = (0..n).map(|k| (0.7 * k as f64).sin()).collect();
        let (mut z, mut y, mut u_bar) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let mut sweep = Sweep::default();
        let mut line = format!("{name:18}");
        let mut clock = |what: &str, call: &mut dyn FnMut()| {
            call();
            let started = Instant::now();
            (0..5).for_each(|_| call());
            let each = started.elapsed().as_secs_f64() / 5.0;
            line.push_str(&format!("  {what} {:.3}", 1e6 * each / n as f64));
        };
        clock("root", &mut || drop(Root::new(&process, &observations).expect("it has noise")));
        let made = || Informed::new(&process, &observations, 3.0, &[]).expect("it has noise");
        clock("informed", &mut || drop(made()));
        let informed = made();
        clock("forward", &mut || {
            informed.forward(&process, &observations, &u, 1, &mut z, &mut y, &mut sweep);
        });
        let back = |u_bar: &mut [f64]| {
            let mut bars = informed.bars(&process);
            let from = (&u[..], &z[..], &sweep);
            informed.back(&process, &observations, from, 1, &y, |z| -z, u_bar, &mut bars);
            bars
        };
        clock("back", &mut || drop(back(&mut u_bar)));
        let bars = back(&mut u_bar);
        clock("finish", &mut || {
            drop(informed.finish(&process, &observations, &mut bars.clone(), 1).expect("noise"));
        });
        println!("{line}");
    }
}
