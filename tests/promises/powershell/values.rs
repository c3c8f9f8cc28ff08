//! Names of computers, pools and upgrade domains, and versions, that try to break out. What the plan's rules let through goes through the
//! driver; what they refuse is given to the scripts below them, as the driver gives it. Nothing of it changes what runs: every cmdlet is
//! called as often as without it, and with the value byte by byte.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use poolroll::exec::live::compile;
use poolroll::plan::{Answer, Call, DomainId, FrontEndId, Question, Readiness, Seen, VersionSeen};
use poolroll::pool::{Driver, PowerShellPool, Ticket};
use serde_json::{Value, json};

use super::{Bed, Product, has};
use crate::golden;
use crate::stage::graph_of;

/// What would do something if it were taken for more than a text, or would become another text on its way.
const HOSTILE: [&str; 46] = [
    "",
    " ",
    "a b",
    "'",
    "''",
    "it's; New-Item pwned; '",
    "\"",
    "\"; New-Item pwned; \"",
    "$(New-Item pwned)",
    "$(touch pwned)",
    "`touch pwned`",
    "`$(New-Item pwned)",
    "; New-Item pwned",
    "| New-Item pwned",
    "& New-Item pwned",
    "\n New-Item pwned\n",
    "\r\nNew-Item pwned\r\n",
    "'\nNew-Item pwned\n#",
    "'@\nNew-Item pwned\n@'",
    "\u{2018}; New-Item pwned; \u{2019}",
    "\u{201c}; New-Item pwned; \u{201d}",
    "} ; New-Item pwned ; {",
    ") ; New-Item pwned ; (",
    "*",
    "[a-z]*",
    "?e01.contoso.com",
    "-Force",
    "--%",
    "-Confirm:$true",
    "@{a=1}",
    "@args",
    "$env:PATH",
    "${env:PATH}",
    "%PATH%",
    "C:\\Windows\\",
    "\\\\server\\share",
    "service:Registrar:x' -or '1'='1",
    "=x",
    "2026-01-01T00:00:00Z",
    "/Date(0)/",
    "1e3",
    "true",
    "null",
    "{\"a\":1}",
    "äöü€𝄞\u{200b}",
    ".",
];

/// A module that writes down how it is called.
const MODULE: &str = r#"
function Write-Call([string] $Name, $Bound) {
    $values = @{}
    foreach ($key in $Bound.Keys) { $values[$key] = '' + $Bound[$key] }
    $line = ConvertTo-Json -InputObject @{ name = $Name; values = $values; rest = @($args) } -Compress
    [System.IO.File]::AppendAllText($env:CALLS, "$line`n")
}
function Get-CsComputer { param([string] $Pool) Write-Call 'Get-CsComputer' $PSBoundParameters; [PSCustomObject] @{ Fqdn = $Pool } }
function Get-CsPoolBackupRelationship { param([string] $PoolFqdn) Write-Call 'Get-CsPoolBackupRelationship' $PSBoundParameters; [PSCustomObject] @{ BackupPoolFqdn = $PoolFqdn } }
function Get-CsBackupServiceStatus { param([string] $PoolFqdn) Write-Call 'Get-CsBackupServiceStatus' $PSBoundParameters; [PSCustomObject] @{ BackupModules = $PoolFqdn } }
function Get-CsRegistrarConfiguration { param([string] $Identity) Write-Call 'Get-CsRegistrarConfiguration' $PSBoundParameters; [PSCustomObject] @{ PoolState = $Identity } }
function Get-CsManagementStoreReplicationStatus { param([switch] $CentralManagementStoreStatus) }
function Get-CsService { param([switch] $EdgeServer) [PSCustomObject] @{ Identity = [System.IO.File]::ReadAllText($env:ANSWER); Registrar = [System.IO.File]::ReadAllText($env:ANSWER) } }
function Get-CsWindowsService { [PSCustomObject] @{ Name = [System.IO.File]::ReadAllText($env:ANSWER); Status = 'Stopped' } }
function Get-CimInstance { param([string] $ClassName, [string] $Filter) Write-Call 'Get-CimInstance' $PSBoundParameters; [PSCustomObject] @{ StartMode = 'Disabled' } }
function Get-ItemProperty { param([string[]] $Path) [PSCustomObject] @{ DisplayName = 'Microsoft Lync Server 2013, Front End Server'; DisplayVersion = [System.IO.File]::ReadAllText($env:ANSWER) } }
function Get-CsServerPatchVersion { [PSCustomObject] @{ ComponentName = 'Front End Server'; Version = [System.IO.File]::ReadAllText($env:ANSWER) } }
function Invoke-CsComputerFailOver { [CmdletBinding(SupportsShouldProcess)] param([string] $ComputerName, [TimeSpan] $WaitTime) Write-Call 'Invoke-CsComputerFailOver' $PSBoundParameters }
function Invoke-CsComputerFailBack { [CmdletBinding(SupportsShouldProcess)] param([string] $ComputerName) Write-Call 'Invoke-CsComputerFailBack' $PSBoundParameters }
function Invoke-CsPoolFailOver { [CmdletBinding(SupportsShouldProcess)] param([string] $PoolFqdn) Write-Call 'Invoke-CsPoolFailOver' $PSBoundParameters }
function Invoke-CsPoolFailBack { [CmdletBinding(SupportsShouldProcess)] param([string] $PoolFqdn) Write-Call 'Invoke-CsPoolFailBack' $PSBoundParameters }
function New-PSSession { param([string] $HostName, [string] $ComputerName, [string] $UserName) Write-Call 'New-PSSession' $PSBoundParameters; throw 'no session here' }
Export-ModuleMember -Function *-Cs*, Get-CimInstance, Get-ItemProperty, New-PSSession
"#;

