# Whether the partner can take the pool over now: everything that a failover would refuse or lose. Changes nothing.
#   module    the product's module
#   pool      the pool
#   partner   the pool that the plan names as its partner
#   disaster  whether what was not copied yet may be lost: then nobody asks what was copied
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$relation = @(foreach ($one in @(Get-CsPoolBackupRelationship -PoolFqdn $a.pool)) { ConvertTo-Plain $one 2 })
$services = @{}
foreach ($pool in @($a.pool, $a.partner | Where-Object { -not $a.disaster })) {
    $services[$pool] = @(foreach ($one in @(Get-CsBackupServiceStatus -PoolFqdn $pool)) { ConvertTo-Plain $one 3 })
}
$states = @{}
foreach ($pool in $a.pool, $a.partner) {
    $states[$pool] = @(foreach ($one in @(Get-CsRegistrarConfiguration -Identity "service:Registrar:$pool")) { ConvertTo-Text $one.PoolState })
}
$store = @(foreach ($one in @(Get-CsManagementStoreReplicationStatus -CentralManagementStoreStatus)) { ConvertTo-Plain $one 3 })
$edges = @(foreach ($one in @(Get-CsService -EdgeServer)) { @{ identity = ConvertTo-Text $one.Identity; registrar = ConvertTo-Text $one.Registrar } })
@{ relation = $relation; services = $services; states = $states; store = $store; edges = $edges }
