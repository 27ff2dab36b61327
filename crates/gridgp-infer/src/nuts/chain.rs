//! One chain: tuning, then draws.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use gridgp_density::LogDensity;
use gridgp_grid::{Error, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::shape::Recent;
use super::step_size::StepSize;
use super::transition::{Move, Moved, Point, transition};
use super::{Adapted, ChainDraws, ChainState, Event, NutsOptions, Phase, Whitening};

/// The shape is learned for the first time after this many draws of tuning.
const FIRST_LOOK: usize = 10;
/// The same where something is known of it: what few draws say would be worse.
const FIRST_LOOK_WHERE_KNOWN: usize = 60;
/// Until then trajectories are short: in coordinates that may be far from white, long ones would
/// cost more than they teach.
const FIRST_DEPTH: usize = 6;
/// A step is up to this share longer or shorter than the tuned one, so that no trajectory comes
/// back to where it started, draw after draw.
const JITTER: f64 = 0.1;

/// What all draws of a chain have in common.
pub(super) struct Chain<'a, D> {
    pub(super) chain: usize,
    pub(super) density: D,
    pub(super) options: &'a NutsOptions,
    pub(super) observe: &'a (dyn Fn(&Event) -> ControlFlow<()> + Sync),
    pub(super) stop: &'a AtomicBool,
}

/// Random numbers of a chain for different purposes never meet.
#[derive(Clone, Copy)]
enum Purpose {
    Tuning,
    Sampling,
    Search,
}

