# The pool behind the cmdlets: its state is a file, and what was begun comes to its end by the clock whenever somebody looks.

. ([System.IO.Path]::Combine($PSScriptRoot, 'faults.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, 'computer.ps1'))

enum CsPoolState { Active; FailingOver; FailedOver; FailingBack }
enum CsUpgradeState { Ready; Busy; InsufficientActiveFrontEnds }
enum CsServiceStatus { Stopped = 1; StartPending; StopPending; Running; ContinuePending; PausePending; Paused }

$names = 'RTCSRV', 'RTCCAA', 'RTCMEDSRV', 'REPLICA'

function Get-Now { [DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds() }

# Runs a block on the state, alone, and keeps what it changed.
function Use-Pool([scriptblock] $Block) {
    $path = [System.IO.Path]::Combine($env:POOLROLL_BED, 'state.json')
    $lock = $null
    while ($null -eq $lock) {
        # An engine that was left behind ends with its bed.
        if (-not [System.IO.File]::Exists($path)) { Stop-Engine }
        try { $lock = [System.IO.File]::Open("$path.lock", 'OpenOrCreate', 'ReadWrite', 'None') } catch [System.IO.IOException] { [System.Threading.Thread]::Sleep(2) }
    }
    $script:dead = @()
    try {
        $text = [System.IO.File]::ReadAllText($path)
        $pool = ConvertFrom-Json $text -AsHashtable
        Start-FirstFaults $pool (Get-Now)
        Update-Pool $pool (Get-Now)
        try { & $Block $pool } finally {
            $new = ConvertTo-Json $pool -Depth 10 -Compress
            # Written beside and moved: an engine that is killed in between leaves the state as it was. Who only looks writes nothing, and so
            # does not bring back a bed that is being removed.
            if ($new -cne $text) {
                [System.IO.File]::WriteAllText("$path.$PID", $new)
                [System.IO.File]::Move("$path.$PID", $path, $true)
            }
        }
    } finally {
        $lock.Dispose()
        if ($script:dead.Count -gt 0) { Stop-WhatDied $script:dead }
    }
}

function Write-Call($Pool, [string] $What) { $Pool.calls = @($Pool.calls) + $What }

function Get-FrontEnd($Pool, [string] $Fqdn) {
    foreach ($frontEnd in $Pool.front_ends) { if ($frontEnd.fqdn -eq $Fqdn) { return $frontEnd } }
    throw "Cannot find computer `"$Fqdn`" in the topology."
}

# Front ends serve until the partner does.
function Test-Active($Pool, $FrontEnd) { $Pool.state -in 'Active', 'FailingOver' -and $FrontEnd.computer -eq 'up' -and $FrontEnd.services -eq 'running' }

# What was due by now, in the order in which it was due.
function Update-Pool($Pool, [long] $Now) {
    while ($true) {
        $due = [long]::MaxValue; $what = $null; $which = $null
        foreach ($frontEnd in $Pool.front_ends) {
            foreach ($kind in 'services', 'computer') {
                $at = $frontEnd["${kind}_due"]
                if ($at -gt 0 -and $at -lt $due) { $due = $at; $what = $kind; $which = $frontEnd }
            }
        }
        foreach ($kind in 'state', 'rebuilt') { if ($Pool["${kind}_due"] -gt 0 -and $Pool["${kind}_due"] -lt $due) { $due = $Pool["${kind}_due"]; $what = $kind } }
        if ($due -gt $Now) { return }
        switch ($what) {
            'rebuilt' { $Pool.rebuilt_due = 0 }
            'services' { Complete-Services $Pool $which $due }
            'computer' { Complete-Boot $Pool $which $due }
            'state' { Complete-State $Pool $due }
        }
    }
}

function Complete-Services($Pool, $FrontEnd, [long] $At) {
    $FrontEnd.services_due = 0
    switch ($FrontEnd.services) {
        'draining' { $FrontEnd.services = 'stopping'; $FrontEnd.services_due = $At + $Pool.times.stop }
        'stopping' {
            $FrontEnd.services = if ($FrontEnd.ends_partly) { 'partly' } else { 'stopped' }
            if ($FrontEnd.disables -and -not $FrontEnd.ends_partly) { $FrontEnd.disabled = $true }
            $FrontEnd.disables = $false; $FrontEnd.ends_partly = $false
        }
        'starting' {
            $cold = $Pool.state -eq 'Active' -and @($Pool.front_ends | Where-Object { Test-Active $Pool $_ }).Count -eq 0
            $FrontEnd.hangs = $true
            $hanging = @($Pool.front_ends | Where-Object { $_.services -eq 'starting' -and $_.hangs })
            if ($cold -and $hanging.Count -lt $Pool.cold_start) { return }
            $up = if ($cold) { $hanging } else { @($FrontEnd) }
            foreach ($one in $up) { $one.services = 'running'; $one.hangs = $false; if ($Pool.state -eq 'Active') { $one.taken_out = $false } }
            Write-Change $Pool $At
        }
    }
}

function Complete-Boot($Pool, $FrontEnd, [long] $At) {
    $died = $FrontEnd.computer -eq 'down'
    $FrontEnd.computer_due = 0
    $FrontEnd.computer = 'up'
    $FrontEnd.boots += 1
    # An update that asked for a restart is there after it.
    $pending = [System.IO.Path]::Combine($env:POOLROLL_BED, $FrontEnd.fqdn, 'pending_version')
    if ([System.IO.File]::Exists($pending)) { [System.IO.File]::Move($pending, [System.IO.Path]::Combine($env:POOLROLL_BED, $FrontEnd.fqdn, 'version'), $true) }
    # Services are automatic, but a front end that was taken out waits for its start, unless the partner serves: then they start for nobody.
    if (-not $FrontEnd.disabled -and ($Pool.state -eq 'FailedOver' -or ($died -and -not $FrontEnd.taken_out))) { $FrontEnd.services = 'starting'; $FrontEnd.services_due = $At + $Pool.times.start }
}

function Complete-State($Pool, [long] $At) {
    $Pool.state_due = 0
    if ($Pool.state -eq 'FailingOver') {
        switch (Get-Word $Pool.twist) {
            'half_way' { return }
            'not_done' { $Pool.state = 'Active'; return }
        }
        $Pool.state = 'FailedOver'
        $Pool.rebuilt_due = 0
        foreach ($frontEnd in $Pool.front_ends) {
            if ($frontEnd.computer -eq 'up' -and $frontEnd.services -notin 'stopped', 'stopping') { Start-Stopping $Pool $frontEnd $At }
        }
    } else {
        $Pool.state = 'Active'
        foreach ($frontEnd in $Pool.front_ends) {
            if ($frontEnd.computer -eq 'up' -and -not $frontEnd.disabled) { $frontEnd.services = 'partly'; $frontEnd.services_due = 0 }
        }
    }
    # Nobody is active here, and nobody lost what was not there.
    $Pool.quorum.stands = $false
}

function Get-Counted($Pool) { @($Pool.front_ends | Where-Object { (Test-Active $Pool $_) -and $Pool.quorum.first -contains $_.fqdn }).Count }

# A front end joined or left those that are active: the fabric builds replicas anew, and where too few are left the others stop.
function Write-Change($Pool, [long] $At) {
    if ($Pool.state -notin 'Active', 'FailingOver') { $Pool.rebuilt_due = 0; return }
    $stood = $Pool.quorum.stands
    $Pool.quorum.stands = (Get-Counted $Pool) -ge $Pool.quorum.needs
    if ($stood -and -not $Pool.quorum.stands) {
        foreach ($frontEnd in $Pool.front_ends) { if ($frontEnd.services -in 'running', 'draining') { Start-Stopping $Pool $frontEnd $At } }
    }
    $active = @($Pool.front_ends | Where-Object { Test-Active $Pool $_ }).Count
    $Pool.rebuilt_due = if ($active -gt 0) { $At + $Pool.times.rebuild } else { 0 }
}

# Services leave what they were, and the fabric notices who is no longer active.
function Start-Stopping($Pool, $FrontEnd, [long] $At) {
    $was = Test-Active $Pool $FrontEnd
    $FrontEnd.services = 'stopping'
    $FrontEnd.services_due = $At + $Pool.times.stop
    $FrontEnd.hangs = $false
    if ($was) { Write-Change $Pool $At }
}

function Start-Draining($Pool, $FrontEnd, [long] $At, $Twist) {
    $was = Test-Active $Pool $FrontEnd
    $FrontEnd.services = 'draining'
    $length = (Get-Length $Twist ($Pool.times.drain + $Pool.times.stop)) - $Pool.times.stop
    $FrontEnd.services_due = if ((Get-Word $Twist) -eq 'drain_hangs') { 0 } else { $At + [Math]::Max($length, 1) }
    if ($was) { Write-Change $Pool $At }
}

# Services are told to stop, and those who are connected may finish or not.
function Start-Stop($Pool, $FrontEnd, [bool] $Graceful, $Twist) {
    if ($Graceful -and $FrontEnd.services -in 'draining', 'stopping') { return }
    $now = Get-Now
    $FrontEnd.taken_out = $true
    $FrontEnd.ends_partly = (Get-Word $Twist) -eq 'ends_partly'
    if ($Graceful -and $FrontEnd.services -eq 'running') { Start-Draining $Pool $FrontEnd $now $Twist } else { Start-Stopping $Pool $FrontEnd $now }
}

# Services are told to start.
function Start-Start($Pool, $FrontEnd, $Twist) {
    $length = Get-Length $Twist $Pool.times.start
    $FrontEnd.services = 'starting'
    $FrontEnd.services_due = if ($length -eq 0) { 0 } else { (Get-Now) + $length }
}

function Wait-Pool([scriptblock] $Until) {
    while (-not (Use-Pool $Until)) { [System.Threading.Thread]::Sleep(50) }
}

function Get-ThisComputer {
    if (-not $env:POOLROLL_BED_COMPUTER) { throw 'This cmdlet runs locally on a front end of the pool.' }
    $env:POOLROLL_BED_COMPUTER
}

# What asks before it begins, and hangs where nobody is there.
function Confirm-Call($Bound, [string] $What) {
    if ($Bound.ContainsKey('Force') -and $Bound.Force) { throw "-Force was passed to ${What}: it skips what protects the pool" }
    if ($Bound.ContainsKey('Confirm') -and -not $Bound.Confirm) { return }
    Write-Host "Confirm: are you sure you want to perform $What? [Y] Yes [N] No"
    [System.Threading.Thread]::Sleep(3600000)
}

function Get-CsComputer {
    [CmdletBinding()] param([string] $Pool)
    $asked = $Pool
    foreach ($fqdn in @(Use-Pool { param($p) if ($asked -ne $p.pool) { throw "Cannot find pool `"$asked`"." }; $p.front_ends | ForEach-Object { $_.fqdn } })) {
        [PSCustomObject] @{ PSTypeName = 'Microsoft.Rtc.Management.Xds.DisplayComputer'; Identity = $fqdn; Pool = $asked; Fqdn = $fqdn }
    }
}

function Get-CsWindowsService {
    [CmdletBinding()] param([string] $Name, [string] $ComputerName)
    $computer = if ($ComputerName) { $ComputerName } else { Get-ThisComputer }
    $seen = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        $takes = $pool.next_list_takes
        $pool.next_list_takes = 0
        @{ services = $f.services; takes = $takes }
    }
    # What it tells is as old as its answer takes.
    if ($seen.takes) { [System.Threading.Thread]::Sleep($seen.takes) }
    $index = 0
    foreach ($service in $names) {
        $status = switch ($seen.services) {
            'running' { [CsServiceStatus]::Running }
            'draining' { if ($service -eq 'RTCSRV') { [CsServiceStatus]::Paused } else { [CsServiceStatus]::Running } }
            'stopping' { if ($service -eq 'RTCSRV') { [CsServiceStatus]::StopPending } else { [CsServiceStatus]::Stopped } }
            'starting' { if ($service -eq 'RTCSRV') { [CsServiceStatus]::StartPending } else { [CsServiceStatus]::Running } }
            'partly' { if ($service -eq 'RTCSRV') { [CsServiceStatus]::Running } else { [CsServiceStatus]::Stopped } }
            'stopped' { [CsServiceStatus]::Stopped }
        }
        $index += 1
        if ($Name -and $Name -ne $service) { continue }
        [PSCustomObject] @{ PSTypeName = 'Microsoft.Rtc.Management.Services.NtService'; Status = $status; Name = $service; ActivityLevel = "Level=$index"; RoleName = @('Registrar') }
    }
}

function Stop-CsWindowsService {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $Name, [string] $ComputerName, [switch] $Graceful, [switch] $NoWait, [switch] $Force, [string] $Report, [switch] $LeaveClsAgentRunning, [switch] $LeaveWebServerRunning)
    $computer = if ($ComputerName) { $ComputerName } else { Get-ThisComputer }
    Write-Verbose "Stopping services on $computer"
    $began = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        Write-Call $pool "Stop-CsWindowsService $computer$(if ($Graceful) { ' -Graceful' })"
        $twist = $null
        if ($f.services -notin 'stopped', 'stopping' -and -not ($Graceful -and $f.services -eq 'draining')) {
            $twist = Get-Twist $pool 'stop' $computer (Get-Now)
            if (Test-Effect $twist) { Start-Stop $pool $f $Graceful $twist }
        }
        @{ twist = $twist; early = $pool.graceful_returns_early -and $Graceful }
    }
    Write-Warning 'Some services may take a while to stop.'
    if (-not $NoWait -and -not $began.early) { Wait-Act $began.twist { param($pool) (Get-FrontEnd $pool $computer).services -in 'stopped', 'partly' } }
}

