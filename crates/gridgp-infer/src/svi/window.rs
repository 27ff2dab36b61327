//! When an average over steps has stopped changing, and the average of the parameters.

/// Values below this are compared as if they were as large: with the usual tolerance of 10⁻⁴ a
/// change of 0.01 in a log density is none, however near to 0 it happens to be.
const LEAST: f64 = 100.0;

/// Averages over windows of a fixed number of steps.
pub(super) struct Window {
    length: usize,
    steps: usize,
    used: usize,
    mean: f64,
    squares: f64,
    parameters: Vec<f64>,
    /// The average parameters of the last full window.
    average: Vec<f64>,
    /// The last two full windows, the older first.
    full: [Option<Mean>; 2],
    /// Consecutive windows without a change.
    quiet: usize,
}

#[derive(Clone, Copy)]
struct Mean {
    value: f64,
    /// Squared standard error.
    noise: f64,
}

impl Window {
    pub(super) fn new(length: usize, parameters: usize) -> Self {
        Self {
            length,
            steps: 0,
            used: 0,
            mean: 0.0,
            squares: 0.0,
            parameters: vec![0.0; parameters],
            average: vec![0.0; parameters],
            full: [None, None],
            quiet: 0,
        }
    }

    /// Adds a step; true where it fills a window.
    pub(super) fn push(&mut self, elbo: Option<f64>, parameters: &[f64], tolerance: f64) -> bool {
        self.steps += 1;
        if let Some(elbo) = elbo {
            // Running mean and squares about it, which do not cancel.
            self.used += 1;
            let delta = elbo - self.mean;
            self.mean += delta / self.used as f64;
            self.squares += delta * (elbo - self.mean);
        }
        self.parameters.iter_mut().zip(parameters).for_each(|(sum, x)| *sum += x);
        if self.steps < self.length {
            return false;
        }
        let n = self.used as f64;
        let noise = if self.used > 1 { self.squares / (n - 1.0) / n } else { f64::INFINITY };
        self.full = [self.full[1], Some(Mean { value: self.mean, noise })];
        for (average, sum) in self.average.iter_mut().zip(&mut self.parameters) {
            *average = *sum / self.length as f64;
            *sum = 0.0;
        }
        (self.steps, self.used, self.mean, self.squares) = (0, 0, 0.0, 0.0);
        self.quiet = match self.change() {
            Some(change) if change <= tolerance => self.quiet + 1,
            _ => 0,
        };
        true
    }

    /// |m − m'| / max(100, |m|) of the last two windows.
    pub(super) fn change(&self) -> Option<f64> {
        let [Some(before), Some(last)] = self.full else { return None };
        Some((last.value - before.value).abs() / last.value.abs().max(LEAST))
    }

    /// What of the change noise alone would make: two standard errors, on the same scale.
    pub(super) fn noise(&self) -> Option<f64> {
        let [Some(before), Some(last)] = self.full else { return None };
        Some(2.0 * (last.noise + before.noise).sqrt() / last.value.abs().max(LEAST))
    }

    /// Whether neither of the last two changes exceeded the tolerance.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet >= 2
    }

    /// The average parameters of the last full window, if there was one.
    pub(super) fn average(&self) -> Option<&[f64]> {
        self.full[1].map(|_| self.average.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_changes_within_the_tolerance_are_quiet() {
        let mut window = Window::new(2, 1);
        let mut states = Vec::new();
        for (step, elbo) in
            [-1000.0, -800.0, -400.0, -400.0, -400.0, -400.1, -400.0, -400.0].iter().enumerate()
        {
            if window.push(Some(*elbo), &[step as f64], 1e-3) {
                states.push(window.is_quiet());
            }
        }
        // Means −900, −400, −400.05, −400: the last two changes are small.
        assert_eq!(states, [false, false, false, true]);
        assert_eq!(window.average(), Some(&[6.5][..]));
        assert!((window.change().unwrap() - 0.000_125).abs() < 1e-12);
    }

    #[test]
    fn skipped_steps_do_not_count() {
        let mut window = Window::new(3, 0);
        for elbo in [Some(1.0), None, Some(3.0), None, Some(2.0), None] {
            window.push(elbo, &[], 0.1);
        }
        assert_eq!(window.change(), Some(0.0));
        // Values 1 and 3: their mean has the squared error 1; a single value has no known one.
        assert_eq!(window.noise(), Some(f64::INFINITY));
    }
}
