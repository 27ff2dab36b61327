//! How long an evaluation of the marginal likelihood takes, and how much memory, beside what its plan says.
//!
//! `cargo run --release --example plan_seconds` prints a row for each kind of model: processor seconds
//! of one thread for the value with its gradient, the seconds of the plan, and their ratio, which
//! should lie between 1/2 and 2 on the machine that `Plan::seconds` was measured on; on Linux also the
//! peak of the memory of a process beside what it had before, and that of the plan. A word takes the rows that
//! have it in their name.

use std::process::Command;
use std::time::Instant;

use gridgp::density::{Marginal, Plan};
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
const CLOUDS: fn(&[usize]) -> bool = |i| (i[0] / 20 * 7 + i[1] / 25 * 3).is_multiple_of(4);
/// Over the first two axes together.
const PLANE: [&str; 3] = ["matern1()", "", "matern12()"];

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
    Kind { name: "sparse", shape: &[300, 500], kernels: &HOURS, fields: 1, missing: CLOUDS },
    Kind {
        name: "sparse, 2 fields",
        shape: &[300, 500],
        kernels: &HOURS,
        fields: 2,
        missing: CLOUDS,
    },
    Kind { name: "sparse", shape: &[1000, 1000], kernels: &HOURS, fields: 1, missing: CLOUDS },
    Kind {
        name: "sparse, isotropic",
        shape: &[150, 150],
        kernels: &PLANE,
        fields: 1,
        missing: CLOUDS,
    },
    Kind {
        name: "sparse, 2 isotropic fields",
        shape: &[300, 500],
        kernels: &PLANE,
        fields: 2,
        missing: CLOUDS,
    },
    Kind { name: "iterative", shape: &[180, 90], kernels: &SMOOTH, fields: 1, missing: CLOUDS },
    Kind {
        name: "iterative, 2 fields",
        shape: &[500, 400],
        kernels: &SMOOTH,
        fields: 2,
        missing: CLOUDS,
    },
    Kind { name: "dense, seasons", shape: &[500], kernels: &SEASONS, fields: 3, missing: NONE },
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    // A process a row, which begins with little memory.
    if let Some(row) = wanted.strip_prefix("row=") {
        let kind = &KINDS[row.parse::<usize>()?];
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let Row { seconds, plan, bytes } = pool.install(|| measure(kind))?;
        let shape: Vec<String> = kind.shape.iter().map(usize::to_string).collect();
        let (name, shape, ratio) = (kind.name, shape.join(" x "), plan.seconds() / seconds);
        let (said, mb) = (plan.seconds(), |bytes: f64| bytes / 1e6);
        print!(
            "{name:28} {:12} {shape:12} {seconds:10.4} {said:10.4} {ratio:7.2}",
            plan.algebra.name()
        );
        let of =
            bytes.map(|b| format!("{:9.1} {:9.1} {:7.2}", mb(b), mb(plan.bytes), plan.bytes / b));
        println!(" {}", of.unwrap_or_default());
        return Ok(());
    }
    println!(
        "{:28} {:12} {:12} {:>10} {:>10} {:>7} {:>9} {:>9} {:>7}",
        "", "", "", "seconds", "plan", "ratio", "MB", "plan", "ratio"
    );
    for (i, _) in KINDS.iter().enumerate().filter(|(_, kind)| kind.name.contains(&wanted)) {
        let row = Command::new(std::env::current_exe()?).arg(format!("row={i}")).status()?;
        if !row.success() {
            return Err(format!("row {i}: {row}").into());
        }
    }
    Ok(())
}

/// What was measured of an evaluation with its gradient.
struct Row {
    seconds: f64,
    plan: Plan,
    /// Memory at its peak beside what there was before.
    bytes: Option<f64>,
}

/// A number of `/proc/self/status`, in bytes; `None` on other systems than Linux.
fn memory(key: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| 1024.0 * kilobytes)
}

/// The least of several evaluations.
fn measure(kind: &Kind) -> gridgp::Result<Row> {
    let model = model(kind)?;
    let before = memory("VmRSS");
    let mut marginal = Marginal::new(&model)?;
    let theta: Vec<f64> =
        model.parameters.iter().map(|p| if p.name == "scale" { 0.3 } else { 2.0 }).collect();
    let mut bar = vec![0.0; theta.len()];
    marginal.log_prob_vjp(&theta, &mut bar)?;
    let bytes = memory("VmHWM").zip(before).map(|(peak, before)| peak - before);
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
    Ok(Row { seconds: least, plan: marginal.plan().clone(), bytes })
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
        for (a, (name, kernel)) in names.iter().zip(kind.kernels).enumerate() {
            match (kind.kernels[0], a) {
                ("matern1()", 0) => text += &format!("'a, b' = '{kernel}'\n"),
                ("matern1()", 1) => {}
                _ => text += &format!("{name} = '{kernel}'\n"),
            }
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