impl<D: LogDensity> Chain<'_, D> {
    /// Tunes, unless `state` says how that ended, and draws what is left to draw.
    pub(super) fn run(mut self, start: &[f64], state: Option<&ChainState>) -> Result<ChainDraws> {
        let known = state.and_then(|s| Some((s, s.adapted.as_ref()?)));
        let mut draws = ChainDraws::new(self.chain, self.density.dim(), 0);
        match known {
            None => {
                let point = self.point(start, "start")?;
                if let Some(point) = self.tune(point, &mut draws)? {
                    self.sample(point, &mut draws)?;
                }
            }
            Some((state, adapted)) => {
                draws.first = state.draws;
                draws.adapted = Some(adapted.clone());
                let point = self.point(&adapted.position, "last draw")?;
                self.sample(point, &mut draws)?;
            }
        }
        Ok(draws)
    }

    /// The first of these draws that this chain would not have made, as far as one evaluation a
    /// draw and two trajectories tell.
    pub(super) fn foreign(mut self, made: &ChainDraws) -> Result<Option<usize>> {
        let Some(Adapted { step_size, whitening, position }) = &made.adapted else {
            return Ok(None);
        };
        let mut gradient = vec![0.0; made.dim];
        for (i, statistics) in made.statistics.iter().enumerate() {
            let lp = self.density.log_density_gradient(made.draw(i), &mut gradient);
            if lp.to_bits() != statistics.lp.to_bits() {
                return Ok(Some(i));
            }
        }
        let Some(last) = made.len().checked_sub(1) else { return Ok(None) };
        for i in [0, last] {
            let from = if i == 0 { &position[..] } else { made.draw(i - 1) };
            let Some(from) = Point::new(&mut self.density, from) else { return Ok(Some(i)) };
            let depth = self.options.max_depth;
            let moved = self.step(&from, whitening, *step_size, depth, Purpose::Sampling, i)?;
            // As text, in which NaN equals NaN and every other number itself alone.
            let same = |moved: Moved| {
                format!("{:?} {:?}", moved.to.x, moved.statistics)
                    == format!("{:?} {:?}", made.draw(i), made.statistics[i])
            };
            if !moved.is_some_and(same) {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    fn point(&mut self, x: &[f64], what: &str) -> Result<Point> {
        Point::new(&mut self.density, x).ok_or_else(|| {
            Error::Inference(format!(
                "the {what} of chain {} lies outside the support: the log density there is -inf \
                 or has no gradient; start from the mode, or from values that fit the data's \
                 scale",
                self.chain
            ))
        })
    }

    /// The point at which tuning ended, or None where it was interrupted.
    fn tune(&mut self, mut point: Point, draws: &mut ChainDraws) -> Result<Option<Point>> {
        let options = self.options;
        let dim = self.density.dim();
        let mut whitening = options.whitening.clone().unwrap_or_else(|| Whitening::identity(dim));
        let first = match options.whitening {
            Some(_) => FIRST_LOOK_WHERE_KNOWN,
            None => FIRST_LOOK,
        };
        let mut looks = looks(options.tune, first).into_iter().peekable();
        let mut recent = Recent::new(dim);
        let mut since = 0;
        let mut step = match self.search(&point, &whitening, 0)? {
            Some(first) => StepSize::new(options.target_accept, first),
            None => return Ok(None),
        };
        for t in 0..options.tune {
            let blind = t < FIRST_LOOK && options.whitening.is_none();
            let depth = if blind { options.max_depth.min(FIRST_DEPTH) } else { options.max_depth };
            let moved = self.step(&point, &whitening, step.current(), depth, Purpose::Tuning, t)?;
            let Some(Moved { to, statistics, acceptance, telling }) = moved else {
                return Ok(None);
            };
            point = to;
            step.learn(acceptance);
            if telling {
                recent.push(&point.x, &point.gradient);
                since += 1;
            }
            draws.tuning_draws += 1;
            draws.tuning_divergences += usize::from(statistics.diverging);
            draws.tuning_steps += statistics.n_steps as usize;
            let (chain, x, statistics) = (self.chain, &point.x, &statistics);
            self.tell(&Event::Draw { chain, phase: Phase::Tuning, draw: t, x, statistics });
            if looks.next_if_eq(&(t + 1)).is_some()
                && let Some(better) = recent.whitening(options.metric)
            {
                whitening = better;
                recent.forget_all_but(since);
                since = 0;
                match self.search(&point, &whitening, t + 1)? {
                    Some(first) => step = StepSize::new(options.target_accept, first),
                    None => return Ok(None),
                }
            }
            if self.stop.load(Ordering::Relaxed) && t + 1 < options.tune {
                return Ok(None);
            }
        }
        let position = point.x.clone();
        let adapted = Adapted { step_size: step.best(), whitening, position };
        self.tell(&Event::Tuned { chain: self.chain, adapted: &adapted });
        draws.adapted = Some(adapted);
        Ok(Some(point))
    }

    fn sample(&mut self, mut point: Point, draws: &mut ChainDraws) -> Result<()> {
        let Some(Adapted { step_size, whitening, .. }) = draws.adapted.clone() else {
            return Ok(());
        };
        let depth = self.options.max_depth;
        for i in draws.first..self.options.draws {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let moved = self.step(&point, &whitening, step_size, depth, Purpose::Sampling, i)?;
            let Some(Moved { to, statistics, .. }) = moved else { break };
            point = to;
            draws.push(&point.x, statistics);
            let (chain, x, statistics) = (self.chain, &point.x, &statistics);
            self.tell(&Event::Draw { chain, phase: Phase::Sampling, draw: i, x, statistics });
        }
        Ok(())
    }

    /// One draw, with the random numbers that belong to it.
    fn step(
        &mut self,
        from: &Point,
        whitening: &Whitening,
        step_size: f64,
        max_depth: usize,
        purpose: Purpose,
        draw: usize,
    ) -> Result<Option<Moved>> {
        let mut rng = self.random(purpose, draw);
        let step_size = match purpose {
            Purpose::Sampling => step_size * rng.random_range(1.0 - JITTER..1.0 + JITTER),
            _ => step_size,
        };
        let how = Move { whitening, step_size, max_depth, stop: self.stop };
        transition(&mut self.density, from, &how, rng)
    }

    /// A step size near the one where a single step is accepted as often as asked: doubled or
    /// halved until it crosses. None where it was stopped.
    fn search(&mut self, from: &Point, whitening: &Whitening, at: usize) -> Result<Option<f64>> {
        let mut size = 0.5;
        let mut accepted = None;
        for _ in 0..60 {
            // The same random numbers each time: the same direction and momentum.
            let Some(moved) = self.step(from, whitening, size, 1, Purpose::Search, at)? else {
                return Ok(None);
            };
            let enough = moved.statistics.acceptance_rate > self.options.target_accept;
            if accepted.is_some_and(|before| before != enough) {
                break;
            }
            accepted = Some(enough);
            size *= if enough { 2.0 } else { 0.5 };
            if size > 4.0 {
                break;
            }
        }
        Ok(Some(size))
    }

    /// Random numbers by seed, chain, purpose and draw: 16 words of a stream for each draw.
    fn random(&self, purpose: Purpose, draw: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.options.seed);
        rng.set_stream(4 * self.chain as u64 + purpose as u64);
        rng.set_word_pos(16 * draw as u128);
        rng
    }

    fn tell(&self, event: &Event) {
        if (self.observe)(event).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// After how many draws of tuning the shape is learned anew: windows that grow by half, each look
/// at two of them, the last one so early that the step size has the time to follow.
fn looks(tune: usize, first: usize) -> Vec<usize> {
    let last = tune - (tune * 3 / 20).max(50).min(tune / 2);
    let after = |t: usize| (t + 10).max(t * 3 / 2);
    let mut looks = vec![];
    let mut next = first;
    while next < last {
        looks.push(next);
        next = after(next);
    }
    // No short window at the end.
    while looks.last().is_some_and(|&t| last - t < t / 4) {
        looks.pop();
    }
    looks.push(last);
    looks.retain(|&t| t > 0);
    looks
}

#[cfg(test)]
mod tests {
    use super::{FIRST_LOOK, FIRST_LOOK_WHERE_KNOWN, looks};

    #[test]
    fn looks_end_before_tuning_does() {
        let all = [10, 20, 30, 45, 67, 100, 150, 225, 337, 505, 850];
        assert_eq!(looks(1000, FIRST_LOOK), all);
        assert_eq!(looks(0, FIRST_LOOK), [0; 0]);
        assert_eq!(looks(1, FIRST_LOOK), [1]);
        let known = [60, 90, 135, 202, 303, 454, 850];
        assert_eq!(looks(1000, FIRST_LOOK_WHERE_KNOWN), known);
        for (tune, first) in (1..3000).flat_map(|t| [(t, FIRST_LOOK), (t, FIRST_LOOK_WHERE_KNOWN)])
        {
            let looks = looks(tune, first);
            assert!(looks.is_sorted() && *looks.last().unwrap() <= tune, "{tune}: {looks:?}");
            assert!(tune < 400 || *looks.last().unwrap() < tune - 50);
        }
    }
}
