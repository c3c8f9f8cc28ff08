# Restarts this computer, unless it has booted since this step asked for that, or needs no boot. The mark holds when it had booted before.
#   module      the product's module
#   run, step   the names of the mark
#   token       the newest token of the step
#   always      whether the computer is restarted in any case; else only where an action of the run asked for it
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$path = Get-MarkPath $a.run $a.step
$lock = Lock-Step $a
try {
    if (Test-Fence $a) { return @{ fenced = $true } }
    $seen = Get-RestartState $a
    if ($seen.restarted -or $seen.asked) { return $seen }
    Write-Mark $path @{ boot = $seen.boot; asked = [DateTime]::UtcNow.ToString('o', [cultureinfo]::InvariantCulture) }
} finally { $lock.Dispose() }
try { Restart-Computer -Force } catch {
    # It was refused, so nothing goes on. When it had booted stays known: if it goes down all the same, that was the restart.
    Write-Mark $path @{ boot = $seen.boot; asked = '2000-01-01T00:00:00Z' }
    throw
}
$seen.asked = $true
$seen