function Start-CsWindowsService {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $Name, [string] $ComputerName, [switch] $NoWait, [switch] $Force, [string] $Report)
    $computer = if ($ComputerName) { $ComputerName } else { Get-ThisComputer }
    $twist = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        Write-Call $pool "Start-CsWindowsService $computer"
        if ($f.disabled) { throw "Cannot start service RTCSRV on computer '$computer': the service is disabled." }
        if ($f.services -in 'stopped', 'partly') {
            $twist = Get-Twist $pool 'start' $computer (Get-Now)
            if (Test-Effect $twist) { Start-Start $pool $f $twist }
            $twist
        }
    }
    if (-not $NoWait) { Wait-Act $twist { param($pool) (Get-FrontEnd $pool $computer).services_due -eq 0 } }
}

function Get-Readiness([string] $TypeName) {
    $computer = Get-ThisComputer
    Use-Pool {
        param($pool)
        Start-AskedFaults $pool (Get-Now)
        if (-not (Test-Active $pool (Get-FrontEnd $pool $computer))) { throw 'The front end is not part of the pool fabric.' }
        if (Test-Trouble $pool { param($fault, $body) $body.trouble -eq 'unanswered' }) { throw 'The operation has timed out.' }
        if ($pool.busy -gt 0) { $pool.busy -= 1; $forced = 'Busy' }
        if ($pool.insufficient -gt 0) { $pool.insufficient -= 1; $forced = 'InsufficientActiveFrontEnds' }
        if (-not $forced -and (Test-Trouble $pool { param($fault, $body) $body.trouble -eq 'insufficient' })) { $forced = 'InsufficientActiveFrontEnds' }
        if (-not $forced -and (Test-Trouble $pool { param($fault, $body) $body.trouble -eq 'busy' })) { $forced = 'Busy' }
        $active = @($pool.front_ends | Where-Object { Test-Active $pool $_ })
        $counted = Get-Counted $pool
        $live = @($active | ForEach-Object { $_.domain } | Select-Object -Unique).Count
        $state = if ($forced) { $forced }
        elseif ($pool.state -eq 'FailingOver') { 'Busy' }
        elseif ($counted -le $pool.quorum.needs -or ($pool.quorum.all_before_a_domain -and $active.Count -lt $pool.front_ends.Count)) { 'InsufficientActiveFrontEnds' }
        elseif ($pool.rebuilt_due -gt 0) { 'Busy' }
        else { 'Ready' }
        $names = @($pool.front_ends | ForEach-Object { $_.domain } | Select-Object -Unique)
        $domains = foreach ($name in $names) {
            $own = @($pool.front_ends | Where-Object { $_.domain -eq $name })
            $here = @($own | Where-Object { Test-Active $pool $_ }).Count
            $may = $state -eq 'Ready' -and ($names.Count -lt 3 -or $live -ge 3 -or $here -eq 0)
            # Nobody knows for which domain the caller asks: each flag that is read is an answer about all of them.
            $place = [array]::IndexOf($names, $name)
            if ($may -and (Test-Trouble $pool { param($fault, $body) (Get-Word $body.trouble) -eq 'domain_not_ready' -and (Get-Under $body.trouble) -eq $place })) { $may = $false }
            [PSCustomObject] @{ PSTypeName = 'Microsoft.Rtc.Management.Hadr.UpgradeDomain'; Name = $name; ReadyforUpgrade = $may; FrontEnds = @($own | ForEach-Object { $_.fqdn }) }
        }
        [PSCustomObject] @{
            PSTypeName = $TypeName; PoolUpgradeState = [CsUpgradeState] $state; TotalFrontEnds = $pool.front_ends.Count
            TotalActiveFrontEnds = $active.Count; UpgradeDomains = @($domains)
        }
        if ($state -eq 'Ready') { Write-Ready $pool }
    }
}

