use std::ops::ControlFlow::{Break, Continue};
use std::path::{Path, PathBuf};

use gridgp_density::LogDensity;
use gridgp_fit::{LogHeader, LoggedRun};
use gridgp_infer::{ChainDraws, Event, NutsOptions, Phase, nuts};

use super::*;

/// A normal density with correlation, so that there are directions to store.
struct Tilted;

impl LogDensity for Tilted {
    fn dim(&self) -> usize {
        2
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let (sum, difference) = (x[0] + x[1], x[0] - x[1]);
        gradient[0] = -sum - 100.0 * difference;
        gradient[1] = -sum + 100.0 * difference;
        -0.5 * sum * sum - 50.0 * difference * difference
    }
}

const STARTS: [[f64; 2]; 3] = [[0.0, 1.0], [1.0, 0.0], [-1.0, 2.0]];

fn starts() -> Vec<Vec<f64>> {
    STARTS.iter().map(|s| s.to_vec()).collect()
}

fn options() -> NutsOptions {
    NutsOptions { tune: 60, draws: 25, seed: 1, ..Default::default() }
}

fn header() -> LogHeader {
    let part = |name: &str, bytes: &[u8]| (name.to_string(), bytes.to_vec());
    LogHeader {
        parts: vec![part("model", b"abc"), part("data", &[0; 32]), part("settings", b"")],
        dim: 2,
        chains: 3,
        tune: 60,
        draws: 25,
        seed: 1,
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("run.draws")
    }
}

/// Writes a whole run, or until some chain has made this draw.
fn run(log: &DrawLog, run: Option<&LoggedRun>, until: Option<usize>) -> Vec<ChainDraws> {
    let states = run.map(LoggedRun::states);
    let draws = nuts(&|| Tilted, &starts(), &options(), states.as_deref(), &|event| {
        log.record(event).unwrap();
        match event {
            Event::Draw { phase: Phase::Sampling, draw, .. } if Some(*draw) == until => Break(()),
            _ => Continue(()),
        }
    });
    draws.unwrap().chains
}

/// A log of a whole run.
fn whole(path: &Path) -> Vec<ChainDraws> {
    let log = DrawLog::create(path, &header()).unwrap();
    let chains = run(&log, None, None);
    log.finish().unwrap();
    chains
}

#[test]
fn what_is_written_is_read() {
    let folder = Folder::new();
    let chains = whole(&folder.path());
    assert!(chains.iter().all(|c| c.adapted.as_ref().unwrap().whitening.rank() > 0));
    let read = read_draw_log(&folder.path()).unwrap();
    assert_eq!(read, LoggedRun { header: header(), chains, ignored_bytes: 0 });
}

#[test]
fn a_file_cut_anywhere_gives_what_came_before() {
    let folder = Folder::new();
    whole(&folder.path());
    let bytes = std::fs::read(folder.path()).unwrap();
    let draws = |run: &LoggedRun| run.chains.iter().map(ChainDraws::len).sum::<usize>();
    // The last record is a draw of 79 bytes in a frame of 12.
    let record = bytes.len() - 91;
    for end in record..bytes.len() {
        std::fs::write(folder.path(), &bytes[..end]).unwrap();
        let run = read_draw_log(&folder.path()).unwrap();
        assert_eq!((draws(&run), run.ignored_bytes), (74, (end - record) as u64));
    }
    // And a cut anywhere is an error with advice, or less of the run.
    let mut most = 0;
    for end in (0..200).chain((200..bytes.len()).step_by(37)) {
        std::fs::write(folder.path(), &bytes[..end]).unwrap();
        match read_draw_log(&folder.path()) {
            Ok(run) => {
                assert!(draws(&run) >= most);
                most = draws(&run);
            }
            Err(e) => assert!(end < 144 && e.to_string().contains("run.draws"), "{end}: {e}"),
        }
    }
    assert!(most > 72);
}

#[test]
fn damage_before_the_end_is_an_error() {
    let folder = Folder::new();
    whole(&folder.path());
    let bytes = std::fs::read(folder.path()).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        for flip in [1, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            std::fs::write(folder.path(), &damaged).unwrap();
            let message = read_draw_log(&folder.path()).unwrap_err().to_string();
            assert!(message.contains("run.draws"), "{at}: {message}");
            if at > 150 {
                assert!(message.contains("was damaged; remove it"), "{at}: {message}");
            }
        }
    }
}

#[test]
fn a_record_that_is_missing_is_noticed() {
    let folder = Folder::new();
    let log = DrawLog::create(&folder.path(), &header()).unwrap();
    // One thread: the last records are of one chain.
    let options = NutsOptions { threads: Some(1), ..options() };
    nuts(&|| Tilted, &starts(), &options, None, &|event| {
        log.record(event).unwrap();
        Continue(())
    })
    .unwrap();
    let mut bytes = std::fs::read(folder.path()).unwrap();
    let end = bytes.len();
    bytes.drain(end - 182..end - 91);
    std::fs::write(folder.path(), &bytes).unwrap();
    let message = read_draw_log(&folder.path()).unwrap_err().to_string();
    // Each checksum goes on from the one before.
    let place = format!("a wrong checksum of the record at byte {}", end - 182);
    assert!(message.contains(&place), "{message}");
}

