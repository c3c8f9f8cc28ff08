# What a front end says of its computer, and how that is restarted.

function Get-Version([string] $Computer) {
    $path = [System.IO.Path]::Combine($env:POOLROLL_BED, $Computer, 'version')
    $new = if ([System.IO.File]::Exists($path)) { [System.IO.File]::ReadAllText($path).Trim() }
    Use-Pool {
        param($pool)
        # An installer that called it a success and left the old version.
        $left = $new -and (Test-Trouble $pool { param($fault, $body) (Get-Word $fault) -eq 'not_accepted' -and $pool.front_ends[$body.front_end].fqdn -eq $Computer })
        if ($new -and -not $left) { $new } else { $pool.version }
    }
}

# The list of installed products, where Windows keeps it.
function Get-ItemProperty {
    [CmdletBinding()] param([string[]] $Path)
    if ($Path -notlike 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*') { throw "Cannot find path '$Path'." }
    [PSCustomObject] @{ DisplayName = 'Something else'; DisplayVersion = '1.0' }
    [PSCustomObject] @{ PSChildName = 'without a name' }
    $version = Get-Version (Get-ThisComputer)
    foreach ($component in 'Core Components', 'Front End Server', 'Web Components Server') {
        [PSCustomObject] @{ DisplayName = "Microsoft Lync Server 2013, $component"; DisplayVersion = $version }
    }
}

function Get-CimInstance {
    [CmdletBinding()] param([string] $ClassName, [string] $Filter)
    $computer = Get-ThisComputer
    if ($ClassName -eq 'Win32_OperatingSystem') { Watch-Action $computer }
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
    $twist = Use-Pool {
        param($pool)
        $f = Get-FrontEnd $pool $computer
        Write-Call $pool "Restart-Computer $computer"
        $now = Get-Now
        $twist = Get-Twist $pool 'restart' $computer $now
        if (Test-Effect $twist) {
            $was = Test-Active $pool $f
            $length = Get-Length $twist $pool.times.restart
            $f.services = 'stopped'; $f.services_due = 0
            $f.computer = 'rebooting'; $f.computer_due = if ($length -eq 0) { 0 } else { $now + $length }
            if ($was) { Write-Change $pool $now }
            Write-Down $computer $f.computer_due
        }
        $twist
    }
    if (-not (Test-Effect $twist)) { Wait-Act $twist { $true } }
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

# Until when a computer is down; 0 is for ever.
function Write-Down([string] $Computer, [long] $Due) {
    $folder = [System.IO.Path]::Combine($env:POOLROLL_BED, $Computer)
    [void] [System.IO.Directory]::CreateDirectory($folder)
    [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, 'down_until'), '' + $(if ($Due -eq 0) { 99999999999999 } else { $Due }))
}
