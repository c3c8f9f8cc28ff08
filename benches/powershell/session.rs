//! A call through the session that the driver keeps, beside a bare `Invoke-Command` over one: both over the same `sshd`, here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const COMPUTER: &str = "fe01.contoso.com";

/// What a person would write: the same cmdlet on the other side, one line back.
const BARE: &str = "[Console]::Out.WriteLine((Invoke-Command -Session $s -ScriptBlock { ConvertTo-Json -InputObject @{ services = @(foreach ($s in Get-CsWindowsService) { @{ name = '' + $s.Name; status = '' + $s.Status } }) } -Compress }))\n";

/// A server of its own, with `pwsh -sshs` behind it. It ends with this.
pub struct Server {
    dir: PathBuf,
}

impl Server {
    pub fn start(dir: &Path) -> Result<Server, String> {
        let server = Server { dir: dir.to_owned() };
        let real = found("ssh").ok_or("needs `ssh` on PATH")?;
        let sshd = found("sshd").ok_or("needs `sshd`")?;
        for key in ["key", "host_key"] {
            let path = dir.join(key);
            let mut keygen = Command::new("ssh-keygen");
            let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
            made.ok().filter(|status| status.success()).ok_or("needs `ssh-keygen`")?;
        }
        // A port that two of these at the same time do not share.
        let port = 20_000 + std::process::id() % 20_000;
        let (at, path) = (dir.display(), std::env::var("PATH").unwrap_or_default());
        // Some systems make this folder when their own server starts.
        let _ = fs::create_dir_all("/run/sshd");
        self::write(
            dir,
            "sshd_config",
            &format!(
                "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_key\nPidFile {at}/sshd.pid\nAuthorizedKeysFile {at}/key.pub\n\
                 StrictModes no\nUsePAM no\nPasswordAuthentication no\nLogLevel ERROR\nSetEnv PSModulePath={at}/modules PATH={path}\n\
                 Subsystem powershell pwsh -sshs -NoLogo -NoProfile\n"
            ),
        );
        self::write(
            dir,
            "ssh_config",
            &format!(
                "Host {COMPUTER}\n    HostName 127.0.0.1\nHost *\n    Port {port}\n    IdentityFile {at}/key\n    IdentitiesOnly yes\n    \
                 StrictHostKeyChecking no\n    UserKnownHostsFile /dev/null\n    LogLevel ERROR\n"
            ),
        );
        // The engine finds the `ssh` that knows this server.
        fs::create_dir_all(dir.join("bin")).map_err(|error| error.to_string())?;
        script(&dir.join("bin/ssh"), &format!("exec '{}' -F '{at}/ssh_config' \"$@\"", real.display()));
        script(&dir.join("engine"), &format!("PATH='{at}/bin:{path}' exec pwsh \"$@\""));
        let mut start = Command::new(sshd);
        start.arg("-f").arg(dir.join("sshd_config")).arg("-E").arg(dir.join("sshd.log")).stdin(Stdio::null());
        let started = start.status().map_err(|error| error.to_string())?;
        if started.success() { Ok(server) } else { Err("`sshd` does not start".into()) }
    }

    /// Milliseconds a call in the median, a person's loop.
    pub fn bare(&self) -> f64 {
        let first = format!(
            "$s = New-PSSession -HostName {COMPUTER}; Invoke-Command -Session $s -ScriptBlock {{ Import-Module Lync }}"
        );
        super::looped(Command::new(self.dir.join("engine")), &first, BARE)
    }

    /// Milliseconds a call in the median, through the driver.
    pub fn kept(&self) -> f64 {
        let engine = self.dir.join("engine").display().to_string();
        let reach = "reach: { ssh: { program: 'SSH' } }";
        let text = super::PLAN
            .replace("engine: pwsh", &format!("engine: '{engine}'"))
            .replace(reach, "reach: { session: { over: { ssh: {} } } }");
        super::called(&text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let process = fs::read_to_string(self.dir.join("sshd.pid")).unwrap_or_default();
        let _ = Command::new("kill").arg(process.trim()).stderr(Stdio::null()).status();
    }
}

/// Where a program is; servers are where an ordinary PATH does not look.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).expect("a file");
}

/// Writes a shell script.
pub fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    let executable = Command::new("chmod").arg("+x").arg(path).status();
    assert!(executable.is_ok_and(|status| status.success()));
}
