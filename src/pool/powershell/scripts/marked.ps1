# Whether a cmdlet that was begun here still goes on. Changes nothing.
#   run, step   the names of the mark
param([string] $Arguments)
$a = Read-Arguments $Arguments
@{ underway = (Test-Underway $a) }
