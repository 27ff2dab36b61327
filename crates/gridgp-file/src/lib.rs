//! Files that appear complete or not at all.
//!
//! [`write()`] fills a temporary file beside the place of the result and renames it. A program that is
//! about to end while other threads write calls [`abandon`], and nothing half-made is left behind.

mod error;
mod unfinished;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub use error::{Error, Result, advice};
use unfinished::Unfinished;
pub use unfinished::{Abandoned, abandon};

/// Writes to a temporary file in the same folder, then renames it; on failure nothing is left.
///
/// A link is followed. A file that is replaced leaves its permissions to the new one.
///
/// # Errors
/// What is there is no file, there is no folder for it, or the file cannot be written.
///
/// # Example
/// ```
/// # use std::io::Write as _;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("result.csv");
/// gridgp_file::write(&path, |file| writeln!(file, "x,y\n1,2"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "x,y\n1,2\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let (target, folder) = place(path)?;
    let cannot = |e| Error::io(path, e);
    let file = Unfinished::begin(&folder).map_err(cannot)?;
    let mut writer = BufWriter::new(file.as_file());
    content(&mut writer).and_then(|()| writer.flush()).map_err(cannot)?;
    drop(writer);
    file.permit_as(&target).and_then(|()| file.as_file().sync_all()).map_err(cannot)?;
    file.finish(&target).map_err(cannot)
}

/// Fails now if [`write()`] would fail later for this path, however little it wrote.
///
/// # Errors
/// As [`write()`].
pub fn check_writable(path: &Path) -> Result<()> {
    let (_, folder) = place(path)?;
    Unfinished::begin(&folder).map_err(|e| Error::io(path, e))?;
    Ok(())
}

/// Where a file of this name really goes, and the folder of that.
fn place(path: &Path) -> Result<(PathBuf, PathBuf)> {
    if path.is_dir() {
        return Err(Error::place(path, "is a folder; give the name of a file to write"));
    }
    if path.exists() && !path.is_file() {
        return Err(Error::place(
            path,
            "is a device or a pipe, which a file would replace; name a file, and copy it there",
        ));
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(Error::place(path, format!("there is no folder {}", folder.display())));
    }
    Ok((target, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.nc");
        write(&path, |f| f.write_all(b"old")).unwrap();
        let full = |f: &mut dyn Write| {
            f.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        let message = write(&path, full).unwrap_err().to_string();
        assert!(message.contains("out.nc") && message.contains("disk is full"), "{message}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        check_writable(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_devices_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("out.nc"), folder.path().join("link.nc"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, |f| f.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(link.is_symlink());
        let socket = folder.path().join("socket.nc");
        let _open = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let message = write(&socket, |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("is a device or a pipe"), "{message}");
        assert!(socket.exists() && !socket.is_file());
    }

    /// A temporary file is private; a result is as open as others, or as the one that was there.
    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_file_or_of_the_one_before() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let (file, other) = (folder.path().join("out.nc"), folder.path().join("other"));
        std::fs::write(&other, "").unwrap();
        write(&file, |_| Ok(())).unwrap();
        assert_eq!(mode(&file), mode(&other));
        for before in [0o600, 0o664] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(before)).unwrap();
            write(&file, |_| Ok(())).unwrap();
            assert_eq!(mode(&file), before);
        }
    }

    #[test]
    fn folders_that_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        for write in [|path: &Path| write(path, |_| Ok(())), check_writable] {
            let message = write(folder.path()).unwrap_err().to_string();
            assert!(message.contains("is a folder"), "{message}");
            let message = write(&folder.path().join("no/out.nc")).unwrap_err().to_string();
            assert!(message.contains("there is no folder"), "{message}");
            if cfg!(target_os = "linux") {
                // Not even root may create files there.
                let message = write(Path::new("/proc/out.nc")).unwrap_err().to_string();
                assert!(message.contains("cannot write /proc/out.nc"), "{message}");
            }
        }
    }
}