/// An engine with the scripts, spoken to as the driver speaks to it.
struct Engine {
    dir: tempfile::TempDir,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    calls: usize,
}

fn script(name: &str) -> String {
    let path = golden::at("src/pool/powershell/scripts").join(format!("{name}.ps1"));
    std::fs::read_to_string(path).unwrap()
}

/// Every text has `=` in front.
fn written(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(format!("={text}")),
        Value::Array(items) => items.into_iter().map(written).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, written(value))).collect(),
        other => other,
    }
}

impl Engine {
    fn start() -> Engine {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("modules/Lync")).unwrap();
        std::fs::write(dir.path().join("modules/Lync/Lync.psm1"), MODULE).unwrap();
        let bootstrap: Vec<u8> = script("bootstrap").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut child = Command::new(super::found("pwsh").unwrap())
            .args(["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", &BASE64.encode(&bootstrap)])
            .current_dir(dir.path())
            .env("PSModulePath", dir.path().join("modules"))
            .env("ProgramData", dir.path().join("ProgramData"))
            .env("CALLS", dir.path().join("calls"))
            .env("ANSWER", dir.path().join("answer"))
            .envs(super::SHORT_LIVED)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut engine = Engine { dir, child, stdin, lines, calls: 0 };
        engine.answer("x");
        engine.say(&BASE64.encode(format!("{}\n{}", script("marks"), script("engine")).as_bytes()));
        while !engine.lines.next().unwrap().unwrap().starts_with("poolroll is ready: ") {}
        engine
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// What the cmdlets answer.
    fn answer(&self, text: &str) {
        std::fs::write(self.dir.path().join("answer"), text).unwrap();
    }

    /// The envelope of a call.
    fn call(&mut self, name: &str, arguments: Value) -> Value {
        let encoded = BASE64.encode(script(name).as_bytes());
        self.say(&format!("script {name} {encoded} ."));
        self.calls += 1;
        let number = self.calls;
        self.say(&format!("call {number} {name} {} .", arguments_of(arguments)));
        while self.lines.next().unwrap().unwrap() != format!("<<poolroll {number}") {}
        let envelope = self.lines.next().unwrap().unwrap();
        assert_eq!(self.lines.next().unwrap().unwrap(), format!("poolroll {number}>>"));
        serde_json::from_str(&envelope).unwrap()
    }

    /// What a call answered, and how the cmdlets were called in it.
    fn well(&mut self, name: &str, arguments: Value) -> (Value, Vec<(String, Value)>) {
        let shown = arguments.to_string();
        let envelope = self.call(name, arguments);
        assert_eq!(envelope["ok"], true, "{name} {shown}: {envelope}");
        (envelope["answer"].clone(), self.heard())
    }

