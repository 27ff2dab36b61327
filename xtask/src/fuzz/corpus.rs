//! The valid files that are changed: small ones of each kind, made by the program itself, and the cases
//! that went wrong once, where they are at hand.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::End;

const MODEL: &str = "[data]\nfile = \"data.csv\"\nresponse = \"y\"\naxes = [\"x\", \"t\"]\n\
    covariates.c = { along = \"t\", variable = \"t\", center = true }\n\n[parameters]\n\
    mean = \"normal(0, 3)\"\namp = \"half_normal(3)\"\nell = \"log_normal(log(3), 0.7)\"\n\
    b = \"default\"\n\n[fields.f]\namplitude = \"amp\"\nx = \"matern32(lengthscale = ell)\"\n\
    t = \"constant() + 0.25 * squared_exponential(lengthscale ~ half_normal(5))\"\n\n\
    [likelihood]\nfamily = \"gaussian\"\nlocation = \"mean + b * c + f\"\n\
    scale = \"half_normal(1)\"\n\n[inference]\n";
const MAP: &str = "starts = 2\nmax_iterations = 5\nseed = 1\n";
const NUTS: &str = "method = \"nuts\"\nchains = 2\ntune = 10\ndraws = 6\nseed = 1\n";

/// Bytes of a log.
const LOG: u64 = 10_000;

/// A file to be changed, and the run that reads it.
pub struct Case {
    /// Its name in the folder of the run.
    pub name: String,
    pub bytes: Vec<u8>,
    pub is_text: bool,
    /// What has to lie beside it.
    pub beside: Vec<(String, Vec<u8>)>,
    pub arguments: Vec<String>,
    /// Files that the run makes.
    pub outputs: Vec<String>,
    /// What one of them must hold if the run works, where damage must be noticed.
    pub right: Option<(String, Vec<u8>)>,
}

impl Case {
    /// The changed file, with what has to lie beside it and without outputs of the one before.
    pub fn lay_out(&self, here: &Path, changed: &[u8]) -> Result<()> {
        if !here.exists() {
            fs::create_dir_all(here)?;
            for (name, bytes) in &self.beside {
                fs::write(here.join(name), bytes)?;
            }
        }
        for output in &self.outputs {
            let _ = fs::remove_file(here.join(output));
        }
        Ok(fs::write(here.join(&self.name), changed)?)
    }

    /// The end of a run, which is bad if it worked and its output is not what it must be: what was not
    /// changed, or changed back, gives what it gave.
    pub fn judged(&self, here: &Path, end: End) -> End {
        match &self.right {
            Some((output, right))
                if end == End::Worked
                    && fs::read(here.join(output)).unwrap_or_default() != *right =>
            {
                End::OtherNumbers
            }
            _ => end,
        }
    }
}

