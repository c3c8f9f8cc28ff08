# Whether this computer has booted since a step asked for that. Changes nothing.
#   module, run, step, always   as for restart.ps1
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
Get-RestartState $a