    /// How the cmdlets were called since the last time.
    fn heard(&self) -> Vec<(String, Value)> {
        let path = self.dir.path().join("calls");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(&path);
        let call = |line: &str| {
            let call: Value = serde_json::from_str(line).unwrap();
            assert_eq!(call["rest"], json!([]), "{call}");
            (call["name"].as_str().unwrap().to_owned(), call["values"].clone())
        };
        text.lines().map(call).collect()
    }

    /// Nothing was made but what the test and the marks of the scripts make.
    fn assert_untouched(&self) {
        let names = |path: PathBuf| -> Vec<String> {
            let mut names: Vec<String> = std::fs::read_dir(path)
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        let left = names(self.dir.path().to_owned());
        let expected = ["ProgramData", "answer", "modules"];
        assert!(left.iter().all(|name| expected.contains(&name.as_str())), "{left:?}");
        let mut marks = names(self.dir.path().join("ProgramData/poolroll/RUN"));
        marks.retain(|name| !name.ends_with(".json.lock"));
        assert_eq!(marks, [""; 0]);
    }
}

fn arguments_of(arguments: Value) -> String {
    BASE64.encode(written(arguments).to_string().as_bytes())
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn call(name: &str, values: Value) -> (String, Value) {
    (name.to_owned(), values)
}

#[test]
fn names_that_the_rules_refuse_reach_the_cmdlets_as_they_are() {
    if !has("pwsh", "names_that_the_rules_refuse_reach_the_cmdlets_as_they_are") {
        return;
    }
    let mut engine = Engine::start();
    for value in HOSTILE {
        let (answer, heard) = engine.well("members", json!({ "module": "Lync", "pool": value }));
        assert_eq!(
            heard,
            [
                call("Get-CsComputer", json!({ "Pool": value })),
                call("Get-CsPoolBackupRelationship", json!({ "PoolFqdn": value })),
            ]
        );
        assert_eq!(
            answer,
            json!({ "computers": [{ "Fqdn": value }], "relation": [{ "BackupPoolFqdn": value }] })
        );
        let (answer, heard) = engine.well("pool_state", json!({ "module": "Lync", "pool": value }));
        let identity = format!("service:Registrar:{value}");
        assert_eq!(heard, [call("Get-CsRegistrarConfiguration", json!({ "Identity": identity }))]);
        assert_eq!(answer, json!({ "states": [identity] }));

        let pools = json!({ "module": "Lync", "pool": value, "partner": "pool02.contoso.com" });
        let (answer, heard) = engine.well("partner", pools);
        assert_eq!(heard.len(), 5, "{heard:?}");
        assert_eq!(heard[1], call("Get-CsBackupServiceStatus", json!({ "PoolFqdn": value })));
        assert_eq!(answer["services"][value], json!([{ "BackupModules": value }]), "{answer}");
        assert_eq!(answer["states"][value], json!([identity]));

        for (back, over) in [(false, "Over"), (true, "Back")] {
            let arguments =
                json!({ "module": "Lync", "pool": value, "back": back, "run": "RUN", "step": "failover" });
            let (_, heard) = engine.well("pool_failover", arguments);
            let bound = json!({ "PoolFqdn": value, "Confirm": "False" });
            assert_eq!(heard, [call(&format!("Invoke-CsPoolFail{over}"), bound)]);

            let arguments = json!({ "module": "Lync", "computer": value, "back": back, "minutes": 59, "run": "RUN", "step": "failover" });
            let (_, heard) = engine.well("computer_failover", arguments);
            let mut bound = json!({ "ComputerName": value, "Confirm": "False" });
            if !back {
                bound["WaitTime"] = json!("00:59:00");
            }
            assert_eq!(heard, [call(&format!("Invoke-CsComputerFail{over}"), bound)]);
        }
    }
    engine.assert_untouched();
}

#[test]
fn a_session_is_opened_to_the_name_as_it_is() {
    if !has("pwsh", "a_session_is_opened_to_the_name_as_it_is") {
        return;
    }
    let mut engine = Engine::start();
    // The module brings a session that writes down how it is opened.
    engine.well("pool_state", json!({ "module": "Lync", "pool": "x" }));
    for value in HOSTILE {
        let reach = json!({ "over": "ssh", "computer": value, "parameters": { "UserName": value } });
        engine.say(&format!("reach {} .", arguments_of(reach)));
        let envelope = engine.call("pool_state", json!({ "module": "Lync", "pool": value }));
        assert_eq!(envelope["session"], "not opened", "{value:?}: {envelope}");
        assert_eq!(
            engine.heard(),
            [call("New-PSSession", json!({ "HostName": value, "UserName": value }))],
            "{value:?}"
        );
    }
    engine.assert_untouched();
}

#[test]
fn a_port_of_a_name_that_is_none_takes_no_connection() {
    if !has("pwsh", "a_port_of_a_name_that_is_none_takes_no_connection") {
        return;
    }
    let mut engine = Engine::start();
    // Names with a letter or a digit alone could be somebody's.
    for value in HOSTILE.into_iter().filter(|value| !value.bytes().all(|b| b.is_ascii_alphanumeric())) {
        let arguments = json!({ "computer": value, "ports": [1], "seconds": 1 });
        let (answer, heard) = engine.well("ports", arguments);
        assert_eq!((answer, heard), (json!({ "refused": [1] }), Vec::new()), "{value:?}");
    }
    engine.assert_untouched();
}

#[test]
fn what_a_pool_says_comes_back_as_it_is() {
    if !has("pwsh", "what_a_pool_says_comes_back_as_it_is") {
        return;
    }
    let mut engine = Engine::start();
    for value in HOSTILE {
        engine.answer(value);
        for (versions, name) in
            [("installed", "Microsoft Lync Server 2013, Front End Server"), ("patch", "Front End Server")]
        {
            let (answer, heard) = engine.well("front_end", json!({ "module": "Lync", "versions": versions }));
            assert_eq!(answer["versions"], json!([{ "name": name, "version": value }]), "{versions}");
            assert_eq!(answer["services"], json!([{ "name": value, "status": "Stopped" }]));
            assert_eq!(heard, []);
        }
        // The name of a service becomes part of a question to WMI, less the quote that would end it there.
        let (answer, heard) = engine.well("disabled", json!({ "module": "Lync" }));
        let filter = format!("Name='{}'", value.replace('\'', ""));
        let bound = json!({ "ClassName": "Win32_Service", "Filter": filter });
        assert_eq!(heard, [call("Get-CimInstance", bound)]);
        assert_eq!(answer["disabled"], json!([value]));
        let (answer, _) = engine.well("partner", json!({ "module": "Lync", "pool": "p1", "partner": "p2" }));
        assert_eq!(answer["edges"], json!([{ "identity": value, "registrar": value }]));
    }
    engine.assert_untouched();
}

#[test]
fn a_name_that_could_leave_the_folder_of_the_marks_is_in_no_plan() {
    let text = super::plan(Product::Lync, "ssh", "pwsh", "");
    let hostile = HOSTILE.into_iter().filter(|value| *value != "1e3" && *value != "true" && *value != "null");
    for value in hostile.chain(["../../x", "a/b", "a\\b", "..", "a:b", "fe01.contoso.com/", "con\0"]) {
        let quoted = serde_json::to_string(value).unwrap();
        for name in ["fe01.contoso.com", "pool01.contoso.com"] {
            let text = text.replace(name, &quoted);
            assert!(compile("plan.yaml", text.as_bytes()).is_err(), "{value:?} is taken for {name}");
        }
    }
}

/// A driver on the bed, for a plan's text.
fn driver(bed: &Bed, text: &str) -> Driver {
    // The program that reaches a computer is given the bed by a file beside it: this process has many beds.
    let ssh = bed.path("ssh");
    let modules = super::file("modules");
    let lines = format!(
        "#!/bin/sh\nexport POOLROLL_BED='{}' PSModulePath='{modules}'\ncd \"$POOLROLL_BED\"\nexec '{}' \"$@\"\n",
        bed.dir.path().display(),
        super::file("ssh")
    );
    std::fs::write(&ssh, lines).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&ssh).status().unwrap().success());
    let graph =
        graph_of("plan.yaml", text.replace(&super::file("ssh"), &ssh.display().to_string()).as_bytes());
    let Some(poolroll::plan::Driver::PowerShell(settings)) = graph.plan().driver() else { panic!() };
    let pool = PowerShellPool::new(graph.plan_arc().clone(), settings.clone(), "a-run");
    Driver::PowerShell(Box::new(pool))
}

