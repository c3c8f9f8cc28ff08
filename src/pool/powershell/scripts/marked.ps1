# Whether a failover or a fail back that was begun here still goes on. Changes nothing.
#   run, step   the names of the mark
param([string] $Arguments)
$a = Read-Arguments $Arguments
$mark = Read-Mark (Get-MarkPath $a.run $a.step)
@{ underway = ($null -ne $mark -and (Test-Process $mark.process $mark.process_began)) }
