//! How long an evaluation of the marginal likelihood takes, beside what its plan says.
//!
//! `cargo run --release --example plan_seconds` prints a row for each kind of model: processor seconds
//! of one thread for the value with its gradient, the seconds of the plan, and their ratio, which
//! should lie between 1/2 and 2 on the machine that `Plan::seconds` was measured on.

use std::time::Instant;

use gridgp::density::Marginal;
use gridgp::grid::{Axis, Covariate, Dataset, Grid, Variable};
use gridgp::model::Model;
use gridgp::model::spec::{ModelSpec, Source};

struct Kind {
    name: &'static str,
    shape: &'static [usize],
    kernels: &'static [&'static str],
    fields: usize,
    /// Whether a cell is missing.
    missing: fn(&[usize]) -> bool,
}

const NONE: fn(&[usize]) -> bool = |_| false;
const ROUGH: [&str; 3] = ["matern52()"; 3];
const SMOOTH: [&str; 3] = ["squared_exponential()"; 3];
const SEASONS: [&str; 3] = ["periodic(period = 12) * matern52()"; 3];
const HOURS: [&str; 3] = ["matern12()"; 3];
const WAVES: [&str; 3] = ["cosine()"; 3];

const KINDS: &[Kind] = &[
    Kind { name: "spectral", shape: &[60, 60], kernels: &ROUGH, fields: 1, missing: NONE },
    Kind { name: "spectral", shape: &[250, 250], kernels: &ROUGH, fields: 1, missing: NONE },
    Kind { name: "spectral", shape: &[600, 500], kernels: &ROUGH, fields: 1, missing: NONE },
    Kind {
        name: "spectral, smooth",
        shape: &[400, 400],
        kernels: &SMOOTH,
        fields: 1,
        missing: NONE,
    },
    Kind { name: "spectral", shape: &[80, 60, 50], kernels: &ROUGH, fields: 1, missing: NONE },
    Kind { name: "spectral, one axis", shape: &[1200], kernels: &ROUGH, fields: 1, missing: NONE },
    Kind {
        name: "spectral, long axis",
        shape: &[1200, 5],
        kernels: &ROUGH,
        fields: 1,
        missing: NONE,
    },
    Kind {
        name: "spectral, few functions",
        shape: &[500, 400],
        kernels: &WAVES,
        fields: 1,
        missing: NONE,
    },
    Kind {
        name: "spectral, observed places",
        shape: &[30, 30, 100],
        kernels: &ROUGH,
        fields: 1,
        missing: |i| (i[0] + i[1]) % 3 == 0,
    },
    Kind {
        name: "complement, 50",
        shape: &[100, 80],
        kernels: &ROUGH,
        fields: 1,
        missing: |i| (i[0] * 80 + i[1]) % 160 == 7,
    },
    Kind {
        name: "complement, 500",
        shape: &[150, 100],
        kernels: &ROUGH,
        fields: 1,
        missing: |i| (i[0] * 100 + i[1]) % 30 == 7,
    },
    Kind { name: "dense, 2 fields", shape: &[20, 15], kernels: &ROUGH, fields: 2, missing: NONE },
    Kind { name: "dense, 3 fields", shape: &[40, 20], kernels: &ROUGH, fields: 3, missing: NONE },
    Kind { name: "dense, 2 fields", shape: &[60, 30], kernels: &ROUGH, fields: 2, missing: NONE },
    Kind { name: "dense, 5 fields", shape: &[60, 30], kernels: &ROUGH, fields: 5, missing: NONE },
    Kind { name: "dense, one axis", shape: &[1500], kernels: &ROUGH, fields: 3, missing: NONE },
    Kind { name: "filter, one site", shape: &[20000], kernels: &ROUGH, fields: 1, missing: NONE },
    Kind { name: "filters, whole", shape: &[5000, 20], kernels: &HOURS, fields: 1, missing: NONE },
    Kind {
        name: "filter, scattered gaps",
        shape: &[2000, 50],
        kernels: &HOURS,
        fields: 1,
        missing: |i| (i[0] * 17 + i[1] * 29) % 20 == 7,
    },
    Kind {
        name: "filter, scattered gaps",
        shape: &[2000, 6],
        kernels: &ROUGH,
        fields: 1,
        missing: |i| (i[0] * 17 + i[1] * 29) % 20 == 7,
    },
    Kind {
        name: "filters, a coast",
        shape: &[20, 18, 300],
        kernels: &ROUGH,
        fields: 1,
        missing: |i| (i[1] * 7 + i[2] * i[2]) % 4 == 1,
    },
    Kind { name: "dense, seasons", shape: &[500], kernels: &SEASONS, fields: 3, missing: NONE },
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    println!("{:28} {:12} {:>10} {:>10} {:>7}", "", "", "seconds", "plan", "ratio");
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for kind in KINDS.iter().filter(|kind| kind.name.contains(&wanted)) {
        let (measured, plan) = pool.install(|| measure(kind))?;
        let shape: Vec<String> = kind.shape.iter().map(usize::to_string).collect();
        let (name, shape, ratio) = (kind.name, shape.join(" x "), plan / measured);
        println!("{name:28} {shape:12} {measured:10.4} {plan:10.4} {ratio:7.2}");
    }
    Ok(())
}

