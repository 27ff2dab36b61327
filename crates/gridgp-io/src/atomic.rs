//! Files that appear complete or not at all.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::{Error, Result};

/// Writes to a temporary file in the same folder, then renames it; on failure nothing is left. A
/// link is followed, and what is no file, such as a device or a pipe, is not replaced by one.
pub(crate) fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    if path.exists() && !path.is_file() && !path.is_dir() {
        return Err(Error::file(
            path,
            "is a device or a pipe, which a file would replace; name a file, and copy it there",
        ));
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(Error::file(path, "is a folder; give the name of a file to write"));
    }
    if !folder.is_dir() {
        return Err(Error::file(path, format!("there is no folder {}", folder.display())));
    }
    let cannot = |e| Error::io("write", path, e);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gridgp-").suffix(".part");
    // A temporary file is private by default, a result is not.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(|e| match e.kind() {
        // The message of tempfile names the temporary file, which means nothing to the reader.
        kind if e.raw_os_error().is_none() => cannot(io::Error::from(kind)),
        _ => cannot(e),
    })?;
    let mut writer = BufWriter::new(file.as_file());
    content(&mut writer).and_then(|()| writer.flush()).map_err(cannot)?;
    drop(writer);
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(&target).map_err(|e| cannot(e.error))?;
    Ok(())
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

    #[test]
    fn folders_that_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let message = write(folder.path(), |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("is a folder"), "{message}");
        let message = write(&folder.path().join("no/out.nc"), |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("there is no folder"), "{message}");
        if cfg!(target_os = "linux") {
            // Not even root may create files there.
            let message = write(Path::new("/proc/out.nc"), |_| Ok(())).unwrap_err().to_string();
            assert!(message.contains("cannot write /proc/out.nc"), "{message}");
        }
    }
}
