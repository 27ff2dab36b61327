//! Many commands in one process, within the limits of each.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::End;
use super::alone::{MEMORY, PATIENCE, limited, resident};

/// Commands of a process, so that none lives long.
const MOST: usize = 2000;
/// How often a command that takes longer is looked at.
const TICK: Duration = Duration::from_millis(2);

/// The example `many` of gridgp-cli, started when there is something to run.
pub struct Worker<'a> {
    many: &'a Path,
    process: Option<Process>,
}

struct Process {
    child: Child,
    socket: TcpStream,
    commands: usize,
}

impl<'a> Worker<'a> {
    pub fn new(many: &'a Path) -> Self {
        Self { many, process: None }
    }

    /// Runs a command in a folder. What does harm ends the process, and the next command begins
    /// another one.
    pub fn run(&mut self, folder: &Path, arguments: &[String]) -> Result<End> {
        let mut process = match self.process.take() {
            Some(process) if process.commands < MOST => process,
            _ => Process::start(self.many)?,
        };
        let end = process.run(folder, arguments)?;
        if matches!(end, End::Worked | End::Refused) {
            self.process = Some(process);
        }
        Ok(end)
    }
}

impl Process {
    fn start(many: &Path) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port().to_string();
        let mut child = limited(many).arg(port).stderr(Stdio::null()).spawn()?;
        let socket = loop {
            match listener.accept() {
                Ok((socket, _)) => break socket,
                Err(e) if e.kind() != ErrorKind::WouldBlock => return Err(e.into()),
                Err(_) => ensure!(child.try_wait()?.is_none(), "{} does not start", many.display()),
            }
            sleep(Duration::from_millis(1));
        };
        socket.set_nonblocking(false)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TICK))?;
        Ok(Self { child, socket, commands: 0 })
    }

    fn run(&mut self, folder: &Path, arguments: &[String]) -> Result<End> {
        self.commands += 1;
        let folder: PathBuf = std::path::absolute(folder)?;
        let folder = folder.to_str().context("the path of the folder is not UTF-8")?;
        let begun = Instant::now();
        self.socket.write_all(format!("{folder}\t{}\n", arguments.join("\t")).as_bytes())?;
        let mut code = [0];
        loop {
            match self.socket.read(&mut code) {
                Ok(1) => break,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                // It is gone: by a signal, or for want of memory.
                _ => return Ok(End::Signal),
            }
            if begun.elapsed() > PATIENCE {
                return Ok(End::Hang);
            }
            if self.is_greedy() {
                return Ok(End::Memory);
            }
        }
        Ok(if self.is_greedy() { End::Memory } else { End::of(code[0].into()) })
    }

    /// Whether it has had more than its memory at any time, so that nothing escapes between two looks.
    fn is_greedy(&self) -> bool {
        resident(self.child.id()) > MEMORY
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
