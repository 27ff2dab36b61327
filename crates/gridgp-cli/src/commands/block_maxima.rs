//! `gridgp block-maxima`: from daily values to yearly maxima.

use std::io::Write;

use anyhow::{Context, bail};
use gridgp_extremes::block_largest;
use gridgp_fit::{GridOutput, OutputVariable};
use gridgp_grid::{Axis, Grid};
use gridgp_io::year_blocks;
use gridgp_model::spec::{AxisSpec, DataSpec};

use super::{check_cells, check_outputs};
use crate::args::BlockMaxima;

pub fn run(args: &BlockMaxima) -> anyhow::Result<()> {
    check_outputs(&[&args.output], &[&args.data])?;
    if !(1..=12).contains(&args.begins) {
        bail!("--begins {}: a month is a number from 1 to 12", args.begins);
    }
    if !(0.0..=1.0).contains(&args.coverage) {
        bail!("--coverage {}: it is a share between 0 and 1, such as 0.9", args.coverage);
    }
    let apart = match (args.largest, args.apart) {
        (0, _) | (_, Some(0)) => bail!("--largest and --apart begin with 1"),
        (1, _) => 1,
        (_, Some(apart)) => apart,
        (r, None) => bail!(
            "--largest {r}: how far apart must two values be to be two events? Give --apart in \
             steps of the series, such as --apart 4 for daily temperatures, or --apart 1"
        ),
    };
    let by = |text: &String| {
        let coordinates: Vec<String> = text.split(',').map(|c| c.trim().to_owned()).collect();
        let name =
            if coordinates.len() > 1 { "station".to_owned() } else { coordinates[0].clone() };
        (name, AxisSpec { coordinates, ..AxisSpec::default() })
    };
    let time = (args.time.clone(), AxisSpec::one(&args.time));
    let spec = DataSpec {
        response: args.response.clone(),
        axes: args.by.iter().map(by).chain([time]).collect(),
        ..DataSpec::default()
    };
    if spec.axes.len() != args.by.len() + 1 {
        bail!("--by: two axes have the same name; give the coordinates of stations in one --by");
    }
    let data = gridgp_io::read(&args.data, &spec)?;
    check_cells(data.grid.len())?;
    let axes = data.grid.axes();
    let (times, others) = axes.split_last().expect("there is an axis of times");
    let blocks = year_blocks(&times.coordinates()[0], args.begins)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("{}: {:?}", args.data.display(), args.time))?;
    // Times that the file does not have count as missing; when they are does not matter.
    let numbers = [blocks.of.clone(), blocks.absent()].concat();
    let mut at = blocks.at.clone();
    at.resize(numbers.len(), 0.0);
    let (n, whole) = (times.len(), numbers.len());
    let missing = data.response.missing_cells();
    let mut is_missing = vec![false; data.grid.len()];
    missing.iter().for_each(|&cell| is_missing[cell] = true);
    let series = data.grid.len() / n;
    let (mut maxima, mut years) = (Vec::new(), Vec::new());
    let mut left_out = 0;
    let mut values = vec![0.0; whole];
    let mut gone = vec![true; whole];
    for s in 0..series {
        values[..n].copy_from_slice(&data.response.values[s * n..(s + 1) * n]);
        gone[..n].copy_from_slice(&is_missing[s * n..(s + 1) * n]);
        let (r, apart) = (args.largest, apart as f64);
        let found = block_largest(&values, &gone, &numbers, args.coverage, r, &at, apart)
            .map_err(anyhow::Error::msg)?;
        years = found.iter().map(|b| b.block as f64).collect();
        left_out += found.iter().filter(|b| b.at.is_empty()).count();
        for block in &found {
            let order = |k: usize| block.at.get(k).map_or(f64::NAN, |&i| values[i]);
            maxima.extend((0..args.largest).map(order));
        }
    }
    let blocks_in_all = maxima.len() / args.largest;
    if left_out == blocks_in_all {
        bail!(
            "no year has {} of its values: the longest has {} of {}; lower --coverage, or give \
             more of the series",
            args.coverage,
            blocks.present().values().max().unwrap_or(&0),
            blocks.lengths.values().max().unwrap_or(&0)
        );
    }
    let mut axes: Vec<Axis> = others.to_vec();
    axes.push(Axis::numbers("year", years)?);
    let many = args.largest > 1;
    let what = if many {
        axes.push(Axis::numbers("order", (1..=args.largest).map(|k| k as f64).collect())?);
        format!(
            "the {} largest values of each year of {}, {apart} apart",
            args.largest, args.response
        )
    } else {
        format!("yearly maximum of {}", args.response)
    };
    let grid = Grid::new(axes)?;
    let dims: Vec<&str> = grid.axes().iter().map(Axis::name).collect();
    let variable =
        OutputVariable::new(&args.response, &dims, maxima).with("long_name", what.clone());
    let variable = match &data.response.units {
        Some(units) => variable.with("units", units.as_str()),
        None => variable,
    };
    let attributes = vec![
        ("title".to_owned(), what),
        (
            "source".to_owned(),
            format!("gridgp {} from {}", env!("CARGO_PKG_VERSION"), args.data.display()),
        ),
    ];
    let found = blocks_in_all - left_out;
    let output = GridOutput { grid, extra: vec![], variables: vec![variable], attributes };
    gridgp_io::write_grid(&args.output, &output)?;
    if !args.quiet {
        writeln!(
            std::io::stdout(),
            "{found} years{} in {}; {left_out} with less than {} of their values are missing",
            if many { format!(", {} values each,", args.largest) } else { String::new() },
            args.output.display(),
            args.coverage
        )?;
    }
    Ok(())
}
