# Begins an action of the plan on this front end, unless its mark says that it goes on or is done. The action has a keeper, a process of its own
# that writes down how it ended: so its end is known though the connection to this engine was lost.
#   run, step    the names of the mark
#   program      the program, as it is: never given to a shell
#   arguments    its arguments, one by one
#   success, reboot   exit codes that mean success, and those that ask for a restart of the computer too
param([string] $Arguments)
$a = Read-Arguments $Arguments
$path = Get-MarkPath $a.run $a.step
$mark = Read-Mark $path
$seen = Get-ActionState $mark
if ($seen -eq 'underway' -or $seen -eq 'done') { return @{ state = $seen; begun = $false; mark = $mark } }

# As Windows splits a command line: backslashes count only before a quote.
$words = foreach ($word in $a.arguments) {
    if ($word -ne '' -and $word -notmatch '[\s"]') { $word } else {
        '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)$', '$1$1') + '"'
    }
}
$mark = @{
    state = 'underway'; program = $a.program; command_line = ($words -join ' '); success = $a.success; reboot = $a.reboot
    began = [DateTime]::UtcNow.ToString('o', [cultureinfo]::InvariantCulture); boot = Get-BootTime; keeper = 0; keeper_began = ''
}
Write-Mark $path $mark
$text = "`$path = '$(ConvertTo-Arguments $path)'`n$($scripts['keeper'])"
$start = New-Object System.Diagnostics.ProcessStartInfo
$start.FileName = [System.Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
$start.Arguments = '-NoLogo -NoProfile -NonInteractive -EncodedCommand ' + [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($text))
$start.UseShellExecute = $false
$start.CreateNoWindow = $true
$start.RedirectStandardInput = $true
$start.RedirectStandardOutput = $true
$start.RedirectStandardError = $true
$process = [System.Diagnostics.Process]::Start($start)
@{ state = 'underway'; begun = $true; mark = $mark; process = $process.Id }
