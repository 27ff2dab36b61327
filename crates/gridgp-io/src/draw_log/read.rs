//! Reading a log.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use gridgp_fit::{LogHeader, LoggedRun};
use gridgp_infer::{Adapted, ChainDraws, Statistics, Whitening};

use super::bytes::{Taker, checksum};
use super::{FORMAT, MAGIC};
use crate::{Error, Result};

/// Reads a log, which may still be growing.
///
/// # Errors
/// The file cannot be read, is no log or one of another format, or is damaged before its end.
pub fn read_draw_log(path: &Path) -> Result<LoggedRun> {
    let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    Ok(read(path, &file, |_| Ok(()))?.0)
}

/// Where the last whole record ends, and the checksum there.
pub(super) struct End {
    pub(super) at: u64,
    pub(super) sum: u32,
}

/// Whether this is the beginning of a log, cut off before the end of its header.
pub(super) fn ends_in_header(path: &Path, mut file: &File) -> Result<bool> {
    let cannot = |e| Error::io("read", path, e);
    let length = file.metadata().map_err(cannot)?.len();
    let first = [MAGIC.as_slice(), &FORMAT.to_le_bytes()].concat();
    if length < first.len() as u64 {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(cannot)?;
        return Ok(first.starts_with(&bytes));
    }
    let reader = BufReader::new(file);
    let mut frames = Frames { path, reader, at: 0, sum: 0, length, contents: vec![] };
    frames.check_format()?;
    Ok(frames.next()?.is_none())
}

/// As [`read_draw_log`], with where it ends. `admit` sees the header before any record is read.
pub(super) fn read(
    path: &Path,
    file: &File,
    admit: impl FnOnce(&LogHeader) -> Result<()>,
) -> Result<(LoggedRun, End)> {
    let length = file.metadata().map_err(|e| Error::io("read", path, e))?.len();
    let reader = BufReader::new(file);
    let mut frames = Frames { path, reader, at: 0, sum: 0, length, contents: vec![] };
    frames.check_format()?;
    let header = match frames.next()? {
        Some(contents) => take_header(&mut Taker(contents)),
        None => {
            return Err(Error::file(
                path,
                "ends before its header does: its run was killed at once; remove the file and \
                 start anew",
            ));
        }
    };
    let header = header.ok_or_else(|| frames.damaged("a header that cannot be understood"))?;
    admit(&header)?;
    // Each has its place in memory, also before its first record.
    if header.chains as u64 > length {
        return Err(frames.damaged("a header with more chains than the file has bytes"));
    }
    let chain = |chain| ChainDraws::new(chain, header.dim, 0);
    let mut chains: Vec<ChainDraws> = (0..header.chains).map(chain).collect();
    loop {
        let before = frames.at;
        let Some(contents) = frames.next()? else { break };
        if add(&mut Taker(contents), header.dim, &mut chains).is_none() {
            frames.at = before;
            return Err(frames.damaged("a record that does not follow from those before"));
        }
    }
    let end = End { at: frames.at, sum: frames.sum };
    Ok((LoggedRun { header, chains, ignored_bytes: length - end.at }, end))
}

struct Frames<'a> {
    path: &'a Path,
    reader: BufReader<&'a File>,
    /// Where the next frame begins.
    at: u64,
    /// The checksum of the contents before it.
    sum: u32,
    length: u64,
    contents: Vec<u8>,
}

