# Who serves the users of a pool: its state. Changes nothing.
#   module   the product's module
#   pool     the pool
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$found = @(Get-CsRegistrarConfiguration -Identity "service:Registrar:$($a.pool)")
$states = @(foreach ($configuration in $found) { ConvertTo-Text $configuration.PoolState })
@{ states = $states }
