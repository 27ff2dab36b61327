//! `gridgp kernels`, `priors`, `likelihoods`, `schema`: what can be written in a model file.

use std::io::Write;

use gridgp_dist::Prior;
use gridgp_kernel::BuiltIn;
use gridgp_likelihood::{DefaultValue, Family, Likelihood};
use gridgp_model::Link;
use gridgp_model::spec::ModelSpec;
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
    writeln!(
        out,
        "Around a circle, for longitudes, hours, months: circle = 360, 24, 12; the first five."
    )?;
    writeln!(
        out,
        "For thousands of points: basis = 12, so many sines for each coordinate, with the kernel's \
         spectral density."
    )?;
    writeln!(
        out,
        "Over two axes together: \"lat, lon\" = \"matern1(lengthscale = l)\", isotropic, s K1(s) with \
         s = sqrt(2) r/l."
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

pub fn likelihoods(args: &List) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let all = || Family::ALL.iter().filter_map(|(_, f)| f.info().map(|info| (f, info)));
    if args.json {
        let families: Vec<_> = all()
            .map(|(family, info)| {
                let parameters: Vec<_> = family
                    .parameters()
                    .iter()
                    .map(|p| {
                        json!({
                            "name": p.name, "domain": p.domain.to_string(), "meaning": p.about,
                            "default": default_value(p.default),
                        })
                    })
                    .collect();
                json!({
                    "name": info.name, "formula": info.formula, "summary": info.about,
                    "support": info.support, "discrete": family.is_discrete(),
                    "parameters": parameters,
                })
            })
            .collect();
        let links: Vec<_> = Link::NAMED
            .iter()
            .map(|(name, link)| json!({ "name": name, "range": link.range().to_string() }))
            .collect();
        let list = json!({ "likelihoods": families, "links": links });
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(());
    }
    writeln!(out, "Each parameter is an equation: coefficients, covariates and fields, perhaps")?;
    writeln!(out, "seen through a link.")?;
    for (family, info) in all() {
        let names: Vec<&str> = family.parameters().iter().map(|p| p.name).collect();
        writeln!(out, "\n{}({})  =  {}", info.name, names.join(", "), info.formula)?;
        writeln!(out, "    {}; y in {}", info.about, info.support)?;
        for p in family.parameters() {
            let default = default_value(p.default);
            writeln!(out, "    {} in {}: {}; default {default}", p.name, p.domain, p.about)?;
        }
    }
    writeln!(out, "\nLinks, by the values that they take:")?;
    for (name, link) in Link::NAMED {
        writeln!(out, "    {name}(…) in {}", link.range())?;
    }
    writeln!(out, "\nWritten rate = \"exposure * exp(mu + f)\", scale = \"exp(s0 + spread)\".")?;
    Ok(())
}

/// What a parameter is where the model file leaves it out, in words.
fn default_value(default: DefaultValue) -> String {
    match default {
        DefaultValue::Required => "none, it must be written".into(),
        DefaultValue::Prior(text) => text.into(),
        DefaultValue::Noise => "half-normal, the spread of the data".into(),
        DefaultValue::Known(v) => format!("{v}; always known, a number or a covariate"),
    }
}

pub fn schema() -> anyhow::Result<()> {
    let schema = serde_json::to_string_pretty(&ModelSpec::json_schema())?;
    writeln!(std::io::stdout(), "{schema}")?;
    Ok(())
}
