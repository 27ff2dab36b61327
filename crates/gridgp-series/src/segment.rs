//! A stretch of the filter with everything that a sweep back over it needs.

use std::ops::Range;

use crate::filter::{write_constant, write_loading};
use crate::size::width;
use crate::state::State;
use crate::step::{Needs, Step};
use crate::{Error, Observations, Process};

/// Numbers of a segment: 8 MiB.
const NUMBERS: usize = 1 << 20;

/// Mean and covariance before each time of a stretch, and what its observations added.
///
/// Sweeps back need them in reverse order. All of them would be T d² numbers; so they are kept for a
/// stretch at a time, and made again from where it starts.
#[derive(Debug)]
pub(crate) struct Segment<const D: usize> {
    /// The times of the stretch.
    pub(crate) times: Range<usize>,
    /// The first of its observations.
    pub(crate) first: usize,
    /// a before each time.
    pub(crate) a: Vec<f64>,
    /// P before each time.
    pub(crate) p: Vec<f64>,
    /// P h of each observation.
    pub(crate) columns: Vec<f64>,
    /// What each observation was off.
    pub(crate) v: Vec<f64>,
    /// Its variance.
    pub(crate) s: Vec<f64>,
}

/// A filter in segments: where each of them starts.
pub(crate) struct Segments<'f, const D: usize> {
    process: &'f Process,
    observations: &'f Observations<'f>,
    r: &'f [f64],
    length: usize,
    starts: Vec<State<D>>,
    step: Step,
    loading: Vec<f64>,
    pub(crate) segment: Segment<D>,
}

impl<'f, const D: usize> Segments<'f, D> {
    #[inline(always)]
    pub(crate) fn new(
        process: &'f Process,
        observations: &'f Observations<'f>,
        r: &'f [f64],
    ) -> Self {
        let d = width::<D>(process.size);
        let times = observations.times.len();
        let length = (NUMBERS / (d * (d + 1)).max(1)).clamp(1, times.max(1));
        let mut loading = vec![0.0; process.blocks.len()];
        write_constant(&observations.loadings, &mut loading);
        let most = (0..times.div_ceil(length))
            .map(|i| {
                observations.starts[times.min((i + 1) * length)] - observations.starts[i * length]
            })
            .max()
            .unwrap_or(0);
        let segment = Segment {
            times: 0..0,
            first: 0,
            a: vec![0.0; length * d],
            p: vec![0.0; length * d * d],
            columns: vec![0.0; most * d],
            v: vec![0.0; most],
            s: vec![0.0; most],
        };
        let step = Step::new(process, Needs::Noise);
        Self { process, observations, r, length, starts: Vec::new(), step, loading, segment }
    }

    pub(crate) fn count(&self) -> usize {
        self.observations.times.len().div_ceil(self.length)
    }

    /// Runs over segment `i`, which comes after those that were run before or is one of them.
    #[inline(always)]
    pub(crate) fn run(&mut self, i: usize) -> Result<(), Error> {
        let Self { process, observations, r, length, starts, step, loading, segment } = self;
        let d = width::<D>(process.size);
        let Observations { times, starts: of_time, loadings, variances } = observations;
        let range = i * *length..times.len().min((i + 1) * *length);
        if starts.is_empty() {
            starts.push(State::start(process));
        }
        let mut state = starts[i].clone();
        segment.times = range.clone();
        segment.first = of_time[range.start];
        for (at, k) in range.clone().enumerate() {
            // The start is before the first time of the segment.
            if at > 0 {
                step.to(process, times[k] - times[k - 1]);
                state.predict(process, step);
            }
            segment.a[at * d..at * d + d].copy_from_slice(&state.a[..d]);
            segment.p[at * d * d..(at + 1) * d * d].copy_from_slice(&state.p[..d * d]);
            for o in of_time[k]..of_time[k + 1] {
                write_loading(loadings, o, loading);
                let to = o - segment.first;
                let column = &mut segment.columns[to * d..to * d + d];
                let found = state.observe(process, loading, r[o], variances[o], column);
                if !(found.s > 0.0 && found.s.is_finite()) {
                    return Err(Error::Variance { time: times[k], variance: found.s });
                }
                (segment.v[to], segment.s[to]) = (found.v, found.s);
            }
        }
        if i + 1 == starts.len() && range.end < times.len() {
            step.to(process, times[range.end] - times[range.end - 1]);
            state.predict(process, step);
            starts.push(state);
        }
        Ok(())
    }
}
