# Fails the pool over to its partner, or back. Runs where the management tools are. Never with -DisasterMode: what was not copied yet is lost with it.
#   module   the product's module
#   pool     the pool
#   back     whether it is failed back
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
if ($a.back) { Invoke-CsPoolFailBack -PoolFqdn $a.pool -Confirm:$false | Out-Null } else { Invoke-CsPoolFailOver -PoolFqdn $a.pool -Confirm:$false | Out-Null }
@{ returned = $true }
