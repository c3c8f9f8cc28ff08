# Whether this computer has booted since a step asked for that. Changes nothing.
#   run, step, always   as for restart.ps1
param([string] $Arguments)
Get-RestartState (Read-Arguments $Arguments)