function Get-CsPoolUpgradeReadinessState {
    [CmdletBinding()] param([int] $QueryTimeout, [switch] $SkipIdleSecondaryVerification)
    Get-Readiness 'Microsoft.Rtc.Management.Hadr.PoolUpgradeState'
}

function Get-CsUpgradeDomainInfo {
    [CmdletBinding()] param([int] $QueryTimeout)
    Get-Readiness 'Microsoft.Rtc.Management.Hadr.PoolUpgradeState'
}

function Get-CsServerPatchVersion {
    [CmdletBinding()] param()
    $version = Get-Version (Get-ThisComputer)
    foreach ($component in 'Core Components', 'Front End Server', 'Web Components Server') {
        [PSCustomObject] @{ ComponentName = "Skype for Business Server 2019, $component"; Version = $version }
    }
}

function Invoke-CsComputerFailOver {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $ComputerName, [TimeSpan] $WaitTime, [TimeSpan] $DrainingTimeout, [switch] $NoStop, [string] $Report, [switch] $Force, [switch] $SkipFabricHealthCheck)
    Confirm-Call $PSBoundParameters 'Invoke-CsComputerFailOver'
    $twist = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $ComputerName
        Write-Call $pool "Invoke-CsComputerFailOver $ComputerName"
        Assert-Hop $pool
        if ($pool.front_ends.Count -lt 3) { throw 'A pool of two servers does not support this.' }
        $other = @($pool.front_ends | Where-Object { $_.disables -or ($_.disabled -and $_.fqdn -ne $ComputerName) })
        if ($other.Count -gt 0) { throw "Computer '$($other[0].fqdn)' is failed over already; one server at a time." }
        $twist = if ($f.services -notin 'stopped', 'stopping', 'draining') { Get-Twist $pool 'stop' $ComputerName (Get-Now) }
        if (Test-Effect $twist) { $f.taken_out = $true }
        $twist
    }
    if (Test-Effect $twist) {
        # Its users are moved first, and nothing of that is seen on its services. A cmdlet that is cut off has moved them.
        if ((Get-Word $twist) -ne 'goes_on') { [System.Threading.Thread]::Sleep((Use-Pool { param($pool) $pool.times.move })) }
        Use-Pool {
            param($pool)
            $f = Get-FrontEnd $pool $ComputerName
            if ($f.services -ne 'stopped') { $f.disables = $true; Start-Stop $pool $f $true $twist } else { $f.disabled = $true }
        }
    }
    Wait-Act $twist { param($pool) (Get-FrontEnd $pool $ComputerName).services -in 'stopped', 'partly' }
}

