//! A root of the covariance along a long axis by state space, at a cost that grows with its length alone.

use gridgp_grid::{Error, Result};
use gridgp_kernel::{Block, StateSpace};
use gridgp_model::AxisKernel;
use gridgp_series::{Informed, Loadings, Observations, Process, Sweep};

/// C R with R Rᵀ = K + εI as [`AxisRoot`](super::axis_root::AxisRoot) has it, R never written out:
/// the same numbers but for rounding. ε is the jitter times the mean of K's diagonal.
///
/// With information τ about each number of R z it goes from u, z = M⁻ᵀu; see
/// [`Informed`](gridgp_series::Informed).
#[derive(Debug, Clone)]
pub(super) struct SeriesAxis {
    name: String,
    pub(super) kernel: AxisKernel,
    form: StateSpace,
    pub(super) times: Vec<f64>,
    starts: Vec<usize>,
    jitter: f64,
    is_free: bool,
    /// How τ runs along the axis; empty for 1.
    course: Vec<f64>,
    /// What it is at the last θ and τ.
    at: Option<At>,
    /// For each stretch of the axes before it.
    sweeps: Vec<Sweep>,
}

/// A process with its root.
#[derive(Debug, Clone)]
struct At {
    tau: f64,
    numbers: Vec<f64>,
    blocks: Vec<Block>,
    process: Process,
    gains: Vec<f64>,
    weighted: Vec<Option<usize>>,
    weights: Vec<Vec<f64>>,
    variances: Vec<f64>,
    informed: Informed,
}

/// What each observation sees at `times`: for each block with centers which weights they are, and those.
pub(super) fn weigh(blocks: &[Block], times: &[f64]) -> (Vec<Option<usize>>, Vec<Vec<f64>>) {
    let mut weights = Vec::new();
    let mut weighted = vec![None; blocks.len()];
    for (block, weighted) in blocks.iter().zip(&mut weighted) {
        if !block.centers.is_empty() {
            *weighted = Some(weights.len());
            let of = |t: &f64| block.centers.iter().map(|c| t - c).product();
            weights.push(times.iter().map(of).collect());
        }
    }
    (if weights.is_empty() { Vec::new() } else { weighted }, weights)
}

/// The shape of a tensor around the axis: left × times × right.
pub(super) type View = (usize, usize);

impl SeriesAxis {
    /// The root of a kernel along the axis called `name`, which is `form` along `times`.
    ///
    /// # Errors
    /// As [`update`](Self::update), where no parameter enters.
    pub(super) fn new(
        name: &str,
        kernel: &AxisKernel,
        jitter: f64,
        (form, times): (StateSpace, Vec<f64>),
    ) -> Result<Self> {
        let is_free = kernel.values.iter().any(|v| v.free().is_some());
        let mut axis = Self {
            name: name.into(),
            kernel: kernel.clone(),
            form,
            starts: (0..=times.len()).collect(),
            times,
            jitter,
            is_free,
            course: Vec::new(),
            at: None,
            sweeps: Vec::new(),
        };
        if !is_free {
            axis.update(&[], 0.0)?;
        }
        Ok(axis)
    }

    /// Number of points, and of unknowns.
    pub(super) fn size(&self) -> usize {
        self.times.len()
    }

    /// Whether a parameter enters.
    pub(super) fn is_free(&self) -> bool {
        self.is_free
    }

    /// Lets τ run along the axis as `course` does, one number a time, from the next update on.
    pub(super) fn follow(&mut self, course: Vec<f64>) {
        assert!(course.is_empty() || course.len() == self.size(), "one number for each time");
        (self.course, self.at) = (course, None);
    }

    /// How τ runs along the axis; empty for 1.
    pub(super) fn course(&self) -> &[f64] {
        &self.course
    }

