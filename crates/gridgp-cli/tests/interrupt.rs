//! Runs of `nuts` that are stopped, killed or out of disk space, and go on.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gridgp_fit::LoggedRun;
use gridgp_infer::{Event, Phase};
use gridgp_io::{DrawLog, read_draw_log};
use serde_json::Value;

/// Enough that a run can be stopped in the middle, also where it is fast.
const DRAWS: usize = 4000;

/// Counts on 6 x 5 cells, so that parameters and field are sampled together.
const MODEL: &str = r#"
[data]
file = "data.csv"
response = "y"
axes = ["x", "t"]

[parameters]
base = "normal(1, 1)"
ls = "inverse_gamma(5, scale = 5)"
eta = "half_normal(1)"

[fields.f]
amplitude = "eta"
x = "matern52(lengthscale = ls)"
t = "matern32(lengthscale = 2)"

[likelihood]
family = "poisson"
rate = "exp(base + f)"

[inference]
method = "nuts"
chains = 2
tune = 300
draws = 4000
target_accept = 0.9
"#;

fn table() -> String {
    let cell = |c: i32| format!("{},{},{}\n", c / 5, c % 5, (c * 7 + c * c) % 6);
    std::iter::once("x,t,y\n".to_owned()).chain((0..30).map(cell)).collect()
}

fn folder(model: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table()).unwrap();
    std::fs::write(folder.path().join("model.toml"), model).unwrap();
    folder
}

const FIT: [&str; 7] = ["fit", "model.toml", "-o", "fit.nc", "--json", "--threads", "2"];

fn gridgp(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridgp"));
    command.current_dir(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, what it printed and what it said.
fn end(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn run(mut command: Command) -> (Option<i32>, String, String) {
    end(command.spawn().unwrap())
}

/// The run goes on to its end.
fn resumed(folder: &Path) -> Value {
    let (code, printed, said) = run(gridgp(folder, &[&FIT[..], &["--resume"]].concat()));
    assert_eq!(code, Some(0), "{said}");
    assert!(!folder.join("fit.nc.partial").exists());
    assert!(folder.join("fit.nc").exists());
    serde_json::from_str(&printed).unwrap()
}

/// What the model's run gives where nothing happens to it.
static UNINTERRUPTED: LazyLock<Value> = LazyLock::new(|| {
    let folder = folder(MODEL);
    let (code, printed, said) = run(gridgp(folder.path(), &FIT));
    assert_eq!(code, Some(0), "{said}");
    assert!(!folder.path().join("fit.nc.partial").exists());
    serde_json::from_str(&printed).unwrap()
});

/// Numbers are written so that they are read back to the last bit.
fn assert_as_uninterrupted(found: &Value) {
    for key in ["parameters", "fields", "loo", "draws", "divergences", "bfmi", "step_sizes"] {
        assert!(!found[key].is_null(), "{key}");
        assert_eq!(found[key], UNINTERRUPTED[key], "{key}");
    }
    assert_eq!(found["interrupted"], false);
    assert_eq!(found["draws"], DRAWS);
}

/// Waits until what is on disk is `enough`, while the program runs.
fn wait(child: &mut Child, log: &Path, enough: impl Fn(&LoggedRun) -> bool) {
    let begun = Instant::now();
    loop {
        // It may not be there yet, or have half a header.
        if read_draw_log(log).is_ok_and(|run| enough(&run)) {
            return;
        }
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "the run has ended ({ended:?}) before it could be stopped");
        assert!(begun.elapsed() < Duration::from_secs(120), "the run does not get there");
        sleep(Duration::from_millis(2));
    }
}

fn tuning(run: &LoggedRun) -> bool {
    run.chains.iter().all(|c| c.tuning_draws > 20)
}

fn sampling(run: &LoggedRun) -> bool {
    run.chains.iter().all(|c| c.len() > 50)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// A run that got a signal at a certain point, and how it ended.
struct Stopped {
    folder: tempfile::TempDir,
    log: PathBuf,
    code: Option<i32>,
    printed: String,
    said: String,
}

fn stopped(name: &str, enough: impl Fn(&LoggedRun) -> bool) -> Stopped {
    let folder = folder(MODEL);
    let log = folder.path().join("fit.nc.partial");
    let mut child = gridgp(folder.path(), &FIT).spawn().unwrap();
    wait(&mut child, &log, enough);
    signal(&child, name);
    let (code, printed, said) = end(child);
    Stopped { folder, log, code, printed, said }
}

#[test]
fn ctrl_c_keeps_the_draws_and_the_run_goes_on() {
    let Stopped { folder, log, code, printed, said } = stopped("-INT", sampling);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("what has been drawn is kept"), "{said}");
    let summary: Value = serde_json::from_str(&printed).unwrap();
    let shortest = read_draw_log(&log).unwrap().chains.iter().map(|c| c.len()).min().unwrap();
    assert_eq!(summary["interrupted"], true);
    assert_eq!(summary["draws"], shortest);
    assert!(shortest > 50 && shortest < DRAWS, "{shortest}");
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("--resume"), "{warnings}");
    // The fit file has these draws, and is one that can be used.
    let (code, again, said) = run(gridgp(folder.path(), &["summary", "fit.nc", "--json"]));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), summary);
    let (code, _, said) = run(gridgp(folder.path(), &["predict", "fit.nc", "-o", "out.csv"]));
    assert_eq!(code, Some(0), "{said}");

    assert_as_uninterrupted(&resumed(folder.path()));
}