impl Frames<'_> {
    fn damaged(&self, what: &str) -> Error {
        let at = self.at;
        Error::file(
            self.path,
            format!("there is {what} at byte {at}: the file was damaged; remove it and start anew"),
        )
    }

    fn fill(&mut self, n: u64) -> Result<()> {
        self.contents.clear();
        let read = (&mut self.reader).take(n).read_to_end(&mut self.contents);
        match read {
            Ok(read) if read as u64 == n => Ok(()),
            Ok(_) => Err(Error::io("read", self.path, io::ErrorKind::UnexpectedEof.into())),
            Err(e) => Err(Error::io("read", self.path, e)),
        }
    }

    fn check_format(&mut self) -> Result<()> {
        self.fill(self.length.min(12))?;
        let mut taker = Taker(&self.contents);
        if taker.bytes(8).is_none_or(|magic| magic != MAGIC) {
            return Err(Error::file(self.path, "is not a log of draws; give another file"));
        }
        match taker.u32() {
            Some(FORMAT) => {
                self.at = 12;
                Ok(())
            }
            Some(format) => Err(Error::file(
                self.path,
                format!(
                    "has format {format} and this version of gridgp reads format {FORMAT}; go on \
                     with the version that began the run, or remove the file and start anew"
                ),
            )),
            None => Err(Error::file(self.path, "ends in its first bytes; remove it")),
        }
    }

    /// The contents of the next frame; None at the end, also where the last frame is torn.
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let left = self.length - self.at;
        if left < 8 {
            return Ok(None);
        }
        self.fill(8)?;
        let mut taker = Taker(&self.contents);
        let (size, flipped) = (taker.u32().unwrap_or(0), taker.u32().unwrap_or(0));
        if size != !flipped {
            return Err(self.damaged("no length of a record"));
        }
        let whole = 8 + u64::from(size) + 4;
        if left < whole {
            return Ok(None);
        }
        self.fill(whole - 8)?;
        let (contents, written) = self.contents.split_at(size as usize);
        let sum = checksum(self.sum, contents);
        if written != sum.to_le_bytes() {
            return Err(self.damaged("a wrong checksum of the record"));
        }
        (self.at, self.sum) = (self.at + whole, sum);
        self.contents.truncate(size as usize);
        Ok(Some(&self.contents))
    }
}

fn take_header(taker: &mut Taker) -> Option<LogHeader> {
    let count = taker.u32()?;
    let mut parts = vec![];
    for _ in 0..count {
        let name = String::from_utf8(taker.sized()?.to_vec()).ok()?;
        parts.push((name, taker.sized()?.to_vec()));
    }
    let (dim, chains, tune, draws) = (taker.size()?, taker.size()?, taker.size()?, taker.size()?);
    let header = LogHeader { parts, dim, chains, tune, draws, seed: taker.u64()? };
    taker.0.is_empty().then_some(header)
}

/// Adds a record to its chain; None if it does not fit.
fn add(taker: &mut Taker, dim: usize, chains: &mut [ChainDraws]) -> Option<()> {
    let kind = taker.u8()?;
    let chain = chains.get_mut(taker.u32()? as usize)?;
    match kind {
        1 => {
            let (sampling, draw) = (taker.u8()? == 1, taker.size()?);
            let statistics = take_statistics(taker)?;
            if sampling {
                if draw != chain.len() || chain.adapted.is_none() {
                    return None;
                }
                let x = taker.f64s(dim)?;
                chain.push(&x, statistics);
            } else {
                // A chain that was killed while tuning begins its tuning anew.
                if draw == 0 {
                    (chain.tuning_draws, chain.tuning_divergences, chain.tuning_steps) = (0, 0, 0);
                }
                if draw != chain.tuning_draws || chain.adapted.is_some() {
                    return None;
                }
                chain.tuning_draws += 1;
                chain.tuning_divergences += usize::from(statistics.diverging);
                chain.tuning_steps += statistics.n_steps as usize;
            }
        }
        2 if chain.adapted.is_none() => {
            let step_size = taker.f64()?;
            let rank = taker.u32()? as usize;
            let whitening = Whitening {
                scales: taker.f64s(dim)?,
                directions: taker.f64s(rank.checked_mul(dim)?)?,
                stretches: taker.f64s(rank)?,
            };
            chain.adapted = Some(Adapted { step_size, whitening, position: taker.f64s(dim)? });
        }
        _ => return None,
    }
    taker.0.is_empty().then_some(())
}

fn take_statistics(taker: &mut Taker) -> Option<Statistics> {
    let (lp, energy, max_energy_error) = (taker.f64()?, taker.f64()?, taker.f64()?);
    let (acceptance_rate, step_size) = (taker.f64()?, taker.f64()?);
    let (tree_depth, n_steps, flags) = (taker.u32()?, taker.u32()?, taker.u8()?);
    Some(Statistics {
        lp,
        energy,
        max_energy_error,
        acceptance_rate,
        step_size,
        tree_depth,
        n_steps,
        diverging: flags & 1 != 0,
        reached_max_treedepth: flags & 2 != 0,
    })
}
