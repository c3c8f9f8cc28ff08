//! The scripts keep to the language of Windows PowerShell 5.1, as the engine's own parser reads them.

use std::process::{Command, Stdio};

use super::{found, has};
use crate::golden;

/// Walks the tree of every script. What 5.1 has not is named with its place.
const WALK: &str = r#"
$ErrorActionPreference = 'Stop'
$wrong = @()
foreach ($file in [System.IO.Directory]::GetFiles($env:SCRIPTS, '*.ps1')) {
    $tokens = $null; $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
    $name = [System.IO.Path]::GetFileName($file)
    foreach ($fault in $errors) { $wrong += "${name}: $fault" }
    foreach ($token in $tokens) {
        if ("$($token.Kind)" -in 'QuestionMark', 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'AndAnd', 'OrOr') {
            $wrong += "${name}:$($token.Extent.StartLineNumber): $($token.Text)"
        }
    }
    foreach ($node in $tree.FindAll({ $true }, $true)) {
        $kind = $node.GetType().Name
        $place = "${name}:$($node.Extent.StartLineNumber)"
        if ($kind -in 'TernaryExpressionAst', 'PipelineChainAst') { $wrong += "${place}: $kind" }
        if ($kind -eq 'CommandParameterAst' -and $node.ParameterName -in 'AsHashtable', 'AsArray', 'EnumsAsStrings', 'NoEnumerate', 'DateKind') { $wrong += "${place}: -$($node.ParameterName)" }
        if ($kind -eq 'TypeExpressionAst' -or $kind -eq 'TypeConstraintAst') {
            $type = "$($node.TypeName)"
            if ($type -notin $env:TYPES.Split(' ')) { $wrong += "${place}: [$type] is not known to be in .NET Framework" }
        }
    }
}
$wrong | ForEach-Object { [Console]::Out.WriteLine($_) }
[Console]::Out.WriteLine('walked')
"#;

/// What the scripts name of .NET, each looked up in the documentation of .NET Framework 4.5.
const TYPES: &str = "string regex int long bool char guid uri version enum datetime decimal cultureinfo Convert Console Math DateTime TimeSpan \
    NullString Environment Parameter void ref ScriptBlock System.Text.Encoding System.IO.File System.IO.Path System.IO.Directory \
    System.Collections.IList System.Collections.IDictionary System.Collections.IEnumerable System.Globalization.DateTimeStyles \
    System.IO.FileMode System.IO.FileAccess System.IO.FileShare System.IO.IOException System.ArgumentException \
    System.InvalidOperationException System.Diagnostics.Process System.Management.Automation.PSCustomObject";

#[test]
fn every_script_is_in_the_language_of_windows_powershell() {
    if !has("pwsh", "every_script_is_in_the_language_of_windows_powershell") {
        return;
    }
    let walked = walk(&golden::at("src/pool/powershell/scripts"));
    assert_eq!(walked, "walked");
}

#[test]
fn what_windows_powershell_has_not_is_found() {
    if !has("pwsh", "what_windows_powershell_has_not_is_found") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for text in [
        "$a ? 1 : 2",
        "$a ?? 1",
        "$a ??= 1",
        "${a}?.b",
        "a && b",
        "a || b",
        "ConvertFrom-Json $a -AsHashtable",
        "ConvertTo-Json $a -AsArray",
        "ConvertTo-Json $a -EnumsAsStrings",
        "[System.Text.Json.JsonDocument]::Parse('')",
        "if (",
    ] {
        std::fs::write(dir.path().join("it.ps1"), text).unwrap();
        assert_ne!(walk(dir.path()), "walked", "{text}");
    }
}

fn walk(scripts: &std::path::Path) -> String {
    let mut command = Command::new(found("pwsh").unwrap());
    command.args(["-NoProfile", "-NonInteractive", "-Command", WALK]);
    let output = command.env("SCRIPTS", scripts).env("TYPES", TYPES).stdin(Stdio::null()).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{talk}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