    /// Moves to other parameters, and other information about each number.
    ///
    /// # Errors
    /// [`Error::Singular`] that names the axis.
    pub(super) fn update(&mut self, theta: &[f64], tau: f64) -> Result<()> {
        let numbers = self.kernel.numbers(theta);
        if self.at.as_ref().is_some_and(|at| at.tau == tau && at.numbers == numbers) {
            return Ok(());
        }
        let blocks = self.form.blocks(&numbers).map_err(|e| self.singular(&e))?;
        let process = Process::new(blocks.clone());
        let gains: Vec<f64> = blocks.iter().map(|b| b.gain).collect();
        let (weighted, weights) = weigh(&blocks, &self.times);
        let variance = |(b, gain): (usize, &f64)| {
            let weight =
                weighted.get(b).copied().flatten().map_or(1.0, |w| mean_square(&weights[w]));
            gain * gain * weight
        };
        let epsilon = self.jitter * gains.iter().enumerate().map(variance).sum::<f64>();
        let variances = vec![epsilon; self.times.len()];
        let observations = Observations {
            times: &self.times,
            starts: &self.starts,
            variances: &variances,
            loadings: Loadings {
                gains: &gains,
                sites: &[],
                weighted: &weighted,
                weights: &weights,
            },
        };
        let informed = Informed::new(&process, &observations, tau, &self.course)
            .map_err(|e| self.singular(&format!("{e}; a larger inference.jitter would help")))?;
        self.at = Some(At {
            tau,
            numbers,
            blocks,
            process,
            gains,
            weighted,
            weights,
            variances,
            informed,
        });
        Ok(())
    }

    fn singular(&self, e: &str) -> Error {
        Error::Singular(format!("axis {:?}, kernel {}: {e}", self.name, self.kernel.text))
    }

    fn at(&self) -> &At {
        self.at.as_ref().expect("it was moved to parameters")
    }

    /// The process, the observations that R is the root of, and R.
    pub(super) fn parts(&self) -> (&Process, Observations<'_>, &Informed) {
        let at = self.at();
        (&at.process, self.observations(at), &at.informed)
    }

