//! Random polynomials: the prior of the kernel (x y + c)^d, its rank, and what data make of it.
//!
//! `cargo run -p gridgp --example random_polynomials`

use gridgp::grid::Points;
use gridgp::kernel::{Kernel, KernelOptions};
use gridgp::process::FiniteRank;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    draws()?;
    rank()?;
    offset()?;
    interpolation()
}

/// The prior of polynomials of a degree.
fn polynomials(degree: usize, c: f64) -> Outcome<FiniteRank> {
    let options = KernelOptions { degree: Some(degree), ..KernelOptions::of(["x"]) };
    Ok(FiniteRank::new(Kernel::from_name("polynomial", &options)?, &[c])?)
}

/// n points from -1 to 1.
fn line(n: usize) -> Points {
    let x = |i: usize| -1.0 + 2.0 * (i as f64 + 0.5) / n as f64;
    Points::line(&(0..n).map(x).collect::<Vec<f64>>())
}

/// A polynomial in one coordinate, by ascending power.
fn written(coefficients: impl Iterator<Item = f64>) -> String {
    let term = |(m, a): (usize, f64)| match m {
        0 => format!("{a:7.3}"),
        1 => format!("{a:+7.3} x"),
        _ => format!("{a:+7.3} x^{m}"),
    };
    coefficients.enumerate().map(term).collect::<Vec<_>>().join(" ")
}

fn draws() -> Outcome<()> {
    println!("Draws from the prior with d = 3, c = 1 are functions:");
    let process = polynomials(3, 1.0)?;
    for draw in 0..4 {
        let function = process.draw(1, draw);
        let monomials = function.monomials().ok_or("not a polynomial")?;
        let at_2 = function.at(&Points::line(&[2.0]))[0];
        println!("  f(x) ={}   f(2) = {at_2:7.3}", written(monomials.into_iter().map(|m| m.1)));
    }
    println!();
    Ok(())
}

fn rank() -> Outcome<()> {
    println!("Rank of the n x n covariance matrix, min(n, d + 1):");
    let sizes = [1, 2, 3, 5, 7, 10, 100, 1000];
    println!("  d \\ n {}", sizes.map(|n| format!("{n:5}")).concat());
    for degree in 0..=6 {
        let process = polynomials(degree, 1.0)?;
        let ranks = sizes.map(|n| process.rank(&line(n)).map(|rank| format!("{rank:5}")));
        println!("  {degree:5} {}", ranks.into_iter().collect::<Result<String, _>>()?);
    }
    println!();
    Ok(())
}

fn offset() -> Outcome<()> {
    println!("Standard deviations of the coefficients, sqrt(C(d, m) c^(d - m)), for d = 3:");
    println!("       c      1        x      x^2      x^3");
    for c in [0.0, 0.01, 0.1, 1.0, 10.0] {
        let monomials = polynomials(3, c)?.monomials().ok_or("not a polynomial")?;
        let sds = (0..4_u32).map(|m| {
            let found = monomials.iter().find(|monomial| monomial.powers == [m]);
            format!("{:9.4}", found.map_or(0.0, |monomial| monomial.sd))
        });
        println!("  {c:6}{}", sds.collect::<String>());
    }
    println!("A small c leaves the highest power, a large one lets low powers dominate.\n");
    Ok(())
}

fn interpolation() -> Outcome<()> {
    let process = polynomials(3, 1.0)?;
    let y = [0.3, -1.2, 0.8, 0.1, 1.0];
    println!("Given n values without noise, d = 3:");
    for n in 1..=5 {
        let x = line(n);
        match process.condition(&x, &y[..n], 0.0) {
            Ok(known) => {
                let known = known.process;
                let misfit = known.mean_at(&x).into_iter().zip(&y).map(|(f, y)| (f - y).abs());
                let sd = known.sd_at(&x).into_iter().fold(0.0, f64::max);
                println!(
                    "  n = {n}: misfit {:7.1e}, sd at the points {sd:7.1e}, at x = 1.5 {:.1e}",
                    misfit.fold(0.0, f64::max),
                    known.sd_at(&Points::line(&[1.5]))[0]
                );
            }
            Err(error) => println!("  n = {n}: {error}"),
        }
    }
    let fitted = process.condition(&line(5), &y, 0.2)?.process;
    println!("With noise of 0.2 the five values are fitted:");
    let monomials = fitted.monomials().ok_or("not a polynomial")?;
    println!("  mean{}", written(monomials.into_iter().map(|monomial| monomial.mean)));
    Ok(())
}
