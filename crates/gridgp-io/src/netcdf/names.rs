//! Names in files, where a slash separates groups and can be part of no name.

use gridgp_fit::Attribute;

use crate::tree::NetcdfTree;

/// `/` as `%2F`, and `%` as `%25` where it would be taken for the start of either.
pub(super) fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        match c {
            '/' => escaped.push_str("%2F"),
            '%' if ["2F", "25"].iter().any(|code| name[at + 1..].starts_with(code)) => {
                escaped.push_str("%25");
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn unescape(name: &mut String) {
    if name.contains("%2F") || name.contains("%25") {
        *name = name.replace("%2F", "/").replace("%25", "%");
    }
}

/// Gives everything in the tree the name that it had before [`escape`].
pub(super) fn unescape_all(tree: &mut NetcdfTree) {
    unescape(&mut tree.name);
    tree.dims.iter_mut().for_each(|(name, _)| unescape(name));
    for v in &mut tree.variables {
        unescape(&mut v.name);
        v.dims.iter_mut().for_each(unescape);
        for (name, value) in &mut v.attributes {
            if let (COORDINATES, Attribute::Text(names)) = (name.as_str(), value) {
                unescape(names);
            }
        }
    }
    tree.groups.iter_mut().for_each(unescape_all);
}

/// The attribute of CF that lists names of variables.
pub(super) const COORDINATES: &str = "coordinates";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back() {
        for (name, escaped) in [
            ("speed m/s", "speed m%2Fs"),
            ("/", "%2F"),
            ("rh %", "rh %"),
            ("100 %/a", "100 %%2Fa"),
            ("%2F", "%252F"),
            ("%25", "%2525"),
            ("%252F/25", "%25252F%2F25"),
            ("größe %2", "größe %2"),
        ] {
            assert_eq!(escape(name), escaped);
            let mut back = escaped.to_owned();
            unescape(&mut back);
            assert_eq!(back, name);
        }
    }
}
