//! In a process of its own, since it takes the files of all threads away.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_unfinished_goes_and_what_is_finished_stays() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    gridgp_file::write(&here.join("whole"), |f| f.write_all(b"all of it")).unwrap();
    let (begun, wait) = mpsc::channel();
    let (go_on, may) = mpsc::channel::<()>();
    let path = here.join("half");
    let writer = std::thread::spawn(move || {
        gridgp_file::write(&path, |f| {
            f.write_all(b"half of it")?;
            begun.send(()).unwrap();
            may.recv().unwrap();
            f.write_all(b"the rest")
        })
    });
    wait.recv().unwrap();
    assert_eq!(names(here).len(), 2);
    let abandoned = gridgp_file::abandon();
    assert_eq!(names(here), ["whole"]);
    go_on.send(()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(!writer.is_finished(), "it waits");
    assert_eq!(names(here), ["whole"]);
    drop(abandoned);
    // A program that goes on after all is told that there is no file.
    assert!(writer.join().unwrap().is_err());
    assert_eq!(names(here), ["whole"]);
}
