# How what a run began on this computer stands, by the marks that it left. Sent to an engine together with engine.ps1.

# What a run leaves on a computer, a file a step, so that whoever comes next knows what was begun and how it ended.
function Get-MarkPath([string] $Run, [string] $Step) {
    if (-not $env:ProgramData) { throw 'the variable ProgramData is not set: there is no place for the marks of a run' }
    [System.IO.Path]::Combine($env:ProgramData, 'poolroll', $Run, "$Step.json")
}

function Read-Mark([string] $Path) {
    if (-not [System.IO.File]::Exists($Path)) { return $null }
    # Shared with everybody: whoever looks keeps nobody from writing.
    $file = New-Object System.IO.FileStream ($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, ([System.IO.FileShare]::ReadWrite -bor [System.IO.FileShare]::Delete))
    try {
        $reader = New-Object System.IO.StreamReader ($file, $utf8)
        $text = $reader.ReadToEnd()
    } finally { $file.Dispose() }
    ConvertFrom-Written (ConvertFrom-Json $text)
}

# Written beside and moved: a mark is the old one or the new one, never half of either.
function Write-Mark([string] $Path, $Mark) {
    [void] [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($Path))
    $beside = "$Path.$PID.new"
    [System.IO.File]::WriteAllText($beside, (ConvertTo-AsciiJson (ConvertTo-Written $Mark)), $utf8)
    if ([System.IO.File]::Exists($Path)) { [System.IO.File]::Replace($beside, $Path, [NullString]::Value) } else { [System.IO.File]::Move($beside, $Path) }
}

# Removes the marks of a run that begin with a word.
function Remove-Marks([string] $Run, [string] $Word) {
    $folder = [System.IO.Path]::GetDirectoryName((Get-MarkPath $Run 'none'))
    if (-not [System.IO.Directory]::Exists($folder)) { return }
    foreach ($file in [System.IO.Directory]::GetFiles($folder, "$Word-*.json")) { [System.IO.File]::Delete($file) }
}

# Whether a process of a mark still runs. One that cannot be looked at may.
function Test-Process($Id, [string] $Began) {
    if ([int] $Id -eq 0) { return $false }
    try { $process = [System.Diagnostics.Process]::GetProcessById([int] $Id) } catch [System.ArgumentException] { return $false }
    # A property that cannot be read throws in some engines and is nothing in others: it has ended meanwhile, or it may not be looked at.
    $start = try { $process.StartTime } catch { $null }
    if ($null -eq $start) { try { return -not $process.HasExited } catch { return $true } }
    # An id is given again to another process, which began at another time.
    $Began -eq '' -or [Math]::Abs($start.ToUniversalTime().Ticks - [long] $Began) -lt 20000000
}

