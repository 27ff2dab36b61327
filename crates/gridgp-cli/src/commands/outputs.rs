//! Where a command writes: never onto what it reads.

use std::path::{Path, PathBuf};

use anyhow::bail;

/// Fails now if a file could not be written later, or would take the place of one that the command
/// reads or of another one that it writes.
pub fn check_outputs(outputs: &[&Path], inputs: &[&Path]) -> anyhow::Result<()> {
    for (i, output) in outputs.iter().enumerate() {
        gridgp_file::check_writable(output)?;
        if let Some(input) = inputs.iter().find(|input| same(input, output)) {
            bail!(
                "{} is read by this command ({}), and would be lost; give the output another name",
                output.display(),
                input.display()
            );
        }
        if let Some(other) = outputs[..i].iter().find(|other| same(other, output)) {
            bail!("{} would be written twice, as {} too", output.display(), other.display());
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, through links and `..` as well, or would if it were there.
fn same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (a.metadata(), b.metadata()) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    let place = |path: &Path| match path.canonicalize() {
        Ok(path) => Some(path),
        Err(_) => Some(folder(path).canonicalize().ok()?.join(path.file_name()?)),
    };
    place(a).is_some_and(|a| place(b) == Some(a))
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_under_several_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a"), "a").unwrap();
        std::fs::write(at("b"), "a").unwrap();
        std::fs::create_dir(at("d")).unwrap();
        assert!(same(&at("a"), &at("d/../a")) && !same(&at("a"), &at("b")));
        assert!(same(&at("new"), &at("d/../new")) && !same(&at("new"), &at("newer")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a"), at("link")).unwrap();
            std::fs::hard_link(at("a"), at("hard")).unwrap();
            assert!(same(&at("link"), &at("a")) && same(&at("a"), &at("hard")));
        }
        let e = check_outputs(&[&at("a")], &[&at("b"), &at("d/../a")]).unwrap_err().to_string();
        assert!(e.contains("would be lost"), "{e}");
        let e = check_outputs(&[&at("new"), &at("d/../new")], &[]).unwrap_err().to_string();
        assert!(e.contains("written twice"), "{e}");
        check_outputs(&[&at("a"), &at("new")], &[&at("b"), &at("nowhere")]).unwrap();
    }
}
