# Leaves a new token for a step: a call that was sent with an older one and has not begun yet begins no more. Says whether one that was begun here
# still goes on.
#   run, step   the names of the mark
#   token       the new token
param([string] $Arguments)
$a = Read-Arguments $Arguments
$lock = Lock-Step $a
try { [System.IO.File]::WriteAllText((Get-MarkPath $a.run $a.step) + '.fence', $a.token) } finally { $lock.Dispose() }
$underway = Test-Underway $a
@{ underway = $underway; process = $(if ($underway) { (Read-Mark (Get-MarkPath $a.run $a.step)).process }) }
