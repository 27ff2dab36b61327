//! The table of a fit by draws.

use std::io::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::Value;

use super::significant;

/// Prints the table of a summary of draws.
pub fn print(summary: &Value, out: &mut impl Write) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "parameter",
        "mean",
        "sd",
        "5 %",
        "95 %",
        "ess",
        "r_hat",
        "unit",
        "prior",
    ]);
    let number = |p: &Value, key: &str| p[key].as_f64().unwrap_or(f64::NAN);
    for (name, p) in summary["parameters"].as_object().into_iter().flatten() {
        let default = if p["prior_is_default"] == true { " (default)" } else { "" };
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let ess = number(p, "ess_bulk").min(number(p, "ess_tail"));
        table.add_row([
            Cell::new(name),
            right(significant(number(p, "mean"))),
            right(significant(number(p, "sd"))),
            right(significant(number(p, "q5"))),
            right(significant(number(p, "q95"))),
            right(format!("{ess:.0}")),
            right(p["r_hat"].as_f64().map_or(String::new(), |r| format!("{r:.3}"))),
            Cell::new(p["unit"].as_str().unwrap_or("")),
            Cell::new(format!("{}{default}", p["prior"].as_str().unwrap_or(""))),
        ]);
    }
    if table.row_count() > 0 {
        writeln!(out, "{table}")?;
    }
    for (name, f) in summary["fields"].as_object().into_iter().flatten() {
        let ess = number(f, "min_ess_bulk").min(number(f, "min_ess_tail"));
        let r_hat = f["max_r_hat"].as_f64();
        let r_hat = r_hat.map_or(String::new(), |r| format!(", R-hat at most {r:.3}"));
        writeln!(out, "{name}: {} cells, at least {ess:.0} effective draws{r_hat}", f["cells"])?;
    }
    let chains = summary["chains"].as_u64().unwrap_or(0);
    let mut line = format!("{chains} x {} draws", summary["draws"]);
    if let Some(route) = summary["route"].as_str() {
        line += &format!(", {route} route");
    }
    if let Some(k) = summary["pareto_k"].as_f64() {
        line += &format!(
            ", {}, ELBO {:.2}, Pareto k {k:.2}",
            summary["approximation"].as_str().unwrap_or_default(),
            number(summary, "elbo")
        );
    }
    if let Some(divergences) = summary["divergences"].as_u64() {
        line += &format!(", {divergences} divergences");
    }
    if let Some(loo) = summary["loo"].as_object() {
        let value = |key: &str| loo[key].as_f64().unwrap_or(f64::NAN);
        line +=
            &format!("; elpd (PSIS-LOO) {:.1}, standard error {:.1}", value("elpd"), value("se"));
    }
    writeln!(out, "{line}")
}
