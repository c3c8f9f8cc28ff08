# How an action stands, by its mark. Changes nothing.
#   run, step   the names of the mark
param([string] $Arguments)
$a = Read-Arguments $Arguments
Get-Action (Get-MarkPath $a.run $a.step)
