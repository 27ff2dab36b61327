//! The step size that gives the acceptance asked for.

/// Dual averaging of the logarithm of the step size.
///
/// # Source
/// Hoffman and Gelman (2014), The No-U-Turn Sampler, JMLR 15, algorithm 6, with its constants
/// γ = 0.05, t₀ = 10, κ = 0.75.
#[derive(Clone, Debug)]
pub(super) struct StepSize {
    target: f64,
    /// log(10 ε₁), where the search is drawn to.
    pull: f64,
    error: f64,
    count: f64,
    log_step: f64,
    log_mean: f64,
}

/// In white coordinates no trajectory of longer steps is stable.
const LONGEST: f64 = std::f64::consts::PI;

impl StepSize {
    /// Starts at `first`.
    pub(super) fn new(target: f64, first: f64) -> Self {
        let log_step = first.ln();
        let pull = (10.0 * first).ln();
        Self { target, pull, error: 0.0, count: 0.0, log_step, log_mean: log_step }
    }

    /// What to try next.
    pub(super) fn current(&self) -> f64 {
        self.log_step.exp()
    }

    /// What to keep.
    pub(super) fn best(&self) -> f64 {
        self.log_mean.exp()
    }

    /// Learns from the acceptance of the trajectory made with [`current`](Self::current).
    pub(super) fn learn(&mut self, acceptance: f64) {
        self.count += 1.0;
        let weight = 1.0 / (self.count + 10.0);
        self.error += weight * (self.target - acceptance - self.error);
        self.log_step =
            (self.pull - self.error * self.count.sqrt() / 0.05).clamp(-50.0, LONGEST.ln());
        let weight = self.count.powf(-0.75);
        self.log_mean += weight * (self.log_step - self.log_mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_step_that_is_accepted_as_often_as_asked() {
        for (target, first) in [(0.8, 1e-3), (0.9, 1.0), (0.65, 0.2)] {
            let mut step = StepSize::new(target, first);
            let acceptance = |step: f64| (-step).exp();
            for i in 0..500 {
                let wobble = 0.1 * f64::from(i).sin();
                step.learn((acceptance(step.current()) + wobble).clamp(0.0, 1.0));
            }
            let found = acceptance(step.best());
            assert!((found - target).abs() < 0.02, "{target}: {found}");
        }
    }

    #[test]
    fn stays_between_its_bounds() {
        let (mut up, mut down) = (StepSize::new(0.8, 0.1), StepSize::new(0.8, 0.1));
        for _ in 0..1000 {
            up.learn(1.0);
            down.learn(0.0);
        }
        assert!(up.current() <= LONGEST && down.current() > 0.0);
    }
}
