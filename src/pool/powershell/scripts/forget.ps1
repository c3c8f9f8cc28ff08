# Removes marks of a run on this front end: what they tell of has been undone since, so the next of its kind begins anew.
#   run, step   the names of the mark of the step that has undone it
#   token       the newest token of that step
#   steps       the first words of the names of the marks that are removed
param([string] $Arguments)
$a = Read-Arguments $Arguments
$lock = Lock-Step $a
try {
    if (Test-Fence $a) { return @{ fenced = $true } }
    foreach ($step in $a.steps) { Remove-Marks $a.run $step }
} finally { $lock.Dispose() }
@{ forgotten = $true }
