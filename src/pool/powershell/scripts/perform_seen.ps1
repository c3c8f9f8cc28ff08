# How an action stands, by its mark. Changes nothing.
#   module      the product's module
#   run, step   the names of the mark
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
Get-Action (Get-MarkPath $a.run $a.step)
