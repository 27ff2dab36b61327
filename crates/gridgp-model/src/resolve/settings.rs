//! The numbers of `[inference]`, and what each can be.

use std::fmt;

use gridgp_grid::Result;

use crate::language::Fault;
use crate::spec::{GuideSpec, InferenceSpec, Method, Source};

/// What a setting can be. The largest counts are far beyond use: more is a slip of the hand, which
/// would end in weeks of work or without memory.
#[derive(Debug, Clone, Copy)]
enum Range {
    /// Whole numbers, both ends included.
    Whole(u64, u64),
    /// Above the one, up to the other.
    Above(f64, f64),
    /// From the one to below the other.
    From(f64, f64),
    /// Between the two.
    Between(f64, f64),
}

impl Range {
    fn contains(self, v: Number) -> bool {
        match (self, v) {
            (Self::Whole(least, most), Number::Whole(v)) => (least..=most).contains(&v),
            (Self::Above(low, high), Number::Real(v)) => low < v && v <= high,
            (Self::From(low, high), Number::Real(v)) => low <= v && v < high,
            (Self::Between(low, high), Number::Real(v)) => low < v && v < high,
            _ => false,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(least, most) => write!(f, "a whole number from {least} to {most}"),
            Self::Above(low, high) => write!(f, "a number above {low}, at most {high}"),
            Self::From(low, high) => write!(f, "a number from {low} to below {high}"),
            Self::Between(low, high) => write!(f, "a number between {low} and {high}"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Whole(u64),
    Real(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(v) => v.fmt(f),
            Self::Real(v) => write!(f, "{v:?}"),
        }
    }
}

/// Refuses a setting that no method could use, whichever method is asked for.
pub(super) fn check(spec: &InferenceSpec, source: &Source) -> Result<()> {
    for (key, value, range) in table(spec) {
        if !range.contains(value) {
            let message = format!("{key} = {value}: it must be {range}");
            return Err(source.fault(&["inference", key], &Fault::new(0..0, message)));
        }
    }
    Ok(())
}

/// Every number of `[inference]` but `start`, whose values belong to parameters.
fn table(spec: &InferenceSpec) -> [(&'static str, Number, Range); 15] {
    let whole = |v: usize| Number::Whole(v as u64);
    // By fewer draws an approximation cannot be judged.
    let draws = match spec.method {
        Method::Laplace | Method::Svi | Method::Pathfinder => 25,
        Method::Map | Method::Nuts => 1,
    };
    let rank = if spec.guide == GuideSpec::LowRank { 1 } else { 0 };
    [
        ("starts", whole(spec.starts), Range::Whole(1, 10_000)),
        ("max_iterations", whole(spec.max_iterations), Range::Whole(1, 1_000_000)),
        ("tolerance", Number::Real(spec.tolerance), Range::Above(0.0, 1.0)),
        ("jitter", Number::Real(spec.jitter), Range::From(0.0, 1.0)),
        ("chains", whole(spec.chains), Range::Whole(1, 1000)),
        ("tune", whole(spec.tune), Range::Whole(0, 10_000_000)),
        ("draws", whole(spec.draws), Range::Whole(draws, 10_000_000)),
        ("target_accept", Number::Real(spec.target_accept), Range::Between(0.0, 1.0)),
        ("max_depth", whole(spec.max_depth), Range::Whole(1, 30)),
        ("check", whole(spec.check), Range::Whole(0, 100_000)),
        ("rank", whole(spec.rank), Range::Whole(rank, 64)),
        ("steps", whole(spec.steps), Range::Whole(1, 10_000_000)),
        ("learning_rate", Number::Real(spec.learning_rate), Range::Above(0.0, 1.0)),
        ("particles", whole(spec.particles), Range::Whole(1, 10_000)),
        // What TOML can hold.
        ("seed", Number::Whole(spec.seed), Range::Whole(0, i64::MAX as u64)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ModelSpec;

    /// What `[inference]` with this line says, or that it is accepted.
    fn said(line: &str) -> std::result::Result<(), String> {
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['x']\n[likelihood]\nfamily = 'gaussian'\n\
             [inference]\n{line}\n"
        );
        let source = Source::new("m.toml", text);
        let spec = ModelSpec::from_toml(&source).map_err(|e| e.to_string())?;
        check(&spec.inference, &source).map_err(|e| e.to_string())
    }

    /// Keys of `[inference]` that are numbers, from the format itself.
    fn keys() -> Vec<String> {
        let written = serde_json::to_value(InferenceSpec::default()).unwrap();
        let fields = written.as_object().unwrap().iter();
        fields.filter(|(_, v)| v.is_number()).map(|(key, _)| key.clone()).collect()
    }

    #[test]
    fn every_number_is_in_the_table() {
        let table = table(&InferenceSpec::default());
        assert_eq!(table.map(|(key, ..)| key).to_vec(), keys());
    }

    #[test]
    fn no_number_that_means_nothing_is_taken_for_any_key() {
        const ODD: [&str; 8] = [
            "0",
            "-1",
            "1000000000000000000",
            "9223372036854775807",
            "18446744073709551615",
            "nan",
            "inf",
            "-inf",
        ];
        let mut taken = Vec::new();
        for key in keys() {
            for value in ODD {
                match said(&format!("{key} = {value}")) {
                    Ok(()) => taken.push(format!("{key} = {value}")),
                    Err(e) => assert!(e.contains(&key) && e.contains("m.toml:7"), "{key}: {e}"),
                }
            }
        }
        assert_eq!(
            taken,
            [
                "jitter = 0",
                "tune = 0",
                "check = 0",
                "rank = 0",
                "seed = 0",
                "seed = 1000000000000000000",
                "seed = 9223372036854775807"
            ]
        );
    }

    #[test]
    fn the_message_names_the_range() {
        for (line, words) in [
            ("chains = 0", "chains = 0: it must be a whole number from 1 to 1000"),
            ("chains = -1", "a whole number, 0 or more"),
            ("jitter = -1", "jitter = -1.0: it must be a number from 0 to below 1"),
            ("method = 'laplace'\ndraws = 24", "from 25 to"),
            ("guide = 'low_rank'\nrank = 0", "from 1 to 64"),
        ] {
            let e = said(line).unwrap_err();
            assert!(e.contains(words), "{line}: {e}");
        }
    }
}
