# The pool behind the cmdlets: its state is a file, and what was begun comes to its end by the clock whenever somebody looks.

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
        try { $lock = [System.IO.File]::Open("$path.lock", 'OpenOrCreate', 'ReadWrite', 'None') } catch [System.IO.IOException] {
            # A test that has ended takes its pool along, and whoever waits for it.
            if (-not [System.IO.Directory]::Exists($env:POOLROLL_BED)) { [System.Environment]::Exit(1) }
            [System.Threading.Thread]::Sleep(2)
        }
    }
    try {
        $pool = ConvertFrom-Json ([System.IO.File]::ReadAllText($path)) -AsHashtable
        Update-Pool $pool (Get-Now)
        try { & $Block $pool } finally {
            # Written beside and moved: an engine that is killed in between leaves the state as it was.
            [System.IO.File]::WriteAllText("$path.$PID", (ConvertTo-Json $pool -Depth 10 -Compress))
            [System.IO.File]::Move("$path.$PID", $path, $true)
        }
    } finally { $lock.Dispose() }
}

function Write-Call($Pool, [string] $What) { $Pool.calls = @($Pool.calls) + $What }

function Get-FrontEnd($Pool, [string] $Fqdn) {
    foreach ($frontEnd in $Pool.front_ends) { if ($frontEnd.fqdn -eq $Fqdn) { return $frontEnd } }
    throw "Cannot find computer `"$Fqdn`" in the topology."
}

function Test-Active($Pool, $FrontEnd) { $Pool.state -eq 'Active' -and $FrontEnd.computer -eq 'up' -and $FrontEnd.services -eq 'running' }

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
            $FrontEnd.services = 'stopped'
            if ($FrontEnd.disables) { $FrontEnd.disabled = $true; $FrontEnd.disables = $false }
        }
        'starting' {
            $cold = $Pool.state -eq 'Active' -and @($Pool.front_ends | Where-Object { Test-Active $Pool $_ }).Count -eq 0
            $FrontEnd.hangs = $true
            $hanging = @($Pool.front_ends | Where-Object { $_.services -eq 'starting' -and $_.hangs })
            if ($cold -and $hanging.Count -lt $Pool.cold_start) { return }
            $up = if ($cold) { $hanging } else { @($FrontEnd) }
            foreach ($one in $up) { $one.services = 'running'; $one.hangs = $false }
            Start-Rebuild $Pool $At
        }
    }
}

function Complete-Boot($Pool, $FrontEnd, [long] $At) {
    $FrontEnd.computer_due = 0
    $FrontEnd.computer = 'up'
    $FrontEnd.boots += 1
    if ($Pool.state -eq 'FailedOver' -and -not $FrontEnd.disabled) { $FrontEnd.services = 'starting'; $FrontEnd.services_due = $At + $Pool.times.start }
}

function Complete-State($Pool, [long] $At) {
    $Pool.state_due = 0
    if ($Pool.state -eq 'FailingOver') {
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
}

function Start-Rebuild($Pool, [long] $At) {
    $active = @($Pool.front_ends | Where-Object { Test-Active $Pool $_ }).Count
    $Pool.rebuilt_due = if ($Pool.state -eq 'Active' -and $active -gt 0) { $At + $Pool.times.rebuild } else { 0 }
}

# Services leave what they were, and the fabric notices who is no longer active.
function Start-Stopping($Pool, $FrontEnd, [long] $At) {
    $was = Test-Active $Pool $FrontEnd
    $FrontEnd.services = 'stopping'
    $FrontEnd.services_due = $At + $Pool.times.stop
    $FrontEnd.hangs = $false
    if ($was) { Start-Rebuild $Pool $At }
}

function Start-Draining($Pool, $FrontEnd, [long] $At) {
    $was = Test-Active $Pool $FrontEnd
    $FrontEnd.services = 'draining'
    $FrontEnd.services_due = $At + $Pool.times.drain
    if ($was) { Start-Rebuild $Pool $At }
}

function Wait-Pool([scriptblock] $Until) {
    while (-not (Use-Pool $Until)) { [System.Threading.Thread]::Sleep(10) }
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
    $seen = Use-Pool { param($pool) $f = Get-FrontEnd $pool $computer; @{ services = $f.services } }
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
    $early = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        Write-Call $pool "Stop-CsWindowsService $computer$(if ($Graceful) { ' -Graceful' })"
        $f.taken_out = $true
        $now = Get-Now
        if ($f.services -notin 'stopped', 'stopping') {
            if ($Graceful -and $f.services -eq 'running') { Start-Draining $pool $f $now }
            elseif (-not ($Graceful -and $f.services -eq 'draining')) { Start-Stopping $pool $f $now }
        }
        $pool.graceful_returns_early -and $Graceful
    }
    Write-Warning 'Some services may take a while to stop.'
    if (-not $NoWait -and -not $early) { Wait-Pool { param($pool) (Get-FrontEnd $pool $computer).services -in 'stopped', 'partly' } }
}

function Start-CsWindowsService {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $Name, [string] $ComputerName, [switch] $NoWait, [switch] $Force, [string] $Report)
    $computer = if ($ComputerName) { $ComputerName } else { Get-ThisComputer }
    Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        Write-Call $pool "Start-CsWindowsService $computer"
        if ($f.disabled) { throw "Cannot start service RTCSRV on computer '$computer': the service is disabled." }
        if ($f.services -in 'stopped', 'partly') { $f.services = 'starting'; $f.services_due = (Get-Now) + $pool.times.start }
    }
    if (-not $NoWait) { Wait-Pool { param($pool) $f = Get-FrontEnd $pool $computer; $f.services -eq 'running' -or $f.hangs } }
}

function Get-Readiness([string] $TypeName) {
    $computer = Get-ThisComputer
    Use-Pool {
        param($pool)
        if (-not (Test-Active $pool (Get-FrontEnd $pool $computer))) { throw 'The front end is not part of the pool fabric.' }
        if ($pool.busy -gt 0) { $pool.busy -= 1; $forced = 'Busy' }
        if ($pool.insufficient -gt 0) { $pool.insufficient -= 1; $forced = 'InsufficientActiveFrontEnds' }
        $active = @($pool.front_ends | Where-Object { Test-Active $pool $_ })
        $counted = @($active | Where-Object { $pool.quorum.first -contains $_.fqdn }).Count
        $live = @($active | ForEach-Object { $_.domain } | Select-Object -Unique).Count
        $state = if ($forced) { $forced }
        elseif ($counted -le $pool.quorum.needs -or ($pool.quorum.all_before_a_domain -and $active.Count -lt $pool.front_ends.Count)) { 'InsufficientActiveFrontEnds' }
        elseif ($pool.rebuilt_due -gt 0) { 'Busy' }
        else { 'Ready' }
        $names = @($pool.front_ends | ForEach-Object { $_.domain } | Select-Object -Unique)
        $domains = foreach ($name in $names) {
            $own = @($pool.front_ends | Where-Object { $_.domain -eq $name })
            $here = @($own | Where-Object { Test-Active $pool $_ }).Count
            $may = $state -eq 'Ready' -and ($names.Count -lt 3 -or $live -ge 3 -or $here -eq 0)
            [PSCustomObject] @{ PSTypeName = 'Microsoft.Rtc.Management.Hadr.UpgradeDomain'; Name = $name; ReadyforUpgrade = $may; FrontEnds = @($own | ForEach-Object { $_.fqdn }) }
        }
        [PSCustomObject] @{
            PSTypeName = $TypeName; PoolUpgradeState = [CsUpgradeState] $state; TotalFrontEnds = $pool.front_ends.Count
            TotalActiveFrontEnds = $active.Count; UpgradeDomains = @($domains)
        }
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

function Get-Version([string] $Computer) {
    $path = [System.IO.Path]::Combine($env:POOLROLL_BED, $Computer, 'version')
    if ([System.IO.File]::Exists($path)) { return [System.IO.File]::ReadAllText($path).Trim() }
    Use-Pool { param($pool) $pool.version }
}

function Get-CsServerPatchVersion {
    [CmdletBinding()] param()
    $version = Get-Version (Get-ThisComputer)
    foreach ($component in 'Core Components', 'Front End Server', 'Web Components Server') {
        [PSCustomObject] @{ ComponentName = "Skype for Business Server 2019, $component"; Version = $version }
    }
}

# The list of installed products, where Windows keeps it.
function Get-ItemProperty {
    [CmdletBinding()] param([string[]] $Path)
    if ($Path -notlike 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*') { throw "Cannot find path '$Path'." }
    [PSCustomObject] @{ DisplayName = 'Something else'; DisplayVersion = '1.0' }
    [PSCustomObject] @{ PSChildName = 'without a name' }
    foreach ($component in 'Core Components', 'Front End Server', 'Web Components Server') {
        [PSCustomObject] @{ DisplayName = "Microsoft Lync Server 2013, $component"; DisplayVersion = Get-Version (Get-ThisComputer) }
    }
}

function Get-CimInstance {
    [CmdletBinding()] param([string] $ClassName, [string] $Filter)
    $computer = Get-ThisComputer
    $seen = Use-Pool { param($pool) $f = Get-FrontEnd $pool $computer; @{ boots = $f.boots; disabled = $f.disabled } }
    switch ($ClassName) {
        'Win32_OperatingSystem' { [PSCustomObject] @{ LastBootUpTime = [DateTime]::new(2026, 12, 1, 3, 0, 0, [DateTimeKind]::Utc).AddHours($seen.boots) } }
        'Win32_Service' { [PSCustomObject] @{ Name = $Filter; StartMode = if ($seen.disabled) { 'Disabled' } else { 'Auto' } } }
    }
}

# The computer goes down and takes every engine on it with it, this one last.
function Restart-Computer {
    [CmdletBinding(SupportsShouldProcess)] param([switch] $Force)
    $computer = Get-ThisComputer
    Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        Write-Call $pool "Restart-Computer $computer"
        $was = Test-Active $pool $f
        $now = Get-Now
        $f.services = 'stopped'; $f.services_due = 0
        $f.computer = 'rebooting'; $f.computer_due = $now + $pool.times.restart
        if ($was) { Start-Rebuild $pool $now }
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($env:POOLROLL_BED, $computer, 'down_until'), '' + $f.computer_due)
    }
    # A computer with a server of its own takes that along, and has it again when it is up.
    $server = [System.IO.Path]::Combine($env:POOLROLL_BED, $computer, 'sshd.pid')
    if ([System.IO.File]::Exists($server)) {
        $seconds = [string]::Format([cultureinfo]::InvariantCulture, '{0:0.000}', (Use-Pool { param($pool) $pool.times.restart }) / 1000)
        $start = [System.Diagnostics.ProcessStartInfo]::new('/bin/sh')
        $start.ArgumentList.Add('-c')
        $start.ArgumentList.Add("sleep $seconds; exec setsid /usr/sbin/sshd -f '$env:POOLROLL_BED/$computer/sshd_config' -E '$env:POOLROLL_BED/$computer/sshd.log'")
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        [void] [System.Diagnostics.Process]::Start($start)
        try { [System.Diagnostics.Process]::GetProcessById([int] [System.IO.File]::ReadAllText($server)).Kill() } catch { }
    }
    $folder = [System.IO.Path]::Combine($env:POOLROLL_BED, $computer, 'engines')
    foreach ($file in [System.IO.Directory]::GetFiles($folder)) {
        $id = [int] [System.IO.Path]::GetFileName($file)
        [System.IO.File]::Delete($file)
        if ($id -ne $PID) { try { [System.Diagnostics.Process]::GetProcessById($id).Kill() } catch { } }
    }
    [System.Diagnostics.Process]::GetCurrentProcess().Kill()
}

function Invoke-CsComputerFailOver {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $ComputerName, [TimeSpan] $WaitTime, [TimeSpan] $DrainingTimeout, [switch] $NoStop, [string] $Report, [switch] $Force, [switch] $SkipFabricHealthCheck)
    Confirm-Call $PSBoundParameters 'Invoke-CsComputerFailOver'
    Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $ComputerName
        Write-Call $pool "Invoke-CsComputerFailOver $ComputerName"
        Assert-Hop $pool
        if ($pool.front_ends.Count -lt 3) { throw 'A pool of two servers does not support this.' }
        $other = @($pool.front_ends | Where-Object { $_.disables -or ($_.disabled -and $_.fqdn -ne $ComputerName) })
        if ($other.Count -gt 0) { throw "Computer '$($other[0].fqdn)' is failed over already; one server at a time." }
        $f.taken_out = $true
    }
    # Its users are moved first, and nothing of that is seen on its services.
    [System.Threading.Thread]::Sleep((Use-Pool { param($pool) $pool.times.move }))
    Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $ComputerName
        if ($f.services -ne 'stopped') { $f.disables = $true; Start-Draining $pool $f (Get-Now) } else { $f.disabled = $true }
    }
    Wait-Pool { param($pool) (Get-FrontEnd $pool $ComputerName).services -in 'stopped', 'partly' }
}

function Invoke-CsComputerFailBack {
    [CmdletBinding(SupportsShouldProcess)]
    param([string] $ComputerName, [switch] $NoStart, [TimeSpan] $WaitTime, [switch] $SkipFabricHealthCheck, [switch] $Force)
    Confirm-Call $PSBoundParameters 'Invoke-CsComputerFailBack'
    Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $ComputerName
        Write-Call $pool "Invoke-CsComputerFailBack $ComputerName"
        if (-not $f.disabled) { throw "Computer '$ComputerName' is not failed over." }
        $f.disabled = $false
        if ($f.services -in 'stopped', 'partly') { $f.services = 'starting'; $f.services_due = (Get-Now) + $pool.times.start }
    }
    Wait-Pool { param($pool) $f = Get-FrontEnd $pool $ComputerName; $f.services -eq 'running' -or $f.hangs }
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
    $export = Use-Pool { param($p) if ($PoolFqdn -eq $p.partner) { $p.partner_export } else { 'SteadyState' } }
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
    Use-Pool {
        param($pool)
        Write-Call $pool "Invoke-CsPoolFailOver $PoolFqdn$(if ($DisasterMode) { ' -DisasterMode' })"
        Assert-Hop $pool
        if (@($pool.edges) -contains $PoolFqdn) { throw "This pool $PoolFqdn is specified in topology as the next hop for the Edge server." }
        if ($pool.state -ne 'Active') { throw "The pool is $($pool.state)." }
        $pool.state = 'FailingOver'
        $pool.state_due = (Get-Now) + $pool.times.fail_over
    }
    Wait-Pool { param($pool) $pool.state -ne 'FailingOver' }
}

function Invoke-CsPoolFailBack {
    [CmdletBinding(SupportsShouldProcess)] param([string] $PoolFqdn, [switch] $Force)
    Confirm-Call $PSBoundParameters 'Invoke-CsPoolFailBack'
    Use-Pool {
        param($pool)
        Write-Call $pool "Invoke-CsPoolFailBack $PoolFqdn"
        if ($pool.state -notin 'FailedOver', 'FailingOver') { throw "The pool is $($pool.state)." }
        $pool.state = 'FailingBack'
        $pool.state_due = (Get-Now) + $pool.times.fail_back
    }
    Wait-Pool { param($pool) $pool.state -ne 'FailingBack' }
}
