# The fabric behind the pool, as text, and what lies on other computers than the one at hand.

# The state of the fabric. A clock is in it, and it is otherwise the same as long as nobody leaves or comes back.
function Get-CsPoolFabricState {
    [CmdletBinding()] param([string] $PoolFqdn, [string] $Type)
    $seen = Use-Pool {
        param($pool)
        if ($PoolFqdn -ne $pool.pool) { throw "Cannot find pool `"$PoolFqdn`"." }
        $shift = 0
        if ($pool.fabric_moves -gt 0) { $pool.fabric_moves -= 1; $shift = $pool.fabric_moves % 2 }
        @{ active = @($pool.front_ends | Where-Object { Test-Active $pool $_ } | ForEach-Object { $_.fqdn }); shift = $shift }
    }
    Write-Host "Pool fabric state of $PoolFqdn"
    "Report of $([DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.fffffffZ', [cultureinfo]::InvariantCulture))"
    foreach ($group in 1..4) {
        if ($seen.active.Count -eq 0) { continue }
        $primary = $seen.active[($group + $seen.shift) % $seen.active.Count]
        "  Routing group ${group}: primary $primary, secondaries $(@($seen.active | Where-Object { $_ -ne $primary }) -join ', ')"
    }
}

# What asks another computer does so with the logon of this engine, and one that came over a connection may not be handed on.
function Assert-Hop($Pool) {
    if ($Pool.no_hop -and $env:POOLROLL_BED_COMPUTER) { throw [System.UnauthorizedAccessException]::new("Login failed for user 'NT AUTHORITY\ANONYMOUS LOGON'.") }
}

# The databases, on the back end.
function Test-CsDatabase {
    [CmdletBinding(SupportsShouldProcess)] param([string] $SqlServerFqdn, [switch] $ConfiguredDatabases, [switch] $CentralManagementDatabase, [string] $Report)
    $pool = Use-Pool { param($pool) Assert-Hop $pool; @{ version = $pool.databases; expected = $pool.databases_expected } }
    foreach ($name in 'rtcxds', 'rtcshared', 'cpsdyn') {
        [PSCustomObject] @{ SqlServerFqdn = $SqlServerFqdn; SqlInstanceName = 'rtc'; DatabaseName = $name; ExpectedVersion = $pool.expected; InstalledVersion = $pool.version; Succeed = $true }
    }
}

function Install-CsDatabase {
    [CmdletBinding(SupportsShouldProcess)] param([switch] $Update, [switch] $ConfiguredDatabases, [string] $SqlServerFqdn, [switch] $Force, [string] $Report)
    Confirm-Call $PSBoundParameters 'Install-CsDatabase'
    Use-Pool {
        param($pool)
        Assert-Hop $pool
        Write-Call $pool "Install-CsDatabase $SqlServerFqdn"
        if (-not ($Update -and $ConfiguredDatabases)) { throw 'Without -Update and -ConfiguredDatabases it would make new databases.' }
    }
    [System.Threading.Thread]::Sleep(100)
    Use-Pool { param($pool) if (-not $pool.databases_stay) { $pool.databases = $pool.databases_expected } }
}