/// Seconds of an evaluation with its gradient, the least of several, and those of the plan.
fn measure(kind: &Kind) -> gridgp::Result<(f64, f64)> {
    let model = model(kind)?;
    let mut marginal = Marginal::new(&model)?;
    let theta: Vec<f64> =
        model.parameters.iter().map(|p| if p.name == "scale" { 0.3 } else { 2.0 }).collect();
    let mut bar = vec![0.0; theta.len()];
    marginal.log_prob_vjp(&theta, &mut bar)?;
    let (begun, mut least, mut times) = (Instant::now(), f64::INFINITY, 1);
    // The clock of a thread advances in steps of some milliseconds.
    while begun.elapsed().as_secs_f64() < 2.0 {
        let before = processor_seconds(begun);
        for _ in 0..times {
            marginal.log_prob_vjp(&theta, &mut bar)?;
        }
        let took = processor_seconds(begun) - before;
        if took < 0.1 {
            times *= 2;
        } else {
            least = f64::min(least, took / f64::from(times));
        }
    }
    Ok((least, marginal.plan().seconds()))
}

/// Seconds that this thread was on a processor; on other systems than Linux those of the clock.
fn processor_seconds(begun: Instant) -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or(begun.elapsed().as_secs_f64(), |nanoseconds| 1e-9 * nanoseconds)
}

fn model(kind: &Kind) -> gridgp::Result<Model> {
    let names = &["a", "b", "c"][..kind.shape.len()];
    let axis = |(name, n): (&&str, &usize)| {
        // Uneven, so that nothing is saved by symmetry.
        Axis::numbers(*name, (0..*n).map(|i| i as f64 + 0.3 * (i as f64).sin()).collect())
    };
    let axes = names.iter().zip(kind.shape).map(axis).collect::<gridgp::Result<_>>()?;
    let grid = Grid::new(axes)?;
    let value = |cell: usize| match (kind.missing)(&grid.unravel(cell)) {
        true => f64::NAN,
        false => (0.1 * cell as f64).sin() + 0.2 * (7.7 * cell as f64).cos(),
    };
    let y = (0..grid.len()).map(value).collect();
    let covariates: Vec<Covariate> = vec![];
    let data = Dataset::new(grid, Variable::with_nan_as_missing("y", y), covariates)?;
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let mut text = format!("[data]\nresponse = 'y'\naxes = [{}]\n", quoted.join(", "));
    let fields: Vec<String> = (0..kind.fields).map(|f| format!("f{f}")).collect();
    for field in &fields {
        text += &format!("[fields.{field}]\n");
        for (name, kernel) in names.iter().zip(kind.kernels) {
            text += &format!("{name} = '{kernel}'\n");
        }
    }
    text += &format!(
        "[likelihood]\nfamily = 'gaussian'\nlocation = '{}'\nscale = 'scale'\n[parameters]\nscale = \
         'half_normal(1)'\n",
        fields.join(" + ")
    );
    let source = Source::new("plan_seconds", text);
    Model::new(ModelSpec::from_toml(&source)?, &source, data)
}
