//! `gridgp kernels`, `gridgp priors`, `gridgp schema`: what can be written in a model file.

use std::io::Write;

use gridgp::dist::Prior;
use gridgp::kernel::BuiltIn;
use gridgp::model::spec::ModelSpec;
use serde_json::json;

use crate::args::List;

pub fn kernels(args: &List) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let all = BuiltIn::ALL.iter().map(|k| k.info());
    if args.json {
        let table = |rows: &[(&str, &str)]| {
            rows.iter().map(|(n, m)| json!({ "name": n, "meaning": m })).collect::<Vec<_>>()
        };
        let list: Vec<_> = all
            .map(|k| {
                json!({
                    "name": k.name, "formula": k.formula, "summary": k.summary, "rank": k.rank,
                    "parameters": table(k.parameters), "options": table(k.options),
                })
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(());
    }
    writeln!(out, "r is the distance between x and y; amplitudes belong to fields.")?;
    writeln!(out, "Kernels add and multiply; eta^2 * k and 4 * k scale the variance.")?;
    for k in all {
        let arguments: Vec<&str> = k.parameters.iter().map(|(name, _)| *name).collect();
        writeln!(out, "\n{}({})  =  {}", k.name, arguments.join(", "), k.formula)?;
        writeln!(out, "    {}; rank {}", k.summary, k.rank)?;
        for (name, meaning) in k.parameters {
            writeln!(out, "    {name}: {meaning}")?;
        }
    }
    writeln!(out, "\nWritten matern32(lon, lat, lengthscale = 2): coordinates first, by name.")?;
    writeln!(
        out,
        "One lengthscale each: lengthscale = [l1, l2]. On the sphere: distance = great_circle."
    )?;
    Ok(())
}

pub fn priors(args: &List) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if args.json {
        let list: Vec<_> = Prior::list()
            .iter()
            .map(|p| json!({ "name": p.name, "form": p.to_string(), "formula": p.formula, "support": p.support }))
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(());
    }
    for p in Prior::list() {
        writeln!(out, "{p}\n    {}; on {}", p.formula, p.support)?;
    }
    Ok(())
}

pub fn schema() -> anyhow::Result<()> {
    let schema = serde_json::to_string_pretty(&ModelSpec::json_schema())?;
    writeln!(std::io::stdout(), "{schema}")?;
    Ok(())
}
