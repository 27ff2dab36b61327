//! A Chromium that is told what to do over the DevTools protocol, through pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser; it ends when this is dropped.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    /// What was reported and not asked for.
    events: Vec<Value>,
    last: u64,
    // Its folder goes when the browser has gone.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the program with a new, empty profile.
    pub fn start(program: &Path) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        // The protocol wants the descriptors 3 and 4; a shell lays our pipes there.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args([
                "--headless",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let input = child.stdin.take().context("a pipe was asked for")?;
        let mut output = BufReader::new(child.stdout.take().context("a pipe was asked for")?);
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).is_ok_and(|n| n > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                if send.send(message).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        Ok(Self { child, input, messages, events: vec![], last: 0, _profile: profile })
    }

    /// Calls a method and waits for what it returns.
    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value> {
        self.last += 1;
        let id = self.last;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).with_context(|| format!("{method}: the browser is gone"))?;
        self.input.flush()?;
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self.receive(until).with_context(|| method.to_owned())?;
            if message["id"] == id {
                if let Some(error) = message["error"].as_object() {
                    bail!("{method}: {}", error["message"]);
                }
                return Ok(message["result"].clone());
            }
            self.events.push(message);
        }
    }

    fn receive(&mut self, until: Instant) -> Result<Value> {
        let left = until.saturating_duration_since(Instant::now());
        match self.messages.recv_timeout(left) {
            Ok(message) => Ok(message),
            Err(RecvTimeoutError::Timeout) => bail!("the browser does not answer"),
            Err(RecvTimeoutError::Disconnected) => bail!("the browser has ended"),
        }
    }

    /// A new tab with this width of the screen.
    pub fn tab(&mut self, width: u32) -> Result<Tab<'_>> {
        self.events.clear();
        let target = self.call(None, "Target.createTarget", json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.call(None, "Target.attachToTarget", attach)?;
        let session = attached["sessionId"].as_str().context("no session")?.to_owned();
        let mut tab = Tab { browser: self, session };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({}))?;
        }
        let (height, mobile) = if width < 600 { (844, true) } else { (900, false) };
        let screen = json!({
            "width": width, "height": height, "mobile": mobile, "deviceScaleFactor": 1,
        });
        tab.call("Emulation.setDeviceMetricsOverride", screen)?;
        Ok(tab)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let close = json!({"id": 0, "method": "Browser.close"}).to_string();
        let closed =
            self.input.write_all(close.as_bytes()).and_then(|()| self.input.write_all(&[0]));
        let until = Instant::now() + Duration::from_secs(5);
        while closed.is_ok() && Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page in the browser.
pub struct Tab<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Tab<'_> {
    fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        let session = self.session.clone();
        self.browser.call(Some(&session), method, parameters)
    }

    /// Opens an address and waits until it is there.
    pub fn open(&mut self, address: &str) -> Result<()> {
        let gone = self.call("Page.navigate", json!({"url": address}))?;
        if let Some(error) = gone["errorText"].as_str() {
            bail!("{address}: {error}");
        }
        let until = Instant::now() + PATIENCE;
        let loaded = |events: &[Value]| events.iter().any(|e| e["method"] == "Page.loadEventFired");
        while !loaded(&self.browser.events) {
            let message = self.browser.receive(until).context("the page does not load")?;
            self.browser.events.push(message);
        }
        // What is drawn when sizes are known has been drawn.
        self.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")?;
        Ok(())
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let found = self.call("Runtime.evaluate", parameters)?;
        if found["exceptionDetails"].is_object() {
            bail!("{expression}: {}", found["exceptionDetails"]);
        }
        Ok(found["result"]["value"].clone())
    }

    /// Moves the pointer.
    pub fn point(&mut self, x: f64, y: f64) -> Result<()> {
        let event = json!({"type": "mouseMoved", "x": x, "y": y});
        self.call("Input.dispatchMouseEvent", event).map(drop)
    }

    /// Presses a key that has no letter.
    pub fn press(&mut self, key: &str) -> Result<()> {
        let codes = [
            ("PageUp", 33),
            ("End", 35),
            ("Home", 36),
            ("ArrowLeft", 37),
            ("ArrowUp", 38),
            ("ArrowRight", 39),
            ("ArrowDown", 40),
        ];
        let code = codes.iter().find(|(name, _)| *name == key).context("an unknown key")?.1;
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": key,
                "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code,
            });
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Whether the page asks for light or dark.
    pub fn prefer(&mut self, scheme: &str) -> Result<()> {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media).map(drop)
    }

    /// The whole page as a PNG.
    pub fn screenshot(&mut self, file: &Path) -> Result<PathBuf> {
        let whole = json!({"format": "png", "captureBeyondViewport": true});
        let shot = self.call("Page.captureScreenshot", whole)?;
        let bytes = STANDARD.decode(shot["data"].as_str().context("no picture")?)?;
        std::fs::write(file, bytes).with_context(|| file.display().to_string())?;
        Ok(file.to_owned())
    }

    /// Errors and warnings of the page, and what it asked of a network.
    pub fn complaints(&self) -> Vec<String> {
        let mut all = Vec::new();
        for e in &self.browser.events {
            let p = &e["params"];
            let loud = |level: &Value| matches!(level.as_str(), Some("error" | "warning"));
            match e["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => all.push(format!("exception: {p}")),
                "Runtime.consoleAPICalled" if loud(&p["type"]) => all.push(format!("console: {p}")),
                "Log.entryAdded" if loud(&p["entry"]["level"]) => all.push(format!("log: {p}")),
                "Network.requestWillBeSent" => {
                    let url = p["request"]["url"].as_str().unwrap_or_default();
                    let is_page = p["type"] == "Document" && url.starts_with("file:");
                    if !is_page && !url.starts_with("data:") {
                        all.push(format!("request: {url}"));
                    }
                }
                _ => {}
            }
        }
        all
    }
}
