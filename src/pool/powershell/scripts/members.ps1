# The computers of a pool in the order in which the product lists them, which is the order of the quorum, and the pool that it is paired with.
# Changes nothing.
#   module   the product's module
#   pool     the pool
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$computers = @(foreach ($computer in @(Get-CsComputer -Pool $a.pool)) { ConvertTo-Plain $computer 2 })
$relation = @(foreach ($one in @(Get-CsPoolBackupRelationship -PoolFqdn $a.pool)) { ConvertTo-Plain $one 2 })
@{ computers = $computers; relation = $relation }
