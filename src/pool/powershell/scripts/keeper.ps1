# Keeps one action: runs the program and writes down how it ended. Its mark says what to run.
$ErrorActionPreference = 'Stop'
$utf8 = New-Object System.Text.UTF8Encoding $false
$path = $utf8.GetString([Convert]::FromBase64String($path))
function Write-Kept($Mark) {
    $json = ConvertTo-Json -InputObject $Mark -Depth 12 -Compress
    [System.IO.File]::WriteAllText("$path.new", $json, $utf8)
    [System.IO.File]::Replace("$path.new", $path, [NullString]::Value)
}
$mark = ConvertFrom-Json ([System.IO.File]::ReadAllText($path, $utf8))
$self = [System.Diagnostics.Process]::GetCurrentProcess()
$mark.keeper = $self.Id
$mark.keeper_began = '=' + $self.StartTime.ToUniversalTime().Ticks
Write-Kept $mark
try {
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $mark.program.Substring(1)
    $start.Arguments = $mark.command_line.Substring(1)
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $process.WaitForExit()
    $mark | Add-Member -NotePropertyName exit_code -NotePropertyValue $process.ExitCode
} catch {
    $mark | Add-Member -NotePropertyName fault -NotePropertyValue ('=' + $_.Exception.Message)
}
$mark.state = '=ended'
Write-Kept $mark