#[test]
fn ctrl_c_before_there_are_draws_leaves_a_run_that_goes_on() {
    let Stopped { folder, log, code, said, .. } = stopped("-INT", tuning);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--resume") && said.contains("nothing to keep"), "{said}");
    assert!(log.exists() && !folder.path().join("fit.nc").exists());
    assert_as_uninterrupted(&resumed(folder.path()));
}

#[test]
fn a_run_killed_while_sampling_goes_on() {
    let Stopped { folder, log, code, .. } = stopped("-KILL", sampling);
    assert_eq!(code, None);
    assert!(!folder.path().join("fit.nc").exists());
    // What it was writing may be torn.
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, &whole[..whole.len() - 11]).unwrap();
    let kept: usize = read_draw_log(&log).unwrap().chains.iter().map(|c| c.len()).sum();
    assert!(kept > 100);
    assert_as_uninterrupted(&resumed(folder.path()));
}

#[test]
fn a_run_killed_while_tuning_begins_its_tuning_anew() {
    let Stopped { folder, log, code, .. } = stopped("-KILL", tuning);
    assert_eq!(code, None);
    assert!(!folder.path().join("fit.nc").exists() && log.exists());
    // And once more, when it has gone on.
    let mut child = gridgp(folder.path(), &[&FIT[..], &["--resume"]].concat()).spawn().unwrap();
    wait(&mut child, &log, sampling);
    // Meanwhile nobody else writes there.
    for also in [&["--resume"][..], &[]] {
        let (code, _, said) = run(gridgp(folder.path(), &[&FIT[..], also].concat()));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("is writing its draws there at this moment"), "{said}");
        assert!(!said.contains("goes on with it"), "{said}");
    }
    signal(&child, "-KILL");
    end(child);
    assert_as_uninterrupted(&resumed(folder.path()));
}

