//! Parameters beside their priors.

use gridgp_plot::report::{Block, Table};
use gridgp_plot::{Densities, Marginal, Quantity, Style};
use serde_json::Value;

use super::super::plot::fit::chains;
use super::super::plot::source::Fitted;
use super::{numbers, text};

/// More pictures than a reader looks at.
const MOST: usize = 24;

pub fn blocks(fit: &Fitted, summary: &Value) -> anyhow::Result<Vec<Block>> {
    let model = &fit.model;
    if model.parameters.is_empty() {
        return Ok(vec![text("Every parameter is fixed; there is nothing to estimate.")]);
    }
    let mut figures = Vec::new();
    let mut one = true;
    for p in model.parameters.iter().take(MOST) {
        let draws = fit.draws(&p.name)?;
        one = draws.len() == 1;
        let marginal = Marginal {
            quantity: Quantity::new(p.name.as_str(), p.unit.as_deref()),
            prior: Some(p.prior),
            chains: if one { vec![] } else { chains(&fit.file, draws) },
            estimate: one.then(|| draws[0]),
        };
        let style = Style { height: Some(42.0), ..Style::default() };
        let densities = Densities { parameters: vec![marginal], notes: vec![] };
        figures.push((densities.draw(&style)?, String::new()));
    }
    let mut blocks = vec![text(if one {
        "The mode of the posterior on the prior of each parameter."
    } else {
        "The posterior of each parameter on its prior. Where both are the same, the data say nothing \
         about it."
    })];
    blocks.push(Block::Figures(figures));
    if model.parameters.len() > MOST {
        blocks.push(Block::Note(format!("The first {MOST} of them are drawn.")));
    }
    blocks.push(Block::Table(table(fit, summary)));
    Ok(blocks)
}

fn table(fit: &Fitted, summary: &Value) -> Table {
    let sampled = fit.file.method != "map";
    let mut head: Vec<&str> = vec!["parameter"];
    if sampled {
        head.extend(["mean", "sd", "5 %", "95 %"]);
        if fit.file.method == "nuts" {
            head.extend(["ESS", "R̂"]);
        }
    } else {
        head.push("estimate");
    }
    head.extend(["unit", "prior"]);
    let rows = fit.model.parameters.iter().map(|p| {
        let entry = &summary["parameters"][&p.name];
        let number = |key: &str| entry[key].as_f64().unwrap_or(f64::NAN);
        let mut row = vec![p.name.clone()];
        if sampled {
            let sd = number("sd");
            row.extend(["mean", "sd", "q5", "q95"].map(|key| numbers::known_to(number(key), sd)));
            if fit.file.method == "nuts" {
                let ess = number("ess_bulk").min(number("ess_tail"));
                row.push(format!("{ess:.0}"));
                let r = number("r_hat");
                row.push(if r.is_finite() { format!("{r:.3}") } else { "–".into() });
            }
        } else {
            row.push(numbers::four(number("estimate")));
        }
        row.push(Quantity::new("", p.unit.as_deref()).label());
        let default = if p.is_default { " (default)" } else { "" };
        row.push(format!("{}{default}", numbers::shortened(&p.prior.to_string())));
        row
    });
    let caption = if sampled {
        "Posterior mean, standard deviation and 90 % interval"
    } else {
        "Mode of the posterior"
    };
    Table {
        caption: caption.into(),
        head: head.into_iter().map(str::to_owned).collect(),
        rows: rows.collect(),
    }
}