function Invoke-CsComputerFailBack {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $ComputerName, [switch] $NoStart, [TimeSpan] $WaitTime, [switch] $SkipFabricHealthCheck, [switch] $Force)
    Confirm-Call $PSBoundParameters 'Invoke-CsComputerFailBack'
    $twist = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $ComputerName
        Write-Call $pool "Invoke-CsComputerFailBack $ComputerName"
        if (-not $f.disabled) { throw "Computer '$ComputerName' is not failed over." }
        $twist = if ($f.services -in 'stopped', 'partly') { Get-Twist $pool 'start' $ComputerName (Get-Now) }
        if (Test-Effect $twist) {
            $f.disabled = $false
            if ($f.services -in 'stopped', 'partly') { Start-Start $pool $f $twist }
        }
        $twist
    }
    Wait-Act $twist { param($pool) (Get-FrontEnd $pool $ComputerName).services_due -eq 0 }
}

function Get-CsRegistrarConfiguration {
    [CmdletBinding()] param([string] $Identity)
    $asked = $Identity -replace '^service:Registrar:', ''
    $state = Use-Pool { param($p) if ($asked -eq $p.pool) { $p.state } elseif ($asked -eq $p.partner) { $p.partner_state } else { throw "Cannot find `"$Identity`"." } }
    [PSCustomObject] @{ PSTypeName = 'Microsoft.Rtc.Management.WritableConfig.Settings.Registrar'; Identity = "Service:Registrar:$asked"; PoolState = [CsPoolState] $state }
}

function Get-CsPoolBackupRelationship {
    [CmdletBinding()] param([string] $PoolFqdn)
    $partner = Use-Pool { param($p) $p.partner }
    if ($partner) { [PSCustomObject] @{ Identity = $PoolFqdn; BackupPoolFqdn = $partner } }
}

function Get-CsBackupServiceStatus {
    [CmdletBinding()] param([string] $PoolFqdn)
    $export = Use-Pool {
        param($p)
        if ($PoolFqdn -ne $p.partner) { 'SteadyState' }
        elseif (Test-Trouble $p { param($fault, $body) $body.trouble -eq 'partner_unhealthy' }) { 'ErrorState' }
        else { $p.partner_export }
    }
    [PSCustomObject] @{
        OverallExportStatus = $export; OverallImportStatus = 'NormalState'
        BackupModules = @("UserServices.PresenceFocus:[$export,NormalState]", "ConfServices.DataConf:[$export,NormalState]", 'CentralMgmt.CMSMaster:[NotInitialized,NotInitialized]')
    }
}

function Get-CsManagementStoreReplicationStatus {
    [CmdletBinding()] param([switch] $CentralManagementStoreStatus)
    $master = Use-Pool { param($p) Assert-Hop $p; $p.management_store }
    [PSCustomObject] @{ ActiveMasterFqdn = $master; ActiveFileTransferAgents = @($master); UpdatedOn = [DateTime]::UtcNow }
}

function Get-CsService {
    [CmdletBinding()] param([switch] $EdgeServer, [string] $PoolFqdn)
    foreach ($registrar in @(Use-Pool { param($p) $p.edges })) {
        if ($registrar) { [PSCustomObject] @{ Identity = 'EdgeServer:edge.contoso.com'; Registrar = "Registrar:$registrar" } }
    }
}

function Invoke-CsPoolFailOver {
    [CmdletBinding(SupportsShouldProcess)] param([string] $PoolFqdn, [switch] $DisasterMode, [switch] $Force)
    Confirm-Call $PSBoundParameters 'Invoke-CsPoolFailOver'
    $twist = Use-Pool {
        param($pool)
        Write-Call $pool "Invoke-CsPoolFailOver $PoolFqdn$(if ($DisasterMode) { ' -DisasterMode' })"
        Assert-Hop $pool
        if (@($pool.edges) -contains $PoolFqdn) { throw "This pool $PoolFqdn is specified in topology as the next hop for the Edge server." }
        if ($pool.state -ne 'Active') { throw "The pool is $($pool.state)." }
        $pool.twist = Get-Twist $pool 'fail_over' '' (Get-Now)
        if (Test-Effect $pool.twist) {
            $pool.state = 'FailingOver'
            $pool.state_due = (Get-Now) + (Get-Length $pool.twist $pool.times.fail_over)
        }
        $pool.twist
    }
    Wait-Act $twist { param($pool) $pool.state_due -eq 0 }
    # What ended half way did not return either: nobody was told how it ended.
    if ((Get-Word $twist) -eq 'half_way') { Stop-Engine }
}

function Invoke-CsPoolFailBack {
    [CmdletBinding(SupportsShouldProcess)] param([string] $PoolFqdn, [switch] $Force)
    Confirm-Call $PSBoundParameters 'Invoke-CsPoolFailBack'
    $twist = Use-Pool {
        param($pool)
        Write-Call $pool "Invoke-CsPoolFailBack $PoolFqdn"
        if ($pool.state -notin 'FailedOver', 'FailingOver') { throw "The pool is $($pool.state)." }
        $twist = Get-Twist $pool 'fail_back' '' (Get-Now)
        if (Test-Effect $twist) {
            $pool.state = 'FailingBack'
            $pool.state_due = (Get-Now) + (Get-Length $twist $pool.times.fail_back)
        }
        $twist
    }
    Wait-Act $twist { param($pool) $pool.state_due -eq 0 }
}