#[test]
fn another_run_does_not_go_on_and_none_is_overwritten() {
    let Stopped { folder, log, .. } = stopped("-KILL", sampling);
    let here = folder.path();
    let before = std::fs::read(&log).unwrap();
    let refused = |arguments: &[&str], words: &[&str]| {
        let (code, _, said) = run(gridgp(here, &[&FIT[..], arguments].concat()));
        assert_eq!(code, Some(1), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
        assert_eq!(std::fs::read(&log).unwrap(), before, "the draws were touched");
        assert!(!here.join("fit.nc").exists());
    };
    refused(&[], &["fit.nc.partial", "--resume", "remove the file"]);
    refused(&["--resume", "--seed", "7"], &["its seed was 0, now it is 7"]);

    std::fs::write(here.join("model.toml"), MODEL.replace("half_normal(1)", "half_normal(2)"))
        .unwrap();
    refused(&["--resume"], &["the model changed", "remove the file"]);
    std::fs::write(here.join("model.toml"), MODEL).unwrap();

    std::fs::write(here.join("data.csv"), table().replace("0,0,0\n", "0,0,1\n")).unwrap();
    refused(&["--resume"], &["the data changed"]);
    std::fs::write(here.join("data.csv"), table()).unwrap();

    // A byte in the middle that has changed is found.
    let mut damaged = before.clone();
    damaged[before.len() / 2] ^= 1;
    std::fs::write(&log, &damaged).unwrap();
    let (code, _, said) = run(gridgp(here, &[&FIT[..], &["--resume"]].concat()));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("damaged"), "{said}");
    assert_eq!(std::fs::read(&log).unwrap(), damaged);

    // And so is one whose checksums fit: the model and the seed give other draws.
    std::fs::write(&log, &before).unwrap();
    let mut run_before = read_draw_log(&log).unwrap();
    let x = &mut run_before.chains[1].x[3];
    *x = f64::from_bits(x.to_bits() ^ 1);
    std::fs::remove_file(&log).unwrap();
    written(&log, &run_before);
    let (code, _, said) = run(gridgp(here, &[&FIT[..], &["--resume"]].concat()));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("fit.nc.partial: draw 0 of chain 1 is not the one"), "{said}");
    std::fs::write(&log, &before).unwrap();

    assert_as_uninterrupted(&resumed(here));
}

/// Writes a log anew, without its draws for tuning.
fn written(path: &Path, run: &LoggedRun) {
    let log = DrawLog::create(path, &run.header).unwrap();
    for c in &run.chains {
        let chain = c.chain;
        log.record(&Event::Tuned { chain, adapted: c.adapted.as_ref().unwrap() }).unwrap();
        for (draw, statistics) in c.statistics.iter().enumerate() {
            let (phase, x) = (Phase::Sampling, c.draw(draw));
            log.record(&Event::Draw { chain, phase, draw, x, statistics }).unwrap();
        }
    }
}

/// Only the number of draws is another: the draws that there are stay, and more follow.
#[test]
fn a_run_that_was_stopped_can_be_made_longer() {
    let Stopped { folder, log, .. } = stopped("-KILL", sampling);
    let here = folder.path();
    let before = read_draw_log(&log).unwrap();
    let longer = MODEL.replace("draws = 4000", "draws = 4100  # a few more");
    assert_ne!(longer, MODEL);
    std::fs::write(here.join("model.toml"), &longer).unwrap();
    let mut child = gridgp(here, &[&FIT[..], &["--resume"]].concat()).spawn().unwrap();
    wait(&mut child, &log, |run| run.chains.iter().all(|c| c.len() > 4050));
    signal(&child, "-KILL");
    end(child);
    let after = read_draw_log(&log).unwrap();
    for (before, after) in before.chains.iter().zip(&after.chains) {
        assert!(after.x.starts_with(&before.x) && after.adapted == before.adapted);
    }
    // Fewer than there are already is an error, not a shorter run.
    std::fs::write(here.join("model.toml"), MODEL).unwrap();
    let (code, _, said) = run(gridgp(here, &[&FIT[..], &["--resume"]].concat()));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("more than the 4000 asked for"), "{said}");
    std::fs::write(here.join("model.toml"), &longer).unwrap();
    let found = resumed(here);
    assert_eq!((&found["draws"], &found["interrupted"]), (&4100.into(), &false.into()));
}

