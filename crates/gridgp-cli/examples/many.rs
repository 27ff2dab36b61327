//! Many commands in one process, for `cargo xtask fuzz`: to start the program takes longer than what it
//! does with a small file.
//!
//! The argument is a port of this machine. From there come lines, each a folder and the words of a
//! command to run there, with tabs between them; the exit code of each goes back as one byte.

use std::error::Error;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("cargo xtask fuzz runs this")?;
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse()?))?;
    socket.set_nodelay(true)?;
    for line in BufReader::new(socket.try_clone()?).lines() {
        let line = line?;
        let (folder, words) = line.split_once('\t').ok_or("a line without a command")?;
        std::env::set_current_dir(folder)?;
        let words = ["gridgp"].into_iter().chain(words.split('\t')).map(OsString::from);
        socket.write_all(&[gridgp_cli::run(words)])?;
    }
    Ok(())
}