function Read-Time([string] $Text) {
    [DateTime]::Parse($Text, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToUniversalTime()
}

# none, underway, done or failed; cut_off: it ended and nobody wrote down how; lost: nobody can tell whether it has ended.
function Get-ActionState($Mark) {
    if ($null -eq $Mark) { return 'none' }
    if ($Mark.state -eq 'ended') {
        if ($Mark.ContainsKey('fault')) { return 'failed' }
        if (@($Mark.success) + @($Mark.reboot) -contains $Mark.exit_code) { return 'done' }
        return 'failed'
    }
    if (-not (Test-SameBoot $Mark.boot (Get-BootTime))) { return 'cut_off' }
    if ((Test-Process $Mark.keeper $Mark.keeper_began) -or (Test-Process $Mark.process $Mark.process_began)) { return 'underway' }
    # A keeper says who it is within a moment.
    if ($Mark.keeper -eq 0 -and ([DateTime]::UtcNow - (Read-Time $Mark.began)).TotalSeconds -lt 60) { return 'underway' }
    # A keeper that ended before it wrote down which process it had started: that one may still run.
    if ($Mark.process -eq 0) { return 'lost' }
    'cut_off'
}

# A mark and how its action stands. A keeper that ends between the look at its mark and the look at its process has written down the end by then, so
# a second look at the mark tells.
function Get-Action([string] $Path) {
    foreach ($look in 1..2) {
        $mark = Read-Mark $Path
        $state = Get-ActionState $mark
        if ($state -ne 'cut_off' -and $state -ne 'lost') { break }
    }
    @{ state = $state; mark = $mark }
}

# Whether two readings are of the same boot. Windows reckons it back from now, and its clock is set now and then.
function Test-SameBoot([string] $One, [string] $Other) {
    [Math]::Abs(((Read-Time $One) - (Read-Time $Other)).TotalSeconds) -lt 30
}

# restarted: it has booted since the step asked for it, or needs no boot. asked: the step asked for it, not long ago.
function Get-RestartState($A) {
    $boot = Get-BootTime
    $path = Get-MarkPath $A.run $A.step
    $mark = Read-Mark $path
    if ($null -ne $mark) {
        $restarted = -not (Test-SameBoot $mark.boot $boot)
        $since = [DateTime]::UtcNow - (Read-Time $mark.asked)
        return @{ restarted = $restarted; asked = (-not $restarted -and $since.TotalSeconds -lt 120); boot = $boot }
    }
    $needed = [bool] $A.always
    $folder = [System.IO.Path]::GetDirectoryName($path)
    if (-not $needed -and [System.IO.Directory]::Exists($folder)) {
        foreach ($file in [System.IO.Directory]::GetFiles($folder, 'upgrade-*.json')) {
            $action = Read-Mark $file
            # One whose exit code nobody knows may have asked for it.
            $asks = -not $action.ContainsKey('exit_code') -or @($action.reboot) -contains $action.exit_code
            if ($asks -and (Test-SameBoot $action.boot $boot)) { $needed = $true }
        }
    }
    @{ restarted = -not $needed; asked = $false; boot = $boot }
}

# A call may arrive when whoever sent it has died and another has looked: it must not begin then. So whoever is about to begin a step, and whoever
# looks whether it has begun, leaves a new token beside its mark (fence.ps1); a call begins only while the token is the one that it was sent with.

# Holds a step for a moment: meanwhile nobody else begins it, or leaves a token.
function Lock-Step($A) {
    $path = Get-MarkPath $A.run $A.step
    [void] [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($path))
    foreach ($try in 1..100) {
        try { return [System.IO.File]::Open("$path.lock", 'OpenOrCreate', 'ReadWrite', 'None') } catch [System.IO.IOException] { Start-Sleep -Milliseconds 100 }
    }
    throw "another process holds $path.lock"
}

# Whether a newer token forbids this call. By hand there is none.
function Test-Fence($A) {
    $fence = (Get-MarkPath $A.run $A.step) + '.fence'
    [System.IO.File]::Exists($fence) -and [System.IO.File]::ReadAllText($fence) -ne '' + $A.token
}

# Whether the process that was at a step when it left its mark still is.
function Test-Underway($A) {
    $mark = Read-Mark (Get-MarkPath $A.run $A.step)
    $null -ne $mark -and (Test-Process $mark.process $mark.process_began)
}

# Runs a cmdlet that takes its time under a mark, so that nobody begins it a second time while this process is at it. What it returns says whether it
# was begun here, and whether a newer token forbids it.
function Invoke-Marked($A, [scriptblock] $Block) {
    $path = Get-MarkPath $A.run $A.step
    $lock = Lock-Step $A
    try {
        if (Test-Fence $A) { return @{ begun = $false; fenced = $true } }
        if (Test-Underway $A) { return @{ begun = $false; fenced = $false } }
        $self = [System.Diagnostics.Process]::GetCurrentProcess()
        Write-Mark $path @{ process = $self.Id; process_began = '' + $self.StartTime.ToUniversalTime().Ticks }
    } finally { $lock.Dispose() }
    try { & $Block | Out-Null } finally { [System.IO.File]::Delete($path) }
    @{ begun = $true; fenced = $false }
}