#[test]
fn nothing_to_resume_is_a_new_run() {
    let folder = folder(&MODEL.replace("4000", "20").replace("300", "20"));
    let (code, _, said) = run(gridgp(folder.path(), &[&FIT[..], &["--resume"]].concat()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("nothing to resume"), "{said}");
}

/// With files of at most so many bytes, as if the disk were full.
fn limited(folder: &Path, bytes: u64, arguments: &[&str]) -> (Option<i32>, String, String) {
    // Blocks of `ulimit` have 512 bytes. Without the signal the write fails as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_gridgp")]).args(arguments);
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    run(command)
}

#[test]
fn a_full_disk_leaves_no_half_written_fit() {
    // While draws are written.
    let folder = folder(MODEL);
    let here = folder.path();
    let (code, _, said) = limited(here, 300 << 10, &FIT);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("fit.nc.partial") && said.contains("--resume"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let names = || -> Vec<String> {
        let files = std::fs::read_dir(here).unwrap();
        let mut names: Vec<String> =
            files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let kept = ["data.csv", "fit.nc.partial", "model.toml"];
    assert_eq!(names(), kept);

    // While the fit file is written: the draws are all there, and stay.
    let all = UNINTERRUPTED["draws"].as_u64().unwrap() * 2;
    let draws = all * (33 * 8 + 200);
    let (code, _, said) = limited(here, draws, &[&FIT[..], &["--resume"]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot write fit.nc"), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert_eq!(names(), kept);
    let run = read_draw_log(&here.join("fit.nc.partial")).unwrap();
    assert!(run.chains.iter().all(|c| c.len() == DRAWS));

    assert_as_uninterrupted(&resumed(here));
}

#[test]
fn ctrl_c_keeps_the_best_point_of_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // Three fields on a line of 700 points, from many starts: far more than a second.
    let rows = (0..700).map(|i| f64::from(i) / 50.0).map(|t| format!("{t},{}\n", (3.0 * t).sin()));
    std::fs::write(here.join("data.csv"), format!("t,y\n{}", rows.collect::<String>())).unwrap();
    let model = "[data]\nfile = 'data.csv'\nresponse = 'y'\naxes = ['t']\n[fields.f]\n\
                 t = 'matern32()'\n[fields.g]\nt = 'matern52()'\n[fields.h]\nt = 'matern12()'\n\
                 [likelihood]\nfamily = 'gaussian'\nlocation = 'f + g + h'\n\
                 [inference]\nstarts = 100\n";
    std::fs::write(here.join("model.toml"), model).unwrap();
    let child = gridgp(here, &FIT).spawn().unwrap();
    sleep(Duration::from_secs(4));
    signal(&child, "-INT");
    let begun = Instant::now();
    let (code, printed, said) = end(child);
    assert_eq!(code, Some(0), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(60), "starts that had not begun were begun");
    assert!(said.contains("stopping: the best point so far is kept"), "{said}");
    assert!(said.contains("warning: the search was stopped"), "{said}");
    let summary: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&summary["interrupted"], &summary["converged"]), (&true.into(), &false.into()));
    assert!(summary["starts"][99]["log_posterior"].is_null(), "all starts had begun");
    let (code, told, _) = run(gridgp(here, &["summary", "fit.nc"]));
    assert!(code == Some(0) && told.contains("STOPPED after"), "{told}");
    let (code, _, said) = run(gridgp(here, &["predict", "fit.nc", "--only", "f", "-o", "p.csv"]));
    assert_eq!(code, Some(0), "{said}");
    let (code, _, said) = run(gridgp(here, &["report", "fit.nc", "-o", "r.html", "--quiet"]));
    assert_eq!(code, Some(0), "{said}");
    let page = std::fs::read_to_string(here.join("r.html")).unwrap();
    assert!(page.contains("The search was stopped."));
}