/// The answers to questions, one after the other.
fn answers(driver: &mut Driver, questions: impl IntoIterator<Item = Question>) -> Vec<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = |(number, question)| {
        runtime.block_on(async {
            driver.begin(Timestamp::UNIX_EPOCH, Ticket(number), Call::Ask(question));
            tokio::time::timeout(Duration::from_secs(120), driver.woken()).await.expect("an answer");
            driver.take_answer(Timestamp::UNIX_EPOCH).unwrap().answer
        })
    };
    (0..).zip(questions).map(ask).collect()
}

/// What the rules let through: a text on one line, in which nothing is hidden.
fn allowed() -> impl Iterator<Item = &'static str> {
    let hidden = |value: &str| value.contains(['\n', '\r', '\u{200b}']);
    HOSTILE.into_iter().filter(move |value| !value.trim().is_empty() && !hidden(value))
}

/// Whether the folder of a bed has what somebody who broke out would have left.
fn is_broken_out_of(folder: &Path) -> bool {
    folder.join("pwned").exists()
}

#[test]
fn upgrade_domains_are_told_apart_by_their_names_whatever_these_are() {
    if !has("pwsh", "upgrade_domains_are_told_apart_by_their_names_whatever_these_are") {
        return;
    }
    // The bed keeps its state as JSON, and its engine makes a time of a text that looks like one.
    let names: Vec<&str> = allowed().filter(|name| !name.starts_with("2026")).collect();
    assert!(names.len() > 34);
    for names in names.chunks(3).filter(|names| names.len() == 3) {
        let bed = Bed::new(Product::Lync);
        let mut text = super::plan(Product::Lync, &super::file("ssh"), "pwsh", "");
        for (place, name) in names.iter().enumerate() {
            text = text.replace(
                &format!("name: UD{}", place + 1),
                &format!("name: {}", serde_json::to_string(name).unwrap()),
            );
        }
        bed.change(|state| {
            for (place, name) in names.iter().enumerate() {
                state["front_ends"][place]["domain"] = json!(name);
            }
        });
        let mut driver = driver(&bed, &text);
        let asked = [0, 1, 2]
            .map(|domain| Question::Readiness { domain: Some(DomainId(domain)), observer: FrontEndId(0) });
        let ready = Answer::Readiness(Readiness::Ready { domain: true, inactive: Vec::new() });
        assert_eq!(answers(&mut driver, asked), [ready.clone(), ready.clone(), ready], "{names:?}");
        assert!(!is_broken_out_of(bed.dir.path()), "{names:?}");
        assert_eq!(bed.calls(), [""; 0]);
    }
}

