//! Names that were probably meant.

/// "; did you mean "tmax"?", or the names there are, to append to a message.
#[must_use]
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return "; there are none".into();
    }
    let lower = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .iter()
        .map(|k| {
            let other = k.to_lowercase();
            let in_group = other.rsplit_once('/').is_some_and(|(_, leaf)| leaf == lower);
            let contained = other.len().min(lower.len()) >= 3
                && (other.contains(&lower) || lower.contains(&other));
            let score = strsim::jaro_winkler(&lower, &other);
            (
                if in_group {
                    1.0
                } else if contained {
                    score.max(0.85)
                } else {
                    score
                },
                *k,
            )
        })
        .filter(|(score, _)| *score >= 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    if scored.is_empty() {
        format!("; there are {}", list(&known))
    } else {
        let near: Vec<String> = scored.iter().take(3).map(|(_, k)| format!("{k:?}")).collect();
        format!("; did you mean {}?", near.join(" or "))
    }
}

/// Up to a dozen names in quotes.
#[must_use]
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<String> = names.iter().take(12).map(|n| format!("{:?}", n.as_ref())).collect();
    let more = names.len().saturating_sub(12);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    #[test]
    fn near_names_or_all_names() {
        assert_eq!(super::hint("tmx", ["lon", "tmax"]), "; did you mean \"tmax\"?");
        assert_eq!(super::hint("TMAX", ["lon", "tmax"]), "; did you mean \"tmax\"?");
        assert_eq!(super::hint("zzz", ["lon", "tmax"]), "; there are \"lon\", \"tmax\"");
        assert_eq!(super::hint("zzz", []), "; there are none");
    }
}