/// The cases, made in `folder` by the program.
pub fn corpus(program: &Path, folder: &Path) -> Result<Vec<Case>> {
    let run = |arguments: &[&str]| -> Result<()> {
        let done = Command::new(program).current_dir(folder).args(arguments).output()?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success(), "gridgp {}: {said}", arguments.join(" "));
        Ok(())
    };
    let read = |name: &str| fs::read(folder.join(name)).with_context(|| name.to_owned());
    let cell = |i: i32| format!("{},{},{:.3}\n", i / 4, i % 4, (0.7 * f64::from(i)).sin());
    let table: String = (0..12).map(cell).collect();
    fs::write(folder.join("data.csv"), format!("x,t,y\n{table}"))?;
    fs::write(folder.join("model.toml"), format!("{MODEL}{MAP}"))?;
    fs::write(folder.join("nuts.toml"), format!("{MODEL}{NUTS}"))?;
    run(&["fit", "model.toml", "-o", "map.nc", "-q"])?;
    run(&["fit", "nuts.toml", "-o", "draws.nc", "-q"])?;
    // Data in NetCDF-4: a prediction is a grid with variables.
    run(&["predict", "map.nc", "-o", "grid.nc", "-q"])?;
    for fit in ["map.nc", "draws.nc"] {
        run(&["predict", fit, "-o", &format!("{fit}.csv"), "-q"])?;
    }
    fs::write(folder.join("classic.nc"), classic())?;
    let log = log(program, folder)?;

    let names = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<String>>();
    let beside = |names: &[&str]| -> Result<Vec<(String, Vec<u8>)>> {
        names.iter().map(|&n| Ok((n.to_owned(), read(n)?))).collect()
    };
    let grid = MODEL.replace("response = \"y\"", "response = \"mean\"").into_bytes();
    let mut cases = Vec::new();
    let mut add =
        |name: &str, bytes: Vec<u8>, files, arguments: &[&str], outputs: &[&str], right| {
            cases.push(Case {
                name: name.into(),
                bytes,
                is_text: name.ends_with(".toml") || name.ends_with(".csv"),
                beside: files,
                arguments: names(arguments),
                outputs: names(outputs),
                right,
            });
        };
    let data = beside(&["data.csv"])?;
    add("model.toml", read("model.toml")?, data.clone(), &["check", "model.toml"], &[], None);
    let fit = ["fit", "model.toml", "-o", "out.nc", "-q"];
    add("model.toml", read("model.toml")?, data.clone(), &fit, &["out.nc"], None);
    add("nuts.toml", read("nuts.toml")?, data, &["check", "nuts.toml"], &[], None);
    add("data.csv", read("data.csv")?, vec![], &["init", "data.csv"], &[], None);
    let model = beside(&["model.toml"])?;
    add("data.csv", read("data.csv")?, model.clone(), &["check", "model.toml"], &[], None);
    for name in ["grid.nc", "classic.nc"] {
        let files = vec![("grid.toml".to_owned(), grid.clone())];
        let check = ["check", "grid.toml", "--data", name];
        add(name, read(name)?, files, &check, &[], None);
        add(name, read(name)?, vec![], &["init", name], &[], None);
    }
    for name in ["map.nc", "draws.nc"] {
        add(name, read(name)?, vec![], &["summary", name], &[], None);
        let right = Some(("out.csv".to_owned(), read(&format!("{name}.csv"))?));
        let predict = ["predict", name, "-o", "out.csv", "-q"];
        add(name, read(name)?, vec![], &predict, &["out.csv"], right);
    }
    let resume = ["fit", "nuts.toml", "-o", "out.nc", "--resume", "-q"];
    let files = beside(&["data.csv", "nuts.toml"])?;
    add("out.nc.partial", log, files, &resume, &["out.nc"], None);
    for (name, with) in
        [("hang_3.nc", "m.toml"), ("hang_4.nc", "m.toml"), ("memory_3.nc", "m.toml")]
    {
        let cases = super::shared_cases();
        let (Ok(bytes), Ok(model)) = (fs::read(cases.join(name)), fs::read(cases.join(with)))
        else {
            eprintln!("skipped: {} is not there", cases.join(name).display());
            continue;
        };
        let files = vec![(with.to_owned(), model)];
        add(name, bytes, files, &["check", with, "--data", name], &[], None);
    }
    Ok(cases)
}

/// The log of a run that was killed, with a torn record at its end.
fn log(program: &Path, folder: &Path) -> Result<Vec<u8>> {
    let long = format!("{MODEL}{}", NUTS.replace("draws = 6", "draws = 1000000"));
    fs::write(folder.join("long.toml"), long)?;
    let path = folder.join("long.nc.partial");
    let mut child = Command::new(program)
        .current_dir(folder)
        // The records of one thread have one order.
        .args(["fit", "long.toml", "-o", "long.nc", "-q", "--threads", "1"])
        .spawn()?;
    let enough = || fs::metadata(&path).is_ok_and(|m| m.len() > LOG);
    for _ in 0..3000 {
        if enough() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    ensure!(enough(), "no log of draws was begun");
    let mut bytes = fs::read(path)?;
    bytes.truncate(LOG as usize);
    Ok(bytes)
}

/// A NetCDF-3 file: y on x and t, doubles.
fn classic() -> Vec<u8> {
    let (x, t) = (3_u32, 4_u32);
    let mut out: Vec<u8> = b"CDF\x01".to_vec();
    let mut word = |v: u32| out.extend(v.to_be_bytes());
    word(0);
    word(10);
    word(2);
    let named = |out: &mut Vec<u8>, name: &str| {
        out.extend((name.len() as u32).to_be_bytes());
        out.extend(name.bytes());
        out.resize(out.len().next_multiple_of(4), 0);
    };
    for (name, size) in [("x", x), ("t", t)] {
        named(&mut out, name);
        out.extend(size.to_be_bytes());
    }
    // No attributes; three variables, each with its dimensions, type 6 (double), size and place.
    for v in [0_u32, 0, 11, 3] {
        out.extend(v.to_be_bytes());
    }
    let header = out.len() + 3 * 32 + 4 * (1 + 1 + 2);
    let mut at = header as u32;
    for (name, dims, size) in [("x", &[0_u32][..], x), ("t", &[1], t), ("mean", &[0, 1], x * t)] {
        named(&mut out, name);
        out.extend((dims.len() as u32).to_be_bytes());
        dims.iter().for_each(|d| out.extend(d.to_be_bytes()));
        for v in [0, 0, 6, 8 * size, at] {
            out.extend(v.to_be_bytes());
        }
        at += 8 * size;
    }
    out.resize(header, 0);
    let cell = |i: u32| (0.7 * f64::from(i)).sin();
    let values = (0..x).map(f64::from).chain((0..t).map(f64::from)).chain((0..x * t).map(cell));
    values.for_each(|v| out.extend(v.to_be_bytes()));
    out
}