#[test]
fn a_version_is_found_whatever_it_is() {
    if !has("pwsh", "a_version_is_found_whatever_it_is") {
        return;
    }
    // The bed cuts off white space at both ends.
    let versions: Vec<&str> = allowed().filter(|version| version.trim() == *version).collect();
    assert!(versions.len() > 30);
    const OLD: &str = "5.0.8308.0";
    let bed = Bed::new(Product::Lync);
    std::fs::create_dir_all(bed.path("fe01.contoso.com")).unwrap();
    for version in &versions {
        let text = super::plan(Product::Lync, &super::file("ssh"), "pwsh", "").replace(
            &format!("version: {}", Product::Lync.version()),
            &format!("version: {}", serde_json::to_string(version).unwrap()),
        );
        let mut driver = driver(&bed, &text);
        // One engine tells both: what is installed changes before it is asked.
        let asked = [*version, OLD].into_iter().map(|installed| {
            std::fs::write(bed.path("fe01.contoso.com").join("version"), installed).unwrap();
            Question::FrontEnd { front_end: FrontEndId(0) }
        });
        let seen = |version| Answer::Seen(Seen { version, active: true });
        assert_eq!(
            answers(&mut driver, asked),
            [seen(VersionSeen::Planned), seen(VersionSeen::Other)],
            "{version:?}"
        );
        assert!(!is_broken_out_of(bed.dir.path()), "{version:?}");
    }
    assert_eq!(bed.calls(), [""; 0]);
}
