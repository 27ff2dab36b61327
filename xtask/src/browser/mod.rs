//! `cargo xtask browser`: reports of the examples in a real browser.
//!
//! Each opens without an error and without a request; pointer, keys and sliders do what they say;
//! nothing is wider than a phone. Screenshots lie in `target/browser`.

mod devtools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::program::{self, build, program};
use crate::root;
use devtools::{Browser, Tab};

/// The example, its model, and whether its maps have a slider.
const REPORTS: &[(&str, &str, bool)] =
    &[("elnino", "model", false), ("kron2d", "latent_marginal", false), ("spain", "nuts", true)];

/// Checks, and fails where there is no browser.
pub fn run() -> Result<()> {
    let chromium = installed()?;
    check(&chromium)
}

/// The same as one of the tests: a machine without a browser goes without, and is told.
pub fn run_where_possible() -> Result<()> {
    match installed() {
        Ok(chromium) => check(&chromium),
        Err(e) => {
            eprintln!(
                "SKIPPED: reports have NOT been opened in a browser; `cargo xtask browser` tries \
                 again: {e:#}"
            );
            Ok(())
        }
    }
}

/// A Chromium of this machine; where there is none, that of the distribution is installed.
fn installed() -> Result<PathBuf> {
    if let Some(found) = found() {
        return Ok(found);
    }
    let quiet = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|s| s.success())
    };
    let install = ["install", "-y", "--no-install-recommends", "chromium"];
    eprintln!("$ apt-get {}", install.join(" "));
    let sudo: Vec<&str> = ["-n", "apt-get"].into_iter().chain(install).collect();
    if !quiet("apt-get", &install) {
        // An old list of packages, or somebody else's machine.
        let _ = quiet("apt-get", &["update"]) && quiet("apt-get", &install) || quiet("sudo", &sudo);
    }
    found().context("there is no Chromium on the path, and apt-get does not install it")
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let all = std::env::split_paths(&path);
    let places = all.flat_map(|folder| names.map(|name| folder.join(name)));
    places.into_iter().find(|file| file.is_file())
}

fn check(chromium: &Path) -> Result<()> {
    let gridgp = build(&["--workspace", "--bin", "gridgp"])?;
    let folder = root().join("target/browser");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let mut browser = Browser::start(chromium)?;
    for &(example, model, slider) in REPORTS {
        let fit = fit_of(&gridgp, example, model)?;
        let page = folder.join(format!("{example}.html"));
        let text = page.to_str().context("a path that is no text")?;
        program::run(&mut program(&gridgp, &["report", &fit, "-o", text, "--quiet"]))?;
        let size = fs::metadata(&page)?.len();
        ensure!(size < 5_000_000, "the report of {example} has {size} bytes");
        look(&mut browser, &page, slider).with_context(|| format!("the report of {example}"))?;
        eprintln!("the report of {example}: {:.0} kB, opened and used", size as f64 / 1e3);
    }
    Ok(())
}

/// The fit that `cargo xtask examples` has left, or a new one where the program is newer.
pub fn fit_of(gridgp: &Path, example: &str, model: &str) -> Result<String> {
    let fit = format!("target/examples/{example}_{model}.nc");
    let age = |path: &Path| fs::metadata(path).and_then(|m| m.modified());
    let current = matches!((age(&root().join(&fit)), age(gridgp)), (Ok(a), Ok(b)) if a >= b);
    if !current {
        fs::create_dir_all(root().join("target/examples"))?;
        let model = format!("examples/{example}/{model}.toml");
        program::run(&mut program(gridgp, &["fit", &model, "-o", &fit, "--quiet"]))?;
    }
    Ok(fit)
}

fn look(browser: &mut Browser, page: &Path, slider: bool) -> Result<()> {
    let address = format!("file://{}", page.display());
    for (width, scheme) in [(1280, "light"), (390, "light"), (1280, "dark")] {
        let mut tab = browser.tab(width)?;
        tab.prefer(scheme)?;
        tab.open(&address)?;
        let wide = tab.evaluate("document.documentElement.scrollWidth")?.as_u64().unwrap_or(0);
        ensure!(wide <= u64::from(width), "the page is {wide} wide on a screen of {width}");
        hover(&mut tab).context("the pointer")?;
        keys(&mut tab).context("the keys")?;
        if slider {
            slide(&mut tab).context("the slider")?;
        }
        theme(&mut tab, scheme == "dark").context("light and dark")?;
        let unnamed = tab.evaluate(
            "[...document.querySelectorAll('svg, canvas[role], figure.explorer, [tabindex=\"0\"]')]\
             .filter((n) => n.closest('.explorer, .picture, svg') && !n.hasAttribute('aria-label') \
             && !n.hasAttribute('aria-labelledby')).length",
        )?;
        ensure!(unnamed == 0, "{unnamed} pictures have no name");
        tab.evaluate("scrollTo({top: 0, behavior: 'instant'})")?;
        tab.screenshot(&page.with_extension(format!("{width}.{scheme}.png")))?;
        let complaints = tab.complaints();
        ensure!(complaints.is_empty(), "the page complains:\n  {}", complaints.join("\n  "));
    }
    Ok(())
}

