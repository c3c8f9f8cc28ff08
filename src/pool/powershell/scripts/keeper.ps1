# Keeps one action: runs the program and writes down how it ended. Its mark says what to run; one that was written over meanwhile has another keeper.
$ErrorActionPreference = 'Stop'
$utf8 = New-Object System.Text.UTF8Encoding $false
$path = $utf8.GetString([Convert]::FromBase64String($path))
# Whoever looks at a mark has it open for a moment, and some systems refuse to replace it then.
function Write-Kept($Mark) {
    $json = ConvertTo-Json -InputObject $Mark -Depth 12 -Compress
    foreach ($try in 1..100) {
        try {
            [System.IO.File]::WriteAllText("$path.new", $json, $utf8)
            [System.IO.File]::Replace("$path.new", $path, [NullString]::Value)
            return
        } catch { if ($try -eq 100) { throw } }
        Start-Sleep -Milliseconds 100
    }
}
$mark = ConvertFrom-Json ([System.IO.File]::ReadAllText($path, $utf8))
if ($mark.nonce -ne "=$nonce") { exit }
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
    # What it prints is read and thrown away: a pipe that nobody reads would make it wait.
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $process.StandardInput.Close()
    $process.BeginOutputReadLine()
    $process.BeginErrorReadLine()
    $mark.process = $process.Id
    try { $mark.process_began = '=' + $process.StartTime.ToUniversalTime().Ticks } catch { }
    Write-Kept $mark
    $process.WaitForExit()
    $mark | Add-Member -NotePropertyName exit_code -NotePropertyValue $process.ExitCode
} catch {
    $mark | Add-Member -NotePropertyName fault -NotePropertyValue ('=' + $_.Exception.Message)
}
$mark.state = '=ended'
Write-Kept $mark
