# How what a run began on this computer stands, by the marks that it left. Sent to an engine together with engine.ps1.

# none, underway, done, failed, or cut_off: it ended and nobody wrote down how.
function Get-ActionState($Mark) {
    if ($null -eq $Mark) { return 'none' }
    if ($Mark.state -eq 'ended') {
        if ($Mark.ContainsKey('fault')) { return 'failed' }
        if (@($Mark.success) + @($Mark.reboot) -contains $Mark.exit_code) { return 'done' }
        return 'failed'
    }
    if ($Mark.keeper -eq 0) {
        # The keeper has not said anything yet. It does so within a moment, or never began.
        $began = [DateTime]::Parse($Mark.began, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind)
        if (([DateTime]::UtcNow - $began.ToUniversalTime()).TotalSeconds -lt 60) { return 'underway' }
        return 'cut_off'
    }
    try {
        $process = [System.Diagnostics.Process]::GetProcessById([int] $Mark.keeper)
        if ([Math]::Abs($process.StartTime.ToUniversalTime().Ticks - [long] $Mark.keeper_began) -lt 20000000) { return 'underway' }
    } catch { }
    # It may have ended between the two looks.
    'cut_off'
}

# Whether two readings are of the same boot. Windows reckons it back from now, and its clock is set now and then.
function Test-SameBoot([string] $One, [string] $Other) {
    $times = foreach ($text in $One, $Other) {
        [DateTime]::Parse($text, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind)
    }
    [Math]::Abs(($times[0] - $times[1]).TotalSeconds) -lt 30
}

# restarted: it has booted since the step asked for it, or needs no boot. asked: the step asked for it, not long ago.
function Get-RestartState($A) {
    $boot = Get-BootTime
    $mark = Read-Mark (Get-MarkPath $A.run $A.step)
    if ($null -ne $mark) {
        $restarted = -not (Test-SameBoot $mark.boot $boot)
        $since = [DateTime]::UtcNow - [DateTime]::Parse($mark.asked, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToUniversalTime()
        return @{ restarted = $restarted; asked = (-not $restarted -and $since.TotalSeconds -lt 120); boot = $boot }
    }
    $needed = [bool] $A.always
    if (-not $needed) {
        $folder = [System.IO.Path]::GetDirectoryName((Get-MarkPath $A.run $A.step))
        foreach ($file in [System.IO.Directory]::GetFiles($folder, 'upgrade-*.json')) {
            $action = Read-Mark $file
            if ($action.ContainsKey('exit_code') -and @($action.reboot) -contains $action.exit_code -and (Test-SameBoot $action.boot $boot)) { $needed = $true }
        }
    }
    @{ restarted = -not $needed; asked = $false; boot = $boot }
}