    /// The blocks at the last θ.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.at().blocks
    }

    /// ε at the last θ.
    pub(super) fn epsilon(&self) -> f64 {
        self.at().variances.first().copied().unwrap_or(0.0)
    }

    fn observations<'a>(&'a self, at: &'a At) -> Observations<'a> {
        Observations {
            times: &self.times,
            starts: &self.starts,
            variances: &at.variances,
            loadings: Loadings {
                gains: &at.gains,
                sites: &[],
                weighted: &at.weighted,
                weights: &at.weights,
            },
        }
    }

    /// log |M|.
    pub(super) fn log_det(&self) -> f64 {
        self.at().informed.log_det()
    }

    /// z = M⁻ᵀu and y = C R z along the axis.
    pub(super) fn forward(&mut self, u: &[f64], view: View, z: &mut [f64], y: &mut [f64]) {
        let (left, right) = view;
        let mut sweeps = std::mem::take(&mut self.sweeps);
        sweeps.resize(left, Sweep::default());
        let stretch = (self.size() * right).max(1);
        let (process, observations, informed) = self.parts();
        let both = z.chunks_exact_mut(stretch).zip(y.chunks_exact_mut(stretch));
        for ((u, (z, y)), sweep) in u.chunks_exact(stretch).zip(both).zip(&mut sweeps) {
            informed.forward(process, &observations, u, right, z, y, sweep);
        }
        self.sweeps = sweeps;
        if self.kernel.center {
            center(y, self.size(), right);
        }
    }

    /// out = R⁻¹ y along the axis; false where a mean is taken out, which nothing gives back.
    pub(super) fn solve(&self, y: &[f64], right: usize, out: &mut [f64]) -> bool {
        let stretch = (self.size() * right).max(1);
        let (process, observations, informed) = self.parts();
        for (y, out) in y.chunks_exact(stretch).zip(out.chunks_exact_mut(stretch)) {
            informed.root().solve(process, &observations, y, right, out);
        }
        !self.kernel.center
    }

    /// u = Mᵀ z along the axis.
    pub(super) fn inform(&self, z: &[f64], view: View, u: &mut [f64]) {
        let stretch = (self.size() * view.1).max(1);
        let (process, observations, informed) = self.parts();
        for (z, u) in z.chunks_exact(stretch).zip(u.chunks_exact_mut(stretch)) {
            informed.inform(process, &observations, z, view.1, u);
        }
    }

    /// out = (C R)ᵀ y along the axis.
    pub(super) fn multiply_transposed(&self, y: &[f64], view: View, out: &mut [f64]) {
        let (n, right) = (self.size(), view.1);
        let centered;
        let y = if self.kernel.center {
            let mut own = y.to_vec();
            center(&mut own, n, right);
            centered = own;
            &centered
        } else {
            y
        };
        let stretch = (n * right).max(1);
        let (process, observations, informed) = self.parts();
        for (y, out) in y.chunks_exact(stretch).zip(out.chunks_exact_mut(stretch)) {
            informed.root().multiply_transposed(process, &observations, y, right, out);
        }
    }

    /// Back over [`forward`](Self::forward): writes ∂/∂u, adds to `theta_bar`, and gives ∂/∂τ.
    ///
    /// With `has_prior` −½ z² and −log |M| are part of what is differentiated. `y_bar` is overwritten.
    pub(super) fn back(
        &mut self,
        (u, z): (&[f64], &[f64]),
        view: View,
        y_bar: &mut [f64],
        has_prior: bool,
        u_bar: &mut [f64],
        theta_bar: &mut [f64],
    ) -> f64 {
        let (n, (left, right)) = (self.size(), view);
        if self.kernel.center {
            center(y_bar, n, right);
        }
        let at = self.at.take().expect("it was moved to parameters");
        let mut bars = at.informed.bars(&at.process);
        let stretch = (n * right).max(1);
        let observations = self.observations(&at);
        for (i, sweep) in self.sweeps.iter().enumerate().take(left) {
            let here = i * stretch..(i + 1) * stretch;
            at.informed.back(
                &at.process,
                &observations,
                (&u[here.clone()], &z[here.clone()], sweep),
                right,
                &y_bar[here.clone()],
                |z| if has_prior { -z } else { 0.0 },
                &mut u_bar[here],
                &mut bars,
            );
        }
        let series = if has_prior { left * right } else { 0 };
        let found = at
            .informed
            .finish(&at.process, &observations, &mut bars, series)
            .expect("the root was made");
        let mut found_bars: Vec<_> = at.blocks.iter().map(Block::zero_bar).collect();
        // ε is the jitter times the mean of K's diagonal.
        let epsilon_bar = self.jitter * found.variances.iter().sum::<f64>();
        let mut rates = found.rates.iter();
        for (b, (block, bar)) in at.blocks.iter().zip(&mut found_bars).enumerate() {
            bar.rates.iter_mut().zip(&mut rates).for_each(|(bar, r)| *bar = *r);
            let weight = at.weighted.get(b).copied().flatten();
            let square = weight.map_or(1.0, |w| mean_square(&at.weights[w]));
            bar.gain = found.gains[b] + 2.0 * epsilon_bar * block.gain * square;
            let Some(w) = weight else { continue };
            let share = 2.0 * epsilon_bar * block.gain * block.gain / n as f64;
            for ((t, weight), weight_bar) in
                self.times.iter().zip(&at.weights[w]).zip(&found.weights[w])
            {
                let weight_bar = weight_bar + share * weight;
                for (i, center_bar) in bar.centers.iter_mut().enumerate() {
                    let others = block.centers.iter().enumerate().filter(|(j, _)| *j != i);
                    let rest: f64 = others.map(|(_, c)| t - c).product();
                    *center_bar -= weight_bar * rest;
                }
            }
        }
        let mut numbers_bar = vec![0.0; at.numbers.len()];
        self.form.blocks_vjp(&at.numbers, &at.blocks, &found_bars, &mut numbers_bar);
        for (value, bar) in self.kernel.values.iter().zip(numbers_bar) {
            value.pull_back(bar, theta_bar);
        }
        self.at = Some(at);
        found.tau
    }
}

fn mean_square(w: &[f64]) -> f64 {
    w.iter().map(|w| w * w).sum::<f64>() / w.len() as f64
}

/// Takes the mean along an axis of n out of a tensor … × n × right.
pub(super) fn center(x: &mut [f64], n: usize, right: usize) {
    for stretch in x.chunks_exact_mut((n * right).max(1)) {
        for r in 0..right {
            let mean = stretch.iter().skip(r).step_by(right).sum::<f64>() / n as f64;
            stretch.iter_mut().skip(r).step_by(right).for_each(|v| *v -= mean);
        }
    }
}
