# Removes marks of a run on this front end: what they tell of has been undone since, so the next of its kind begins anew.
#   run     the run
#   steps   the first words of the names of the marks
param([string] $Arguments)
$a = Read-Arguments $Arguments
foreach ($step in $a.steps) { Remove-Marks $a.run $step }
@{ forgotten = $true }
