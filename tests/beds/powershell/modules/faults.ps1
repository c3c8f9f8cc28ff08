# What goes wrong in the pool: `faults` of the state are those of a rehearsal, as the simulated pool has them (src/twin/fault.rs, as JSON).
#
# An act that would begin is counted here, and how it goes differently is said. What begins with an act begins when the act does. Real time is not
# the time of a rehearsal: what begins some time after an act begins here when the pool is asked again after it has said that it is ready.

# What is a word, or a word with something under it.
function Get-Word($It) { if ($It -is [string]) { $It } elseif ($It) { @($It.Keys)[0] } }
function Get-Under($It) { if ($It -is [string] -or -not $It) { @{} } else { $It[@($It.Keys)[0]] } }

# Whether the act of a fault is this one.
function Test-Aim($Pool, $Act, [string] $Kind, [string] $Computer) {
    if ((Get-Word $Act) -ne $Kind) { return $false }
    $place = (Get-Under $Act).front_end
    $null -eq $place -or $Pool.front_ends[$place].fqdn -eq $Computer
}

# An act begins. How does that go differently? Nothing is said when it goes well.
function Get-Twist($Pool, [string] $Kind, [string] $Computer, [long] $Now) {
    $found = $null
    foreach ($fault in $Pool.faults) {
        $body = Get-Under $fault
        if ((Get-Word $fault) -eq 'act') {
            if (-not (Test-Aim $Pool $body.act $Kind $Computer)) { continue }
            $body.seen += 1
            if ($null -eq $found -and $body.seen -ge $body.attempt -and $body.seen - $body.attempt -lt $body.times) { $found = $body.twist }
        } elseif ((Get-Word $body.begins) -eq 'act') {
            $begins = Get-Under $body.begins
            if (-not (Test-Aim $Pool $begins.act $Kind $Computer)) { continue }
            $body.seen += 1
            if ($body.seen -ne $begins.attempt) { continue }
            if ($begins.after -eq 0) { Start-Fault $Pool $fault $Now } else { $body.waits = 'ready' }
        }
    }
    $found
}

# Whether an act that begins takes any effect.
function Test-Effect($Twist) {
    switch (Get-Word $Twist) {
        'fails' { return $false }
        'fails_transiently' { return $false }
        'loses_connection' { return (Get-Under $Twist).effect }
        'no_answer' { return (Get-Under $Twist).effect }
    }
    $true
}

# How long an act takes in all, in milliseconds; 0 is for ever.
function Get-Length($Twist, [long] $Usual) {
    $under = Get-Under $Twist
    switch (Get-Word $Twist) {
        'goes_on' { if ($null -ne $under.length) { return $under.length } }
        { $_ -in 'stuck_in_start_pending', 'never_returns' } { if ($null -eq $under.length) { return 0 } else { return $under.length } }
    }
    $Usual
}

# How the caller of an act fares, once it has begun: it fails, its engine is lost, it never hears again, or it waits for the end.
function Wait-Act($Twist, [scriptblock] $Until) {
    $under = Get-Under $Twist
    switch (Get-Word $Twist) {
        # What is not there will not be there the next time.
        'fails' { throw [System.Management.Automation.CommandNotFoundException]::new('A part of the cmdlet is missing on this computer.') }
        'fails_transiently' { throw 'The operation could not be completed at this time.' }
        'loses_connection' {
            if ($under.effect) { Wait-Pool $Until }
            Stop-Engine
        }
        'no_answer' { Wait-Forever }
        'goes_on' { Stop-Engine }
    }
    Wait-Pool $Until
}

# Ends this engine as a lost connection does.
function Stop-Engine { [System.Diagnostics.Process]::GetCurrentProcess().Kill(); [System.Threading.Thread]::Sleep(10000) }

# Waits as long as there is a bed.
function Wait-Forever {
    while ([System.IO.File]::Exists([System.IO.Path]::Combine($env:POOLROLL_BED, 'state.json'))) { [System.Threading.Thread]::Sleep(50) }
    Stop-Engine
}

# A fault begins.
function Start-Fault($Pool, $Fault, [long] $Now) {
    $body = Get-Under $Fault
    $body.waits = $null
    $body.on = $true
    if ((Get-Word $Fault) -eq 'dies') { Stop-Dead $Pool $Pool.front_ends[$body.front_end] $Now $body.returns_after }
    elseif ((Get-Word $body.trouble) -eq 'readiness_lost') {
        $length = (Get-Under $body.trouble).length
        if ($null -eq $length) { $length = $Pool.times.rebuild }
        $Pool.rebuilt_due = $Now + $length
    } else {
        switch (Get-Word $body.lasts) {
            'times' { $body.left = Get-Under $body.lasts }
            'always' { $body.left = -1 }
            default { throw 'the bed has no clock by which a fault ends' }
        }
    }
}

# Faults that are there from the start begin with the first look at the pool.
function Start-FirstFaults($Pool, [long] $Now) {
    foreach ($fault in $Pool.faults) {
        $body = Get-Under $fault
        if ((Get-Word $body.begins) -ne 'at' -or $body.on) { continue }
        if ((Get-Under $body.begins) -ne 0) { throw 'the bed has no clock by which a fault begins' }
        Start-Fault $Pool $fault $Now
    }
}

