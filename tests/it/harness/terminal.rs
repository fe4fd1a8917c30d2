//! The program on a pseudo-terminal, as a person has it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::cachier::{Cachier, Outcome};
use super::wait_for;

/// A run whose three streams are one terminal of 100 columns and 30 rows.
pub(crate) struct Terminal {
    program: Cachier,
    child: Child,
    master: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    seen: usize,
}

impl Terminal {
    pub(super) fn start(program: Cachier) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = File::from(rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap());
        // Prompts open /dev/tty, so the program needs a session whose controlling terminal this is.
        let mut setsid = Command::new("setsid");
        setsid.arg("--ctty").arg(program.program());
        let mut command = program.command(setsid);
        command.env("TERM", "xterm-256color");
        command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        drop(command);
        let master = File::from(master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let reader = thread::spawn({
            let (mut master, screen) = (master.try_clone().unwrap(), Arc::clone(&screen));
            move || {
                let mut chunk = [0; 4096];
                // Linux reports the end of the other side as an error (EIO).
                while let Ok(len @ 1..) = master.read(&mut chunk) {
                    screen.lock().unwrap().extend_from_slice(&chunk[..len]);
                }
            }
        });
        let mut terminal = Self { program, child, master, screen, reader: Some(reader), seen: 0 };
        let typed = terminal.program.typed().to_vec();
        terminal.master.write_all(&typed).unwrap();
        terminal
    }

    /// Types text; the return key is `\r`.
    pub(crate) fn type_text(mut self, text: &str) -> Self {
        self.master.write_all(text.as_bytes()).unwrap();
        self
    }

    /// Waits until the terminal shows a text after what was waited for before.
    pub(crate) fn expect(mut self, text: &str) -> Self {
        let screen = Arc::clone(&self.screen);
        let start = self.seen;
        let end = wait_for(&format!("{text:?} on the terminal"), || {
            let bytes = screen.lock().unwrap();
            let tail = &bytes[start..];
            let position = tail.windows(text.len()).position(|window| window == text.as_bytes());
            position.map(|position| start + position + text.len())
        });
        self.seen = end;
        self
    }

    /// Returns what the terminal has shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits until the program reads single keys, Ctrl-C among them.
    pub(crate) fn expect_keys_read(self) -> Self {
        wait_for("the program to read keys", || {
            let modes = tcgetattr(&self.master).unwrap().local_modes;
            (!modes.contains(LocalModes::ISIG)).then_some(())
        });
        self
    }

    /// Waits for the end of the program; everything it wrote is the outcome's `stdout`, lines ending in CR LF.
    pub(crate) fn finish(mut self) -> Outcome {
        let status = self.program.end_of(&mut self.child);
        self.reader.take().unwrap().join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        let shown = String::from_utf8_lossy(&screen);
        let status = status.unwrap_or_else(|| panic!("hung: {} showing {shown}", self.program.shown()));
        Outcome::new(self.program.shown(), screen, Vec::new(), status)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After `finish` the program is gone and both calls change nothing.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