const READOUT: &str = "document.querySelector('.explorer .readout').textContent";

fn text(tab: &mut Tab<'_>, expression: &str) -> Result<String> {
    let value = tab.evaluate(expression)?;
    value.as_str().map(str::to_owned).with_context(|| format!("{expression} is {value}"))
}

/// The pointer over two places gives two values.
fn hover(tab: &mut Tab<'_>) -> Result<()> {
    tab.evaluate(
        "document.querySelector('.stage').scrollIntoView({block: 'center', behavior: 'instant'})",
    )?;
    let stage = "document.querySelector('.stage').getBoundingClientRect()";
    let number = |tab: &mut Tab<'_>, what: &str| -> Result<f64> {
        tab.evaluate(&format!("{stage}.{what}"))?.as_f64().context("no number")
    };
    let (left, top) = (number(tab, "left")?, number(tab, "top")?);
    let (width, height) = (number(tab, "width")?, number(tab, "height")?);
    let mut seen = Vec::new();
    // Stations are found within a distance, so several places are tried.
    for i in 0..12 {
        let (u, v) = (0.2 + 0.06 * f64::from(i), 0.1 + 0.05 * f64::from(i));
        tab.point(left + u * width, top + v * height)?;
        let shown = tab.evaluate("!document.querySelector('.tip').hidden")?;
        if shown == true {
            let tip = text(tab, "document.querySelector('.tip').textContent")?;
            let readout = text(tab, READOUT)?;
            ensure!(readout.contains("Mean of the fit"), "the readout says {readout:?}");
            seen.push((tip, readout));
        }
    }
    seen.dedup();
    ensure!(seen.len() >= 3, "only {seen:?} was seen");
    ensure!(seen.iter().all(|(tip, _)| tip.chars().any(|c| c.is_ascii_digit())), "{seen:?}");
    Ok(())
}

/// Arrow keys move the mark.
fn keys(tab: &mut Tab<'_>) -> Result<()> {
    tab.evaluate("document.querySelector('.stage').focus()")?;
    tab.press("Home")?;
    let mut seen = vec![text(tab, READOUT)?];
    for key in ["ArrowRight", "ArrowUp", "ArrowLeft"] {
        tab.press(key)?;
        seen.push(text(tab, READOUT)?);
    }
    let moved = seen.windows(2).filter(|p| p[0] != p[1]).count();
    if moved < 2 {
        bail!("the keys move from {seen:?}");
    }
    Ok(())
}

/// A slider that is moved by keys changes what is named and what is drawn.
fn slide(tab: &mut Tab<'_>) -> Result<()> {
    let pixels = "document.querySelector('.stage canvas').toDataURL()";
    let said = "document.querySelector('.controls output').textContent";
    tab.evaluate("document.querySelector('.controls input').focus()")?;
    tab.press("Home")?;
    let (first, picture, words) = (text(tab, pixels)?, text(tab, READOUT)?, text(tab, said)?);
    tab.press("End")?;
    ensure!(text(tab, said)? != words, "the slider still says {words:?}");
    ensure!(text(tab, READOUT)? != picture, "the readout still says {picture:?}");
    ensure!(text(tab, pixels)? != first, "the map did not change");
    tab.press("Home")?;
    ensure!(text(tab, pixels)? == first, "the way back does not lead to the same map");
    Ok(())
}

/// The button turns light into dark, and back.
fn theme(tab: &mut Tab<'_>, dark: bool) -> Result<()> {
    let paper = "getComputedStyle(document.body).backgroundColor";
    let before = text(tab, paper)?;
    let is_white = before == "rgb(255, 255, 255)";
    ensure!(is_white != dark, "the page is {before}, and the reader prefers dark: {dark}");
    tab.evaluate("document.getElementById('theme').click()")?;
    ensure!(text(tab, paper)? != before, "the button does nothing");
    tab.evaluate("document.getElementById('theme').click()")?;
    ensure!(text(tab, paper)? == before, "the button does not lead back");
    Ok(())
}
