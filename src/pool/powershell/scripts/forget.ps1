# Removes marks of a run on this front end: what they tell of has been undone since, so the next of its kind begins anew.
#   run     the run
#   steps   the first words of the names of the marks
param([string] $Arguments)
$a = Read-Arguments $Arguments
$folder = [System.IO.Path]::GetDirectoryName((Get-MarkPath $a.run 'none'))
foreach ($step in $a.steps) {
    foreach ($file in [System.IO.Directory]::GetFiles($folder, "$step-*.json")) { [System.IO.File]::Delete($file) }
}
@{ forgotten = $true }
