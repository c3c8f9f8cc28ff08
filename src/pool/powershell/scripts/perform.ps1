# Begins an action of the plan on this front end, unless its mark says that it goes on or is done. The action has a keeper, a process of its own
# that writes down how it ended: so its end is known though the connection to this engine was lost.
#   module       the product's module
#   run, step    the names of the mark
#   token        the newest token of the step
#   undoes       first words of marks that are stale once this begins
#   program      the program, as it is: never given to a shell
#   arguments    its arguments, one by one
#   success, reboot   exit codes that mean success, and those that ask for a restart of the computer too
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$path = Get-MarkPath $a.run $a.step
$lock = Lock-Step $a
try {
    if (Test-Fence $a) { return @{ fenced = $true } }
    $seen = Get-Action $path
    if ($seen.state -eq 'underway' -or $seen.state -eq 'done') { return @{ state = $seen.state; begun = $false; mark = $seen.mark } }
    foreach ($word in $a.undoes) { Remove-Marks $a.run $word }

    # As Windows splits a command line: backslashes count only before a quote.
    $words = foreach ($word in $a.arguments) {
        if ($word -ne '' -and $word -notmatch '[\s"]') { $word } else {
            '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)$', '$1$1') + '"'
        }
    }
    $nonce = [guid]::NewGuid().ToString('n')
    $mark = @{
        state = 'underway'; nonce = $nonce; program = $a.program; command_line = ($words -join ' '); success = $a.success; reboot = $a.reboot
        began = [DateTime]::UtcNow.ToString('o', [cultureinfo]::InvariantCulture); boot = Get-BootTime
        keeper = 0; keeper_began = ''; process = 0; process_began = ''
    }
    Write-Mark $path $mark
    $text = "`$path = '$(ConvertTo-Arguments $path)'; `$nonce = '$nonce'`n$($scripts['keeper'])"
    $engine = [System.IO.Path]::Combine($PSHOME, 'powershell.exe')
    if (-not [System.IO.File]::Exists($engine)) { $engine = [System.IO.Path]::Combine($PSHOME, 'pwsh.exe') }
    if (-not [System.IO.File]::Exists($engine)) { $engine = [System.IO.Path]::Combine($PSHOME, 'pwsh') }
    $command = '-NoLogo -NoProfile -NonInteractive -EncodedCommand ' + [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($text))
    if ($env:OS -eq 'Windows_NT') {
        # What an ssh server or a session starts ends with its connection; what the system starts for us does not.
        $made = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = '"' + $engine + '" ' + $command }
        if ($made.ReturnValue -ne 0) { throw "the keeper of the action could not be started: Win32_Process.Create answered $($made.ReturnValue)" }
    } else {
        $start = New-Object System.Diagnostics.ProcessStartInfo
        $start.FileName = $engine
        $start.Arguments = $command
        $start.UseShellExecute = $false
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        [void] [System.Diagnostics.Process]::Start($start)
    }
    @{ state = 'underway'; begun = $true; mark = $mark }
} finally { $lock.Dispose() }