# The pool says that it is ready: the next who asks finds it otherwise. (Not before: who is to die may be who answers.)
function Write-Ready($Pool) {
    foreach ($fault in $Pool.faults) { if ((Get-Under $fault).waits) { (Get-Under $fault).waits = 'asked' } }
}

function Start-AskedFaults($Pool, [long] $Now) {
    foreach ($fault in $Pool.faults) { if ((Get-Under $fault).waits -eq 'asked') { Start-Fault $Pool $fault $Now } }
}

# Whether a trouble lasts; if it lasts through a number of answers, this was one.
function Test-Trouble($Pool, [scriptblock] $Is) {
    foreach ($fault in $Pool.faults) {
        $body = Get-Under $fault
        if ($body.on -and $null -ne $body.left -and $body.left -ne 0 -and (& $Is $fault $body)) {
            if ($body.left -gt 0) { $body.left -= 1 }
            return $true
        }
    }
    $false
}

# As Get-PSCallStack, which not every build of the engine has.
function Get-Frames { [runspace]::DefaultRunspace.Debugger.GetCallStack() }

# The arguments of the script of poolroll that asks: no cmdlet is called where an action of a plan begins, or where its mark is read, but that which
# tells when the computer has booted.
function Get-ScriptArguments {
    foreach ($frame in Get-Frames) {
        $variables = $frame.GetFrameVariables()
        if ($variables.ContainsKey('a') -and $variables['a'].Value -is [hashtable]) { return $variables['a'].Value }
    }
}

# An action of the upgrade is about to begin, or its mark is read while it goes on.
function Watch-Action([string] $Computer) {
    $asked = Get-ScriptArguments
    if (-not $asked -or -not ('' + $asked.step).StartsWith('upgrade-')) { return }
    $begins = $asked.ContainsKey('program') -and @(Get-Frames | Where-Object { $_.FunctionName -eq 'Get-ActionState' }).Count -eq 0
    $folder = [System.IO.Path]::Combine($env:POOLROLL_BED, $Computer)
    if ($begins) {
        $twist = Use-Pool {
            param($pool)
            $f = Get-FrontEnd $pool $Computer
            $f.twist = Get-Twist $pool 'perform' $Computer (Get-Now)
            $f.twist
        }
        $lines = switch (Get-Word $twist) {
            { $_ -in 'fails', 'fails_transiently', 'exits' } { "code=$((Get-Under $twist).exit_code)" }
            'goes_on' { "takes=$((Get-Under $twist).length / 1000)" }
        }
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, 'installer_now'), "$lines`n")
        if (-not (Test-Effect $twist) -and (Get-Word $twist) -eq 'loses_connection') { Stop-Engine }
        return
    }
    $twist = Use-Pool { param($pool) $f = Get-FrontEnd $pool $Computer; $f.twist; $f.twist = $null }
    switch (Get-Word $twist) {
        'loses_connection' {
            while (-not [System.IO.File]::ReadAllText((Get-ActionMark $asked)).Contains('ended')) { [System.Threading.Thread]::Sleep(10) }
            Stop-Engine
        }
        'no_answer' { Wait-Forever }
        'goes_on' { Stop-Engine }
    }
}

function Get-ActionMark($Asked) { [System.IO.Path]::Combine($env:ProgramData, 'poolroll', $Asked.run, "$($Asked.step).json") }

# A computer dies, with everything that runs on it. What it takes along ends when the state is written.
function Stop-Dead($Pool, $FrontEnd, [long] $Now, $ReturnsAfter) {
    $was = Test-Active $Pool $FrontEnd
    $due = if ($null -eq $ReturnsAfter) { 0 } else { $Now + $ReturnsAfter }
    $FrontEnd.services = 'stopped'; $FrontEnd.services_due = 0; $FrontEnd.hangs = $false
    $FrontEnd.computer = 'down'; $FrontEnd.computer_due = $due
    Write-Down $FrontEnd.fqdn $due
    if ($was) { Write-Change $Pool $Now }
    $script:dead += $FrontEnd.fqdn
}

# Ends what ran on computers that are dead: engines, the keeper of an action, the action. This engine last, if it is there.
function Stop-WhatDied([string[]] $Computers) {
    foreach ($computer in $Computers) {
        $folder = [System.IO.Path]::Combine($env:POOLROLL_BED, $computer)
        $ids = @()
        $engines = [System.IO.Path]::Combine($folder, 'engines')
        if ([System.IO.Directory]::Exists($engines)) {
            foreach ($file in [System.IO.Directory]::GetFiles($engines)) { $ids += [int] [System.IO.Path]::GetFileName($file); [System.IO.File]::Delete($file) }
        }
        $marks = [System.IO.Path]::Combine($folder, 'ProgramData', 'poolroll')
        if ([System.IO.Directory]::Exists($marks)) {
            foreach ($file in [System.IO.Directory]::GetFiles($marks, 'upgrade-*.json', 'AllDirectories')) {
                $mark = ConvertFrom-Json ([System.IO.File]::ReadAllText($file))
                if ($mark.state -eq '=underway') { $ids += [int] $mark.keeper, [int] $mark.process }
            }
        }
        foreach ($id in $ids) { if ($id -ne 0 -and $id -ne $PID) { try { [System.Diagnostics.Process]::GetProcessById($id).Kill() } catch { } } }
    }
    if ($Computers -contains $env:POOLROLL_BED_COMPUTER) { Stop-Engine }
}