#[test]
fn a_killed_run_goes_on_to_the_same_draws() {
    let folder = Folder::new();
    let chains = whole(&folder.path());
    std::fs::remove_file(folder.path()).unwrap();
    let log = DrawLog::create(&folder.path(), &header()).unwrap();
    run(&log, None, Some(7));
    drop(log);
    for (torn, until) in [(3, Some(16)), (40, None)] {
        let bytes = std::fs::read(folder.path()).unwrap();
        std::fs::write(folder.path(), &bytes[..bytes.len() - torn]).unwrap();
        let (log, found) = DrawLog::resume(&folder.path(), &header()).unwrap();
        assert!(found.ignored_bytes > 0);
        run(&log, Some(&found), until);
        log.finish().unwrap();
    }
    let read = read_draw_log(&folder.path()).unwrap();
    assert_eq!((read.ignored_bytes, &read.chains), (0, &chains));
}

#[test]
fn another_run_is_refused_with_what_changed() {
    let folder = Folder::new();
    whole(&folder.path());
    let message = |change: &dyn Fn(&mut LogHeader)| {
        let mut header = header();
        change(&mut header);
        DrawLog::resume(&folder.path(), &header).unwrap_err().to_string()
    };
    let data = message(&|h| h.parts[1].1[5] = 1);
    assert!(data.contains("another run: the data changed; undo"), "{data}");
    let both = message(&|h| {
        h.parts[0].1.clear();
        h.parts[2].1.push(1);
    });
    assert!(both.contains("the model changed, the settings changed;"), "{both}");
    assert!(message(&|h| h.parts.truncate(2)).contains("the settings changed"));
    assert!(message(&|h| h.chains = 4).contains("it had 3 chains, now there are 4"));
    assert!(message(&|h| h.tune = 4).contains("it had 60 tuning draws"));
    assert!(message(&|h| h.seed = 4).contains("its seed was 1, now it is 4"));
    let longer = LogHeader { draws: 100, ..header() };
    assert!(DrawLog::resume(&folder.path(), &longer).is_ok());
}

#[test]
fn a_log_that_was_cut_in_its_header_begins_anew() {
    let folder = Folder::new();
    DrawLog::create(&folder.path(), &header()).unwrap();
    let whole = std::fs::read(folder.path()).unwrap();
    for length in 0..=whole.len() {
        std::fs::write(folder.path(), &whole[..length]).unwrap();
        let (log, run) = DrawLog::resume(&folder.path(), &header()).unwrap();
        drop(log);
        assert!(run.chains.iter().all(|c| c.is_empty()), "{length}");
        assert_eq!(std::fs::read(folder.path()).unwrap(), whole, "{length}");
    }
    // What is no log is not written over.
    std::fs::write(folder.path(), b"x,y\n1").unwrap();
    assert!(DrawLog::resume(&folder.path(), &header()).is_err());
    assert_eq!(std::fs::read(folder.path()).unwrap(), b"x,y\n1");
}

#[test]
fn files_that_are_no_log() {
    let folder = Folder::new();
    let message = |bytes: &[u8]| {
        std::fs::write(folder.path(), bytes).unwrap();
        read_draw_log(&folder.path()).unwrap_err().to_string()
    };
    assert!(message(b"").contains("not a log of draws"));
    assert!(message(b"x,y\n1,2\n3,4\n").contains("not a log of draws"));
    assert!(message(b"gpdraws\n\x01\0\0\0").contains("has format 1"));
    assert!(message(b"gpdraws\n\x02\0\0\0").contains("before its header"));
    let message = DrawLog::create(&folder.path(), &header()).unwrap_err().to_string();
    assert!(message.contains("resume that run, or remove"), "{message}");
    std::fs::remove_file(folder.path()).unwrap();
    assert!(read_draw_log(&folder.path()).unwrap_err().to_string().contains("cannot read"));
}

/// A length in a header is not followed, whatever its checksum.
#[test]
fn more_chains_than_there_can_be() {
    let folder = Folder::new();
    for chains in [1 << 63, 1 << 40, 100_000] {
        let header = LogHeader { chains, ..header() };
        DrawLog::create(&folder.path(), &header).unwrap().finish().unwrap();
        let message = read_draw_log(&folder.path()).unwrap_err().to_string();
        assert!(message.contains("more chains than the file has bytes"), "{message}");
        let message = DrawLog::resume(&folder.path(), &self::header()).unwrap_err().to_string();
        assert!(message.contains("now there are 3"), "{message}");
        std::fs::remove_file(folder.path()).unwrap();
    }
}

#[test]
fn a_log_has_one_writer() {
    let folder = Folder::new();
    let log = DrawLog::create(&folder.path(), &header()).unwrap();
    for other in [
        DrawLog::create(&folder.path(), &header()).map(|_| ()),
        DrawLog::resume(&folder.path(), &header()).map(|_| ()),
    ] {
        let message = other.unwrap_err().to_string();
        assert!(message.contains("is writing its draws there at this moment"), "{message}");
    }
    run(&log, None, None);
    log.finish().unwrap();
    assert!(DrawLog::resume(&folder.path(), &header()).is_ok());
}
